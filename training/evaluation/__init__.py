"""Evaluation of models on unseen data, beside simple baselines."""
