"""The demos of `make demo` and its like (`make demo-ensemble`, ...), and their trained models."""
