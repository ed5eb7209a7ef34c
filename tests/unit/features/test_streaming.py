"""Results bar by bar have the same bits as those over the whole series."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_builders.features.bars import Bars, Floats
from model_builders.features.failure import FailureReason, FeatureError
from model_builders.features.frame import NAMES, Periods, frame
from model_builders.features.indicators import ema, rsi, sma, volatility
from model_builders.features.streaming import EMA, RSI, SMA, LogReturn, Stream, Volatility
from model_builders.features.windows import windows
from tests.unit.features.shares import any_bars, share

PERIODS = st.builds(
    Periods, st.integers(1, 20), st.integers(1, 20), st.integers(1, 20), st.integers(2, 20)
)


def streamed(bars: Bars, periods: Periods) -> dict[str, Floats]:
    stream = Stream(periods)
    rows = [stream.update(*bar) for bar in zip(bars.times, bars.ohlcv, strict=True)]
    return {name: np.array([row[name] for row in rows]) for name in NAMES}


@settings(deadline=None)
@given(any_bars(), PERIODS)
def test_streaming_equals_batch_for_any_bars(bars: Bars, periods: Periods) -> None:
    features, expected = streamed(bars, periods), frame(bars, periods)
    assert list(features) == list(expected) == list(NAMES)
    for name in NAMES:
        assert np.array_equal(features[name], expected[name], equal_nan=True), name


def test_streaming_equals_batch_over_years() -> None:
    bars = share(1500)
    features, expected = streamed(bars, Periods()), frame(bars)
    for name in NAMES:
        assert np.array_equal(features[name], expected[name], equal_nan=True), name


def test_each_indicator_alone_equals_its_batch() -> None:
    close = share(300).column("close")
    pairs = {
        "sma": (SMA(130), sma(close, 130)),  # beyond numpy's pairwise block of 128
        "ema": (EMA(12), ema(close, 12)),
        "rsi": (RSI(14), rsi(close, 14)),
        "volatility": (Volatility(21), volatility(close, 21)),
    }
    for name, (stream, expected) in pairs.items():
        values = [stream.update(value) for value in close]
        assert np.array_equal(values, expected, equal_nan=True), name


@settings(deadline=None)
@given(any_bars(least=5, most=30), st.integers(1, 5))
def test_the_newest_window_is_the_batchs_last(bars: Bars, steps: int) -> None:
    stream = Stream(steps=steps)
    for time, bar in zip(bars.times, bars.ohlcv, strict=True):
        stream.update(time, bar)
    assert np.array_equal(stream.window(), windows(bars.ohlcv, steps)[-1])


def test_there_is_no_window_before_its_bars_came() -> None:
    stream, bars = Stream(steps=3), share(2)
    for time, bar in zip(bars.times, bars.ohlcv, strict=True):
        stream.update(time, bar)
    with pytest.raises(FeatureError, match="found 2 bars, expected 3") as caught:
        stream.window()
    assert caught.value.reason == FailureReason.TOO_SHORT


BAD = {
    "twice": (0, 1.0, FailureReason.DUPLICATE_TIME),
    "late": (-1, 1.0, FailureReason.OUT_OF_ORDER),
    "nan": (1, math.nan, FailureReason.NOT_FINITE),
    "a price of nothing": (1, 0.0, FailureReason.PRICE_NOT_POSITIVE),
}


@pytest.mark.parametrize(("days", "factor", "reason"), BAD.values(), ids=BAD)
def test_a_refused_bar_changes_nothing(days: int, factor: float, reason: FailureReason) -> None:
    bars, stream, undisturbed = share(40), Stream(), Stream()
    for row in range(39):
        stream.update(bars.times[row], bars.ohlcv[row])
        undisturbed.update(bars.times[row], bars.ohlcv[row])
    with pytest.raises(FeatureError) as caught:
        stream.update(bars.times[38] + days, bars.ohlcv[39] * factor)
    assert caught.value.reason == reason
    last = (bars.times[39], bars.ohlcv[39])
    assert stream.update(*last) == undisturbed.update(*last)


@pytest.mark.parametrize("stream", [LogReturn(), SMA(2), EMA(2), RSI(2), Volatility(2)])
def test_a_refused_value_changes_nothing(stream: LogReturn | SMA | EMA | RSI | Volatility) -> None:
    for value in (10.0, 11.0, 12.0):
        stream.update(value)
    with pytest.raises(FeatureError, match="expected a number"):
        stream.update(math.nan)
    assert math.isfinite(stream.update(13.0))
