"""Forecasts from bars that lag, on held-out days, and the share of closes that they hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from model_builders.features.bars import COLUMNS, Bars
from model_builders.features.point_in_time import Known, close_ahead, dataset
from serving.gateway.interval import Interval

CLAIMED = 0.9
LAGS = range(6)
MOST_OFF = 0.03
"""The largest miss of the claim that needs no correction."""
Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Lagging:
    """Windows [n, 60, 5] whose newest bar is `lag` bars old, and the closes that they forecast.

    `truth` [n] is the close 1 + `lag` bars after the window, divided by the window's last one.
    """

    lag: int
    windows: Array
    truth: Array


def lagging(
    tables: Mapping[str, pd.DataFrame], lag: int, since: np.datetime64, until: np.datetime64
) -> Lagging:
    """Return all windows that begin at `since` or later, and are judged by `until`."""
    windows, truth = [], []
    for table in tables.values():
        bars = Bars.of(table.index.to_numpy().astype("datetime64[D]"), table.to_numpy())
        features = [Known(name, bars.column(name), bars.times, bars.times) for name in COLUMNS]
        samples = dataset(features, close_ahead(bars, 1 + lag))
        kept = (samples.first >= since) & (samples.judged <= until)
        windows.append(samples.inputs[kept].astype(np.float32))
        truth.append(samples.targets[kept])
    return Lagging(lag, np.concatenate(windows), np.concatenate(truth))


def hits(truth: Array, change: Array, bounds: Array, lag: int, factor: float = 1.0) -> int:
    """Return how many closes [n] lie within the bounds [n, 2] as the gateway widens them.

    >>> one = np.array([1.0])
    >>> bounds = np.array([[0.98, 1 / 0.98]])
    >>> hits(np.array([0.97]), one, bounds, 0), hits(np.array([0.97]), one, bounds, 3)
    (0, 1)
    """
    inside = 0
    for close, middle, (low, high) in zip(truth, change, bounds, strict=True):
        wide = Interval(float(middle), float(low), float(high)).widened(lag, factor)
        inside += int(wide.low <= close <= wide.high)
    return inside


def factor_for(truth: Array, change: Array, bounds: Array, lag: int) -> float:
    """Return the factor with which a lag's intervals would have held 90 % of the closes [n].

    It is the quantile of how many widened half-widths each close lay away from its forecast.

    >>> bounds = np.exp([[-0.1, 0.1]] * 10)
    >>> truth = np.exp(np.arange(1, 11) / 100)
    >>> round(factor_for(truth, np.ones(10), bounds, 3), 3)
    0.5
    """
    moved = np.log(truth) - np.log(change)
    edges = np.log(bounds) - np.log(change)[:, None]
    half = np.where(moved < 0, -edges[:, 0], edges[:, 1]) * np.sqrt(1 + lag)
    return float(np.quantile(np.abs(moved) / half, CLAIMED, method="higher"))
