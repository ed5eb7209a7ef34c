"""Gain of a forecast over another one: the smaller error, with its confidence interval."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_DRAWS = 2000
Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Gain:
    """The share by which the root mean square error is smaller, with a 95 % interval.

    The interval is of a bootstrap over whole groups (days, documents), since the cases of a group
    depend on each other.
    """

    gain: float
    lower: float
    upper: float

    def __str__(self) -> str:
        return f"{self.gain:+.1%} (95 % interval {self.lower:+.1%} to {self.upper:+.1%})"


def gain_over(model: Array, other: Array, groups: npt.NDArray[np.generic]) -> Gain:
    """Compare errors [n] (predicted minus true) of two forecasts of the same cases.

    `groups` [n] says which cases belong together. Raises ValueError for fewer than two groups.
    """
    names, group = np.unique(groups, return_inverse=True)
    if len(names) < 2:
        raise ValueError(
            f"groups: found {len(names)}, expected two or more; judge on more days or texts"
        )
    squares = np.stack([np.bincount(group, weights=errors**2) for errors in (model, other)])
    drawn = squares[:, _draws(len(names))].sum(axis=2)
    lower, upper = np.quantile(_smaller(drawn[0], drawn[1]), (0.025, 0.975))
    whole = _smaller(*squares.sum(axis=1, keepdims=True))
    return Gain(float(whole[0]), float(lower), float(upper))


def lowest_mean(values: Array, groups: npt.NDArray[np.generic]) -> float:
    """Return the lower end of the 95 % interval of the mean of `values` [n], by the same bootstrap.

    Minus infinity for fewer than two groups, which allow no inference.
    """
    names, group = np.unique(groups, return_inverse=True)
    if len(names) < 2:
        return -math.inf
    sums, counts = np.bincount(group, weights=values), np.bincount(group)
    draws = _draws(len(names))
    means = sums[draws].sum(axis=1) / counts[draws].sum(axis=1)
    return float(np.quantile(means, 0.025))


def _draws(groups: int) -> npt.NDArray[np.int64]:
    """Return the same draws each time, so that a report can be repeated exactly."""
    return np.random.default_rng(0).integers(0, groups, (_DRAWS, groups))


def _smaller(model: Array, other: Array) -> Array:
    return 1 - np.sqrt(model / np.maximum(other, np.finfo(np.float64).tiny))
