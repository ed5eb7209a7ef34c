"""Frozen values of the operator, and bounded readers of foreign text; pure."""
