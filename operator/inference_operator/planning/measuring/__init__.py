"""Measured loads of pods: what each of them did between two of its scrapes."""
