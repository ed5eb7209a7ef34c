"""Our numbers against the `ta` library, a published table, and the definitions."""

import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from ta.momentum import RSIIndicator
from ta.others import DailyLogReturnIndicator
from ta.trend import EMAIndicator, SMAIndicator

from model_builders.features.bars import Bars, Floats
from model_builders.features.failure import FailureReason, FeatureError
from model_builders.features.frame import NAMES, Periods, frame
from model_builders.features.indicators import (
    ema,
    log_returns,
    price_ratios,
    rsi,
    sma,
    volatility,
)
from tests.unit.features.shares import any_bars, share
from training.data.prices import load_prices

# Closes of QQQQ and their RSI, from StockCharts' "RSI" lesson and its spreadsheet.
PUBLISHED = [
    44.3389,
    44.0902,
    44.1497,
    43.6124,
    44.3278,
    44.8264,
    45.0955,
    45.4245,
    45.8433,
    46.0826,
    45.8931,
    46.0328,
    45.6140,
    46.2820,
    46.2820,
    46.0028,
    46.0328,
    46.4116,
    46.2222,
    45.6439,
]
PUBLISHED_RSI = [70.53, 66.32, 66.55, 69.41, 66.36, 57.97]


@pytest.fixture(scope="module")
def real() -> Floats:
    close: Floats = load_prices().bars["IBM"]["close"].to_numpy(np.float64)
    return close


def of_library(indicator: Callable[[], pd.Series]) -> Floats:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it divides by its own warm-up
        values: Floats = indicator().to_numpy(np.float64)
    return values


def test_moving_averages_equal_the_librarys(real: Floats) -> None:
    expected = of_library(SMAIndicator(pd.Series(real), 20).sma_indicator)
    np.testing.assert_allclose(sma(real, 20), expected, rtol=1e-9)


def test_exponential_averages_equal_the_librarys(real: Floats) -> None:
    expected = of_library(EMAIndicator(pd.Series(real), 26).ema_indicator)
    np.testing.assert_allclose(ema(real, 26), expected, rtol=1e-12)


def test_log_returns_equal_the_librarys(real: Floats) -> None:
    expected = of_library(DailyLogReturnIndicator(pd.Series(real)).daily_log_return) / 100
    np.testing.assert_allclose(log_returns(real), expected, rtol=1e-9, atol=1e-15)


def test_volatility_equals_the_rolling_deviation_of_pandas(real: Floats) -> None:
    expected = pd.Series(log_returns(real)).rolling(20).std().to_numpy()
    np.testing.assert_allclose(volatility(real, 20), expected, rtol=1e-8)


def test_rsi_equals_the_librarys_once_the_beginning_is_forgotten(real: Floats) -> None:
    # It begins with an average of 0 rather than with Wilder's mean; 13/14 a bar of that remains.
    expected = of_library(RSIIndicator(pd.Series(real), 14).rsi)
    values = rsi(real, 14)
    np.testing.assert_allclose(values[400:], expected[400:], rtol=1e-9)
    assert np.nanmax(np.abs(values[:60] - expected[:60])) > 0.01


def test_rsi_equals_the_published_table() -> None:
    values = rsi(PUBLISHED, 14)
    np.testing.assert_allclose(values[14:], PUBLISHED_RSI, atol=0.006)


def test_rsi_of_prices_that_only_rise_only_fall_or_stand_still() -> None:
    assert rsi([1.0, 2, 3, 4], 3)[-1] == 100
    assert rsi([4.0, 3, 2, 1], 3)[-1] == 0
    assert rsi([5.0, 5, 5, 5], 3)[-1] == 50


@settings(deadline=None)
@given(any_bars())
def test_rsi_is_a_percentage_of_any_prices(bars: Bars) -> None:
    values = rsi(bars.column("close"), 5)
    assert np.all((values[5:] >= 0) & (values[5:] <= 100))


