"""Throughput of the shipped models on a real Triton, and of a plain loop over each network."""
