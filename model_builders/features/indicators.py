"""Indicators over a whole series; `streaming` has the same numbers bar by bar.

All of them take and return series as float64 [n] by bar, oldest first. An indicator is NaN while it
warms up: a series shorter than the warm-up gives only NaN. NaN or infinity in the input, and a
price of 0 or less, is a FeatureError. No value depends on a later bar. Missing bars are not
detected: periods count bars.
"""

import math

import numpy as np
import numpy.typing as npt

from model_builders.features.bars import Bars, Floats
from model_builders.features.series import after_warm_up, period, rolling, series

RATIOS = ("close_to_open", "high_to_low", "close_to_previous")


def log_returns(close: npt.ArrayLike) -> Floats:
    """Return ln(close / previous close), per bar and not per year; NaN for the first bar."""
    prices = series("close", close, positive=True)
    return after_warm_up(log_ratio(prices[1:], prices[:-1]), len(prices))


def sma(values: npt.ArrayLike, bars: int) -> Floats:
    """Return the mean of the last `bars` values, in their unit; NaN for the first `bars - 1`."""
    given = series("values", values)
    return after_warm_up(means(rolling(given, period("sma", bars))), len(given))


def ema(values: npt.ArrayLike, bars: int) -> Floats:
    """Return the exponential mean with weight 2 / (bars + 1) for the newest value.

    The first `bars - 1` are NaN, although the mean begins at the first value. It never forgets: a
    series that begins later gives other numbers, which come closer with each bar.
    """
    given = series("values", values)
    count = period("ema", bars)
    levels, level = [], math.nan
    for value in given.tolist():
        level = ema_step(level, value, count)
        levels.append(level)
    return after_warm_up(np.array(levels[count - 1 :], np.float64), len(given))


def rsi(close: npt.ArrayLike, bars: int = 14) -> Floats:
    """Return Wilder's relative strength index, 0 to 100; NaN for the first `bars`.

    The first averages are plain means of the first `bars` changes, as in "New Concepts in Technical
    Trading Systems" (1978). Later ones decay with 1 / bars. It is 100 if there is no loss,
    0 if there is no gain, and 50 for a constant price. It never forgets, like `ema`.
    """
    prices = series("close", close, positive=True)
    count = period("rsi", bars)
    changes = np.diff(prices)
    strengths: list[float] = []
    if len(changes) >= count:
        gain, loss = wilder_start(changes[:count])
        strengths.append(strength(gain, loss))
        for change in changes[count:].tolist():
            gain, loss = wilder_step(gain, loss, change, count)
            strengths.append(strength(gain, loss))
    return after_warm_up(np.array(strengths, np.float64), len(prices))


def volatility(close: npt.ArrayLike, bars: int = 20) -> Floats:
    """Return the sample deviation of the last `bars` log returns; NaN for the first `bars`.

    It is per bar: for a year of daily bars multiply by sqrt(252).
    """
    prices = series("close", close, positive=True)
    returns = log_ratio(prices[1:], prices[:-1])
    spread = deviations(rolling(returns, period("volatility", bars, least=2)))
    return after_warm_up(spread, len(prices))


def price_ratios(bars: Bars) -> Floats:
    """Return [n, 3]: close / open, high / low, close / previous close (NaN for the first bar)."""
    opened, high, low, close = (bars.column(name) for name in ("open", "high", "low", "close"))
    previous = after_warm_up(close[1:] / close[:-1], len(close))
    return np.column_stack([close / opened, high / low, previous])


def log_ratio(values: Floats, base: Floats) -> Floats:
    """Return ln(values / base); contiguous, since numpy's ln of a strided array may differ."""
    ratios: Floats = np.log(np.ascontiguousarray(values / base))
    return ratios


def means(rows: Floats) -> Floats:
    """Return the mean of each row [n, width]."""
    row_means: Floats = rows.sum(axis=1) / rows.shape[1]
    return row_means


def deviations(rows: Floats) -> Floats:
    """Return the sample standard deviation of each row [n, width], width 2 or more."""
    off = rows - means(rows)[:, None]
    row_deviations: Floats = np.sqrt((off * off).sum(axis=1) / (rows.shape[1] - 1))
    return row_deviations


def ema_step(level: float, value: float, bars: int) -> float:
    """Return the next exponential mean; a NaN `level` begins it."""
    return value if math.isnan(level) else level + (value - level) * 2 / (bars + 1)


def wilder_start(changes: Floats) -> tuple[float, float]:
    """Return mean gain and mean loss of the first changes of price; both are 0 or more."""
    gains, losses = np.maximum(changes, 0), np.maximum(-changes, 0)
    return float(means(gains[None])[0]), float(means(losses[None])[0])


def wilder_step(gain: float, loss: float, change: float, bars: int) -> tuple[float, float]:
    """Return the next mean gain and mean loss."""
    return (
        gain + (max(change, 0.0) - gain) / bars,
        loss + (max(-change, 0.0) - loss) / bars,
    )


def strength(gain: float, loss: float) -> float:
    """Return the RSI of a mean gain and a mean loss."""
    return 100 * (gain / (gain + loss)) if gain + loss > 0 else 50.0
