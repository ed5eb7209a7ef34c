"""Comparison of ways to scale, on a simulated Triton with dynamic batching."""
