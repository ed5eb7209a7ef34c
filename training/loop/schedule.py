"""Schedules of the learning rate: by the losses so far, or by a plan of all steps."""

import math
from collections.abc import Sequence

from training.settings import Schedule, Settings

_FACTOR = 0.5
_LOWEST = 0.01


def rate(settings: Settings, step: int, steps: int, validations: Sequence[float]) -> float:
    """Return the learning rate of step `step` (from 0) of at most `steps`.

    It depends only on values in the checkpoint, so it has no state that a resume could lose.
    """
    return settings.learning_rate * _share(settings, step, steps, validations)


def _share(settings: Settings, step: int, steps: int, validations: Sequence[float]) -> float:
    if settings.schedule is Schedule.PLATEAU:
        return max(_LOWEST, _FACTOR ** plateaus(validations, max(1, settings.patience // 2)))
    if settings.schedule is Schedule.COSINE:
        climb = settings.warmup * steps
        if step < climb:
            return (step + 1) / (climb + 1)
        return max(_LOWEST, (1 + math.cos(math.pi * (step - climb) / max(1, steps - climb))) / 2)
    return 1.0


def plateaus(validations: Sequence[float], patience: int) -> int:
    """Count how often `patience` epochs in a row were not better than the best before."""
    best, waited, count = math.inf, 0, 0
    for loss in validations:
        if loss < best:
            best, waited = loss, 0
            continue
        waited += 1
        if waited == patience:
            count, waited = count + 1, 0
    return count
