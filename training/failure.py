"""Errors that end a training with a sentence; all others are bugs with tracebacks."""


class TrainingError(Exception):
    """Something that a person can do something about: what was found, and what to do."""
