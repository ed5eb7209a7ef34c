"""The code in Triton's Python backend: thin adapters between its requests and the features."""
