"""Bars: open, high, low, close and volume over time, checked once and then trusted."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from model_builders.features.failure import FailureReason, FeatureError

COLUMNS = ("open", "high", "low", "close", "volume")
CLOSE = COLUMNS.index("close")
Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.datetime64]
# Prices adjusted in float32 may put a close above its own high by a rounding error.
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """`times` [n] are the ends of the bars, ascending; `ohlcv` [n, 5] are float64 columns.

    `Bars.of` makes and checks them. A day without trade has volume 0 and is a normal bar.
    A missing bar is not filled in: periods count bars, not calendar time.
    """

    times: Times
    ohlcv: Floats

    @classmethod
    def of(cls, times: Any, ohlcv: Any, longest_gap: np.timedelta64 | None = None) -> "Bars":
        """Check and freeze bars; raises FeatureError for invalid ones.

        `longest_gap` is the most time allowed between two bars; None allows any, as over weekends.
        """
        when, values = _times(times), _values(ohlcv)
        if len(when) != len(values):
            raise FeatureError(
                FailureReason.WRONG_SHAPE,
                f"bars: found {len(when)} times and {len(values)} rows, expected as many of each",
            )
        _check_order(when)
        _Rows("bars", values, when).check()
        if longest_gap is not None:
            _check_gaps(when, longest_gap)
        return cls(_frozen(when), _frozen(values))

    @classmethod
    def numbered(
        cls, ohlcv: Any, name: str = "bars", longest_standstill: int | None = None
    ) -> "Bars":
        """Make bars without times: they are a second apart, and errors do not name times.

        `name` is their name in errors. `longest_standstill` is the most of the newest bars that
        may have one close; None allows any number.
        """
        values = _values(ohlcv, name)
        if len(values) == 0:
            raise FeatureError(
                FailureReason.TOO_SHORT, f"{name}: found no bars, expected one or more; send some"
            )
        _Rows(name, values).check()
        if longest_standstill is not None:
            _check_standstill(values, name, longest_standstill)
        when = np.arange(len(values)).astype("datetime64[s]")
        return cls(_frozen(when), _frozen(values))

    def __len__(self) -> int:
        return len(self.times)

    def until(self, count: int) -> "Bars":
        return Bars(self.times[:count], self.ohlcv[:count])

    def column(self, name: str) -> Floats:
        return self.ohlcv[:, COLUMNS.index(name)]


def standstill(ohlcv: Floats) -> npt.NDArray[np.int64]:
    """Count the newest bars [..., n, 5] with one close, except for rounding in float32: [...]."""
    closes = ohlcv[..., ::-1, CLOSE]
    newest = closes[..., :1]
    alike = np.abs(closes - newest) <= newest * _ROUNDING
    lengths: npt.NDArray[np.int64] = np.logical_and.accumulate(alike, axis=-1).sum(axis=-1)
    return lengths


def _times(given: Any) -> Times:
    times = np.array(given)
    if times.ndim != 1 or times.dtype.kind != "M":
        raise FeatureError(
            FailureReason.WRONG_TYPE,
            f"bars.times: found {times.ndim} dimensions of {times.dtype}, expected one of"
            " datetime64; convert with numpy.asarray(times, 'datetime64[s]')",
        )
    if np.isnat(times).any():
        row = int(np.argmax(np.isnat(times)))
        raise FeatureError(
            FailureReason.NOT_FINITE,
            f"bars.times: row {row} is NaT, expected a time; drop that row",
        )
    return times


def _values(given: Any, name: str = "bars.ohlcv") -> Floats:
    try:
        values = np.array(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise FeatureError(
            FailureReason.WRONG_TYPE, f"{name}: found no numbers ({error}), expected floats [n, 5]"
        ) from None
    if values.ndim != 2 or values.shape[1] != len(COLUMNS):
        raise FeatureError(
            FailureReason.WRONG_SHAPE,
            f"{name}: found shape {list(values.shape)}, expected [n, 5]: {', '.join(COLUMNS)}",
        )
    return values


def _check_order(times: Times) -> None:
    steps = np.diff(times)
    if np.all(steps > np.timedelta64(0)):
        return
    row = int(np.argmax(steps <= np.timedelta64(0))) + 1
    if times[row] == times[row - 1]:
        reason, remedy = FailureReason.DUPLICATE_TIME, "keep one bar for each time"
    else:
        reason, remedy = FailureReason.OUT_OF_ORDER, "sort the bars by time"
    raise FeatureError(
        reason,
        f"bars.times: row {row} is {times[row]} after {times[row - 1]}, expected a later time;"
        f" {remedy}",
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Rows of bars under check; errors name `times` if they are given."""

    name: str
    values: Floats
    times: Times | None = None

    def check(self) -> None:
        values, prices = self.values, self.values[:, :4]
        self._refuse(~np.isfinite(values), FailureReason.NOT_FINITE, "a number; drop that bar")
        self._refuse(prices <= 0, FailureReason.PRICE_NOT_POSITIVE, "more than 0; drop that bar")
        negative = np.zeros(values.shape, bool)
        negative[:, 4] = values[:, 4] < 0
        self._refuse(negative, FailureReason.NEGATIVE_VOLUME, "0 or more; drop that bar")
        slack = prices * _ROUNDING
        high = prices[:, 1] + slack[:, 1] < prices.max(axis=1)
        low = prices[:, 2] - slack[:, 2] > prices.min(axis=1)
        for column, wrong, extreme in ((1, high, "the highest"), (2, low, "the lowest")):
            marked = np.zeros(values.shape, bool)
            marked[:, column] = wrong
            expected = f"{extreme} price of its bar; look for swapped columns"
            self._refuse(marked, FailureReason.IMPOSSIBLE_BAR, expected)

    def _refuse(self, wrong: npt.NDArray[np.bool_], reason: FailureReason, expected: str) -> None:
        if not wrong.any():
            return
        row, column = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
        when = "" if self.times is None else f" ({self.times[row]})"
        raise FeatureError(
            reason,
            f"{self.name}.{COLUMNS[int(column)]}: row {row}{when} is"
            f" {self.values[row, column]:g}, expected {expected}",
        )


def _check_gaps(times: Times, longest: np.timedelta64) -> None:
    steps = np.diff(times)
    wide = steps > longest
    if wide.any():
        row = int(np.argmax(wide))
        raise FeatureError(
            FailureReason.GAP,
            f"bars.times: no bar between {times[row]} and {times[row + 1]}, expected at most"
            f" {longest} between bars; fetch the missing bars, or allow a longer gap",
        )


def _check_standstill(ohlcv: Floats, name: str, longest: int) -> None:
    length = int(standstill(ohlcv))
    if length > longest:
        raise FeatureError(
            FailureReason.STANDS_STILL,
            f"{name}.close: the newest {length} bars are all {ohlcv[-1, CLOSE]:g}, expected at most"
            f" {longest} with one close; look for a feed that has stopped, or allow a longer"
            " standstill",
        )


def _frozen(values: Any) -> Any:
    values.setflags(write=False)
    return values
