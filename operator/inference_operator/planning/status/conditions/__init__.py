"""The conditions of a unit, one file per condition."""
