"""Why data cannot be had or used."""

from training.failure import TrainingError


class DataError(TrainingError):
    """A sentence for whoever trains: what was found, what was expected and what to do."""