def test_price_ratios_are_of_the_bar_and_the_one_before() -> None:
    bars = Bars.of(
        np.datetime64("2001-01-01") + np.arange(2), [[10, 12, 8, 11, 5], [11, 22, 11, 22, 5]]
    )
    np.testing.assert_allclose(price_ratios(bars), [[1.1, 1.5, np.nan], [2, 2, 2]])


WARM_UP: dict[str, tuple[Callable[[Floats], Floats], int]] = {
    "log_returns": (log_returns, 1),
    "sma": (lambda values: sma(values, 7), 6),
    "ema": (lambda values: ema(values, 7), 6),
    "rsi": (lambda values: rsi(values, 7), 7),
    "volatility": (lambda values: volatility(values, 7), 7),
}


@pytest.mark.parametrize(("indicator", "bars"), WARM_UP.values(), ids=WARM_UP)
@pytest.mark.parametrize("count", [0, 1, 2, 5, 6, 7, 8, 30])
def test_is_nan_exactly_while_it_warms_up(
    indicator: Callable[[Floats], Floats], bars: int, count: int
) -> None:
    values = indicator(share(30).column("close")[:count])
    assert len(values) == count
    assert np.isnan(values).tolist() == [row < bars for row in range(count)]


@pytest.mark.parametrize(("indicator", "bars"), WARM_UP.values(), ids=WARM_UP)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_refuses_what_is_no_number(
    indicator: Callable[[Floats], Floats], bars: int, value: float
) -> None:
    close = share(30).column("close").copy()
    close[11] = value
    with pytest.raises(FeatureError, match=r"row 11 is .*, expected a number") as caught:
        indicator(close)
    assert caught.value.reason == FailureReason.NOT_FINITE


@pytest.mark.parametrize("name", ["log_returns", "rsi", "volatility"])
def test_refuses_a_price_of_nothing(name: str) -> None:
    with pytest.raises(FeatureError, match=r"row 1 is 0.0, expected more than 0") as caught:
        WARM_UP[name][0](np.array([1.0, 0.0, 2.0]))
    assert caught.value.reason == FailureReason.PRICE_NOT_POSITIVE


def test_refuses_a_table_for_a_series() -> None:
    with pytest.raises(FeatureError, match=r"found shape \[2, 2\]"):
        sma([[1.0, 2], [3, 4]], 2)


@pytest.mark.parametrize("period", [0, -1, 2.5, True])
def test_refuses_a_period_that_is_no_number_of_bars(period: int) -> None:
    with pytest.raises(FeatureError, match="expected a whole number of 1 bars or more") as caught:
        sma([1.0, 2.0], period)
    assert caught.value.reason == FailureReason.BAD_PERIOD


def test_refuses_the_deviation_of_one_return() -> None:
    with pytest.raises(FeatureError, match=r"volatility: found period 1, expected .* 2 bars"):
        volatility([1.0, 2.0, 3.0], 1)


@settings(deadline=None)
@given(any_bars(least=2))
def test_no_feature_depends_on_a_later_bar(bars: Bars) -> None:
    periods = Periods(rsi=3, sma=4, ema=4, volatility=3)
    whole, before = frame(bars, periods), frame(bars.until(len(bars) // 2), periods)
    for name in NAMES:
        assert np.array_equal(whole[name][: len(bars) // 2], before[name], equal_nan=True)


def test_after_the_warm_up_every_feature_has_a_value() -> None:
    periods = Periods(rsi=5, sma=9, ema=4, volatility=7)
    features = np.column_stack(list(frame(share(40), periods).values()))
    complete = ~np.isnan(features).any(axis=1)
    assert complete.tolist() == [row >= periods.warm_up for row in range(40)]


@pytest.mark.parametrize("names", [("rsi",), ("high_to_low", "ema"), ()])
def test_only_features_that_are_asked_for_are_computed(names: tuple[str, ...]) -> None:
    bars = share(40)
    chosen, every = frame(bars, names=names), frame(bars)
    assert chosen.keys() == set(names)
    for name in names:
        np.testing.assert_array_equal(chosen[name], every[name])
