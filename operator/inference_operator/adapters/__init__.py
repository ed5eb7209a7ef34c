"""All IO of the operator, a folder per system."""
