"""Steady load of inference requests, for demos and tests."""
