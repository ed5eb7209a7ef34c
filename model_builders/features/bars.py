"""Bars: open, high, low, close and volume over time, checked once and then trusted."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from model_builders.features.failure import FeatureError, Reason

COLUMNS = ("open", "high", "low", "close", "volume")
CLOSE = COLUMNS.index("close")
Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.datetime64]
# Prices adjusted in float32 may put a close above its own high by a rounding error.
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """`times` [n] say when each bar ends, in rising order; `ohlcv` [n, 5] are float64 columns.

    Make them by `Bars.of`, which checks. A day without trade has volume 0 and is a bar as any
    other. A missing bar is not filled in: periods count bars, not calendar time.
    """

    times: Times
    ohlcv: Floats

    @classmethod
    def of(cls, times: Any, ohlcv: Any, longest_gap: np.timedelta64 | None = None) -> "Bars":
        """Check and freeze; raises FeatureError for anything that is no series of bars.

        `longest_gap` is the most time allowed between two bars; None allows any, as over weekends.
        """
        when, values = _times(times), _values(ohlcv)
        if len(when) != len(values):
            raise FeatureError(
                Reason.WRONG_SHAPE,
                f"bars: found {len(when)} times and {len(values)} rows, expected as many of each",
            )
        _check_order(when)
        _check_values(values, when)
        if longest_gap is not None:
            _check_gaps(when, longest_gap)
        return cls(_frozen(when), _frozen(values))

    def __len__(self) -> int:
        return len(self.times)

    def until(self, count: int) -> "Bars":
        """The first `count` bars."""
        return Bars(self.times[:count], self.ohlcv[:count])

    def column(self, name: str) -> Floats:
        return self.ohlcv[:, COLUMNS.index(name)]


def _times(given: Any) -> Times:
    times = np.array(given)
    if times.ndim != 1 or times.dtype.kind != "M":
        raise FeatureError(
            Reason.WRONG_TYPE,
            f"bars.times: found {times.ndim} dimensions of {times.dtype}, expected one of"
            " datetime64; convert with numpy.asarray(times, 'datetime64[s]')",
        )
    if np.isnat(times).any():
        row = int(np.argmax(np.isnat(times)))
        raise FeatureError(
            Reason.NOT_FINITE, f"bars.times: row {row} is NaT, expected a time; drop that row"
        )
    return times


def _values(given: Any) -> Floats:
    try:
        values = np.array(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise FeatureError(
            Reason.WRONG_TYPE, f"bars.ohlcv: found no numbers ({error}), expected floats [n, 5]"
        ) from None
    if values.ndim != 2 or values.shape[1] != len(COLUMNS):
        raise FeatureError(
            Reason.WRONG_SHAPE,
            f"bars.ohlcv: found shape {list(values.shape)}, expected [n, 5]: {', '.join(COLUMNS)}",
        )
    return values


def _check_order(times: Times) -> None:
    steps = np.diff(times)
    if np.all(steps > np.timedelta64(0)):
        return
    row = int(np.argmax(steps <= np.timedelta64(0))) + 1
    if times[row] == times[row - 1]:
        reason, remedy = Reason.DUPLICATE_TIME, "keep one bar for each time"
    else:
        reason, remedy = Reason.OUT_OF_ORDER, "sort the bars by time"
    raise FeatureError(
        reason,
        f"bars.times: row {row} is {times[row]} after {times[row - 1]}, expected a later time;"
        f" {remedy}",
    )


def _check_values(values: Floats, times: Times) -> None:
    _refuse(~np.isfinite(values), values, times, Reason.NOT_FINITE, "a number; drop that bar")
    prices = values[:, :4]
    _refuse(prices <= 0, values, times, Reason.PRICE_NOT_POSITIVE, "more than 0; drop that bar")
    volume = values[:, 4:] < 0
    none = np.zeros_like(prices, bool)
    _refuse(
        np.hstack([none, volume]), values, times, Reason.NEGATIVE_VOLUME, "0 or more; drop that bar"
    )
    slack = prices * _ROUNDING
    high = prices[:, 1] + slack[:, 1] < prices.max(axis=1)
    low = prices[:, 2] - slack[:, 2] > prices.min(axis=1)
    for column, wrong, wanted in ((1, high, "the highest"), (2, low, "the lowest")):
        marked = np.zeros(values.shape, bool)
        marked[:, column] = wrong
        expected = f"{wanted} price of its bar; look for swapped columns"
        _refuse(marked, values, times, Reason.IMPOSSIBLE_BAR, expected)


def _refuse(
    wrong: npt.NDArray[np.bool_], values: Floats, times: Times, reason: Reason, expected: str
) -> None:
    if not wrong.any():
        return
    row, column = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
    raise FeatureError(
        reason,
        f"bars.{COLUMNS[int(column)]}: row {row} ({times[row]}) is {values[row, column]:g},"
        f" expected {expected}",
    )


def _check_gaps(times: Times, longest: np.timedelta64) -> None:
    steps = np.diff(times)
    wide = steps > longest
    if wide.any():
        row = int(np.argmax(wide))
        raise FeatureError(
            Reason.GAP,
            f"bars.times: no bar between {times[row]} and {times[row + 1]}, expected at most"
            f" {longest} without; fetch what is missing, or allow a longer gap",
        )


def _frozen(values: Any) -> Any:
    values.setflags(write=False)
    return values
