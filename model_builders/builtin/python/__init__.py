"""Thin adapters between the requests of Triton's Python backend and the features."""
