"""Prometheus as the source of measurements: the texts of queries, and the reading of answers."""
