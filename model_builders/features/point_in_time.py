"""Point-in-time joins, and data sets without look-ahead.

A value describes one time and becomes known at another: a close at the day's end, a consolidated
volume the next morning, tomorrow's return tomorrow. A data set decides at a bar's time and uses
only values that are known by then.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from model_builders.features.bars import Bars, Floats, Times
from model_builders.features.failure import FailureReason, FeatureError
from model_builders.features.frame import STANDARD, Periods, frame
from model_builders.features.series import period
from model_builders.features.windows import STEPS, windows

AT_ONCE = np.timedelta64(0, "s")
_LAST, _SOME = 32, 8


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """`values` [n] of the bars at `times` [n], and `known_at` [n], when each becomes known.

    NaN is "no value", as while an indicator warms up; its `known_at` is not used.
    """

    name: str
    values: Floats
    times: Times
    known_at: Times


@dataclass(frozen=True, slots=True)
class Definition:
    """A function of bars, and the delay from the bar's end until the value is known."""

    name: str
    compute: Callable[[Bars], Floats]
    delay: np.timedelta64 = AT_ONCE


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """`inputs` [m, steps, k] and `targets` [m]; each window begins at `first` [m], decides at
    `decided` [m] and is judged at `judged` [m]."""

    inputs: Floats
    targets: Floats
    first: Times
    decided: Times
    judged: Times


def known_frame(bars: Bars, periods: Periods = STANDARD) -> tuple[Known, ...]:
    """Return the features of `frame`, each known when its bar ends."""
    features = frame(bars, periods).items()
    return tuple(Known(name, values, bars.times, bars.times) for name, values in features)


def derive(definition: Definition, bars: Bars) -> Known:
    """Compute a feature; raises FeatureError if its values depend on bars that came later.

    It is computed again without the newest bars, at the last 32 bars and some earlier ones, and the
    past must stay equal. A look-ahead in other bars only can pass.
    """
    values = _computed(definition, bars)
    some = np.linspace(len(bars) // 2, len(bars) - 1, _SOME).astype(int)
    for cut in np.union1d(some, np.arange(max(1, len(bars) - _LAST), len(bars))):
        before = _computed(definition, bars.until(int(cut)))
        _check_past(definition.name, values[:cut], before, bars)
    return Known(definition.name, values, bars.times, bars.times + definition.delay)


def as_of(feature: Known, times: Times) -> Known:
    """Return `feature` as it was last known at each of `times` [m]; NaN if it was not yet known."""
    given = ~np.isnan(feature.values)
    order = np.argsort(feature.known_at[given], kind="stable")
    known_at, values = feature.known_at[given][order], feature.values[given][order]
    rows = np.searchsorted(known_at, times, side="right") - 1
    latest = np.full(len(times), np.nan)
    when = np.full(len(times), np.datetime64("NaT"), dtype=feature.known_at.dtype)
    latest[rows >= 0], when[rows >= 0] = values[rows[rows >= 0]], known_at[rows[rows >= 0]]
    return Known(feature.name, latest, times, when)


def close_ahead(bars: Bars, horizon: int = 1) -> Known:
    """Return the close `horizon` bars later divided by the bar's own; known when that bar ends."""
    ahead, close = period("horizon", horizon), bars.column("close")
    values = np.full(len(bars), np.nan)
    known_at = np.full(len(bars), np.datetime64("NaT"), dtype=bars.times.dtype)
    values[:-ahead] = close[ahead:] / close[:-ahead]
    known_at[:-ahead] = bars.times[ahead:]
    return Known(f"close_ahead_{ahead}", values, bars.times, known_at)


def dataset(
    features: Sequence[Known], target: Known, steps: int = STEPS, stride: int = 1
) -> Dataset:
    """Return windows of the features with the target of their last bar, which decides.

    First rows without a value of each feature are left out, and so are windows without a target.
    Raises FeatureError LOOK_AHEAD for a feature that becomes known after its bar,
    ALREADY_KNOWN for a target that does not, TOO_SHORT for less than a window.
    """
    times = target.times
    _check_known(features, target)
    table = np.column_stack([feature.values for feature in features])
    begin = _warm_up(table)
    runs = windows(table[begin:], steps, stride)
    first = np.arange(len(runs)) * stride + begin
    last = first + steps - 1
    kept = ~np.isnan(target.values[last])
    first, last = first[kept], last[kept]
    return Dataset(
        runs[kept], target.values[last], times[first], times[last], target.known_at[last]
    )


def _computed(definition: Definition, bars: Bars) -> Floats:
    values = np.asarray(definition.compute(bars), np.float64)
    if values.shape != (len(bars),):
        raise FeatureError(
            FailureReason.WRONG_SHAPE,
            f"feature {definition.name}: found shape {list(values.shape)} for {len(bars)} bars,"
            " expected a value for each",
        )
    return values


def _check_past(name: str, values: Floats, before: Floats, bars: Bars) -> None:
    same = np.isclose(values, before, rtol=1e-9, atol=0, equal_nan=True)
    if not same.all():
        row = int(np.argmin(same))
        raise FeatureError(
            FailureReason.LOOK_AHEAD,
            f"feature {name}: at {bars.times[row]} it is {values[row]:g}, but {before[row]:g}"
            f" without the bars from {bars.times[len(before)]} on; compute it from its own bar and"
            " those before",
        )


def _check_known(features: Sequence[Known], target: Known) -> None:
    if not features:
        raise FeatureError(FailureReason.WRONG_SHAPE, "features: found none, expected one or more")
    for feature in features:
        if not np.array_equal(feature.times, target.times):
            raise FeatureError(
                FailureReason.WRONG_SHAPE,
                f"feature {feature.name}: found other times than the target's, expected the same"
                f" {len(target.times)}; lay it out with as_of",
            )
        _check_rows(
            feature,
            ~np.isnan(feature.values) & ~(feature.known_at <= feature.times),
            FailureReason.LOOK_AHEAD,
            "by then; lay it out with as_of, which takes what was known",
        )
    _check_rows(
        target,
        ~np.isnan(target.values) & ~(target.known_at > target.times),
        FailureReason.ALREADY_KNOWN,
        "later: there is nothing to predict",
    )


def _check_rows(
    feature: Known, wrong: npt.NDArray[Any], reason: FailureReason, expected: str
) -> None:
    if wrong.any():
        row = int(np.argmax(wrong))
        raise FeatureError(
            reason,
            f"{feature.name}: its value of {feature.times[row]} becomes known at"
            f" {feature.known_at[row]}, expected {expected}",
        )


def _warm_up(table: Floats) -> int:
    complete = ~np.isnan(table).any(axis=1)
    return int(np.argmax(complete)) if complete.any() else len(table)
