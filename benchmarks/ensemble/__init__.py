"""One request to the trading ensemble against its steps called one by one, on a real Triton."""
