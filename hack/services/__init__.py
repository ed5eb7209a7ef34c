"""Servers that demos and tests start (the operator, MLflow, Prometheus, object stores)."""
