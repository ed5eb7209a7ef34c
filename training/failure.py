"""Errors that end a training with a sentence; all others are bugs with tracebacks."""


class TrainingError(Exception):
    """An error that a person can correct; the message gives the finding and the remedy."""
