"""Validated, frozen values: what the rest of the operator talks about. No IO, no clock."""
