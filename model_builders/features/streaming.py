"""The indicators bar by bar, with the same bits as over the whole series.

Each `update` takes the newest value and returns the indicator at it, NaN while it warms up. A
refused value raises FeatureError and changes nothing.
"""

import math
from collections import deque
from typing import Any

import numpy as np

from model_builders.features.bars import CLOSE, Bars, Floats
from model_builders.features.failure import FailureReason, FeatureError
from model_builders.features.frame import STANDARD, Periods
from model_builders.features.indicators import (
    RATIOS,
    deviations,
    ema_step,
    log_ratio,
    means,
    price_ratios,
    strength,
    wilder_start,
    wilder_step,
)
from model_builders.features.series import period, series
from model_builders.features.windows import STEPS


class LogReturn:
    """See `indicators.log_returns`."""

    def __init__(self) -> None:
        self._previous: Floats | None = None

    def update(self, close: float) -> float:
        price = series("close", [close], positive=True)
        previous, self._previous = self._previous, price
        return math.nan if previous is None else float(log_ratio(price, previous)[0])


class SMA:
    """See `indicators.sma`."""

    def __init__(self, bars: int) -> None:
        self._last: deque[float] = deque(maxlen=period("sma", bars))

    def update(self, value: float) -> float:
        self._last.append(float(series("values", [value])[0]))
        return float(means(_row(self._last))[0]) if _full(self._last) else math.nan


class EMA:
    """See `indicators.ema`."""

    def __init__(self, bars: int) -> None:
        self._bars = period("ema", bars)
        self._level, self._seen = math.nan, 0

    def update(self, value: float) -> float:
        given = float(series("values", [value])[0])
        self._level = ema_step(self._level, given, self._bars)
        self._seen = min(self._seen + 1, self._bars)
        return self._level if self._seen == self._bars else math.nan


class RSI:
    """See `indicators.rsi`."""

    def __init__(self, bars: int = 14) -> None:
        self._bars = period("rsi", bars)
        self._previous = math.nan
        self._first: list[float] = []
        self._averages: tuple[float, float] | None = None

    def update(self, close: float) -> float:
        price = float(series("close", [close], positive=True)[0])
        change, self._previous = price - self._previous, price
        if math.isnan(change):
            return math.nan
        if self._averages is not None:
            self._averages = wilder_step(*self._averages, change, self._bars)
        else:
            self._first.append(change)
            if len(self._first) < self._bars:
                return math.nan
            self._averages = wilder_start(np.array(self._first))
            self._first.clear()
        return strength(*self._averages)


class Volatility:
    """See `indicators.volatility`."""

    def __init__(self, bars: int = 20) -> None:
        self._last: deque[float] = deque(maxlen=period("volatility", bars, least=2))
        self._return = LogReturn()

    def update(self, close: float) -> float:
        log_return = self._return.update(close)
        if math.isnan(log_return):
            return math.nan
        self._last.append(log_return)
        return float(deviations(_row(self._last))[0]) if _full(self._last) else math.nan


class Stream:
    """The standard features of one share as its bars come, and its newest window."""

    def __init__(self, periods: Periods = STANDARD, steps: int = STEPS) -> None:
        self._log_return = LogReturn()
        self._rsi, self._volatility = RSI(periods.rsi), Volatility(periods.volatility)
        self._sma, self._ema = SMA(periods.sma), EMA(periods.ema)
        self._bars: deque[Floats] = deque(maxlen=period("window", steps))
        self._time: np.datetime64 | None = None

    def update(self, time: np.datetime64, bar: Any) -> dict[str, float]:
        """Return features by `frame.NAMES` at a bar (as `bars.COLUMNS`) that ends at `time`.

        Raises FeatureError, and changes nothing, for a bar that `Bars.of` refuses, or that is not
        later than the previous one.
        """
        checked = Bars.of(np.array([time]), [bar])
        self._check_later(checked.times[0])
        row = checked.ohlcv[0]
        ratios = price_ratios(checked)[0]
        if self._bars:
            ratios[2] = row[CLOSE] / self._bars[-1][CLOSE]
        self._time = checked.times[0]
        self._bars.append(row)
        close = float(row[CLOSE])
        return {
            "log_return": self._log_return.update(close),
            "rsi": self._rsi.update(close),
            "sma": self._sma.update(close),
            "ema": self._ema.update(close),
            "volatility": self._volatility.update(close),
            **{name: float(ratios[column]) for column, name in enumerate(RATIOS)},
        }

    def window(self) -> Floats:
        """Return the newest bars [steps, 5], oldest first; raises FeatureError if too few."""
        if not _full(self._bars):
            raise FeatureError(
                FailureReason.TOO_SHORT,
                f"window: found {len(self._bars)} bars, expected {self._bars.maxlen}; wait for it",
            )
        return np.array(self._bars)

    def _check_later(self, time: np.datetime64) -> None:
        if self._time is None or time > self._time:
            return
        same = time == self._time
        raise FeatureError(
            FailureReason.DUPLICATE_TIME if same else FailureReason.OUT_OF_ORDER,
            f"bars.times: found {time} after {self._time}, expected a later time; leave"
            f" {'the second bar of a time' if same else 'bars that come late'} out",
        )


def _row(values: deque[float]) -> Floats:
    return np.array([values], np.float64)


def _full(values: deque[Any]) -> bool:
    return len(values) == values.maxlen
