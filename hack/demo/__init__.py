"""The demos, `make demo` and its kind, and the trained models that they serve."""
