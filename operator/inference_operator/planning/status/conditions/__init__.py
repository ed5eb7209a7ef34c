"""The conditions of a unit, one file for each condition."""
