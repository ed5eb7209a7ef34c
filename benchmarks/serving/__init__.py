"""Speed of a real Triton with the shipped models, beside a plain loop over the same network."""
