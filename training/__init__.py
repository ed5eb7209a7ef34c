"""Data sets, models and training loops of the shipped examples; never imported by the operator."""
