"""Throughput of the training loop beside plain PyTorch loops, in one run."""
