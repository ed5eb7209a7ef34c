"""Checks of the series and period of an indicator, and rolling rows over a series."""

from typing import Any

import numpy as np

from model_builders.features.bars import Floats
from model_builders.features.failure import FailureReason, FeatureError


def series(name: str, given: Any, positive: bool = False) -> Floats:
    """Return `given` as float64 [n]; raises FeatureError for NaN, infinity and bad prices."""
    values = np.asarray(given, dtype=np.float64)
    if values.ndim != 1:
        raise FeatureError(
            FailureReason.WRONG_SHAPE,
            f"{name}: found shape {list(values.shape)}, expected one dimension",
        )
    for row, value in _first(~np.isfinite(values), values):
        raise FeatureError(
            FailureReason.NOT_FINITE,
            f"{name}: row {row} is {value}, expected a number; drop that bar",
        )
    for row, value in _first(values <= 0, values) if positive else ():
        raise FeatureError(
            FailureReason.PRICE_NOT_POSITIVE,
            f"{name}: row {row} is {value}, expected more than 0; drop that bar",
        )
    return values


def period(name: str, given: int, least: int = 1) -> int:
    """Return `given`; raises FeatureError unless it is a number of bars of at least `least`."""
    if isinstance(given, bool) or not isinstance(given, int | np.integer) or given < least:
        raise FeatureError(
            FailureReason.BAD_PERIOD,
            f"{name}: found period {given!r}, expected a whole number of {least} bars or more",
        )
    return int(given)


def rolling(values: Floats, width: int) -> Floats:
    """Return every run of `width` values as a row [n - width + 1, width]; none if too short."""
    if len(values) < width:
        return np.empty((0, width))
    return np.lib.stride_tricks.sliding_window_view(values, width)


def after_warm_up(values: Floats, count: int) -> Floats:
    """Return `values` as the end of a series of `count`; NaN before."""
    whole = np.full(count, np.nan)
    whole[count - len(values) :] = values
    return whole


def _first(wrong: Any, values: Floats) -> list[tuple[int, float]]:
    return [(int(row), float(values[row])) for row in np.flatnonzero(wrong)[:1]]
