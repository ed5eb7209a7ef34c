"""Simulation of canaries that rules judge by what Prometheus would show."""
