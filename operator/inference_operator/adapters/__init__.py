"""The only IO of the operator."""
