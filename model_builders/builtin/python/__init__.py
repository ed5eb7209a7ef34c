"""What Triton's Python backend runs: thin adapters between its requests and the features."""
