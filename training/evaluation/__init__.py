"""Evaluation of a model on data that it has not seen, beside simple baselines."""
