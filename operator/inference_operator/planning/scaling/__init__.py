"""Replicas from measured load: a chain of rules from metrics to a size."""
