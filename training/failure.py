"""What ends a training with a sentence; all else is a bug, and keeps its traceback."""


class TrainingError(Exception):
    """Something that a person can do something about: what was found, and what to do."""
