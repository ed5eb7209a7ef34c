"""How fast a real Triton serves the shipped models, beside a plain loop over the same network."""
