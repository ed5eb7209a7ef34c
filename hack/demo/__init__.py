"""The demos of `make demo` and `make demo-ensemble`, and their trained models."""
