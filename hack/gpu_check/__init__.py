"""A check of the shipped models on a real GPU: `make gpu-check`."""
