"""The losses of each epoch, and when to stop."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Epoch:
    """Mean losses after one epoch; the gradient's norm is the mean before clipping."""

    number: int
    train: float
    validation: float
    learning_rate: float
    gradient_norm: float
    seconds: float


def best_of(epochs: Sequence[Epoch]) -> int:
    """Return the number of the epoch with the lowest validation loss (the first); 0 for none."""
    return min(epochs, key=lambda epoch: epoch.validation).number if epochs else 0


def is_over(epochs: Sequence[Epoch], most: int, patience: int) -> bool:
    """Return whether all epochs are done, or the last `patience` of them did not improve."""
    return len(epochs) >= most or len(epochs) - best_of(epochs) >= patience > 0 < len(epochs)
