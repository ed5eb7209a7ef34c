"""IO of the operator, one folder for each system."""
