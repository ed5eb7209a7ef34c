"""The error of data that cannot be fetched or used."""

from training.failure import TrainingError


class DataError(TrainingError):
    """Unusable data; the message gives the value, the requirement and the remedy."""
