"""Servers that demos and tests start: the operator, MLflow, object stores, and their processes."""
