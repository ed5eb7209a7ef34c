"""A planted look-ahead is detected in every place."""

from collections.abc import Callable

import numpy as np
import pytest

from model_builders.features.bars import Bars, Floats
from model_builders.features.failure import FailureReason, FeatureError
from model_builders.features.frame import NAMES, Periods, frame
from model_builders.features.indicators import log_returns
from model_builders.features.point_in_time import (
    Definition,
    Known,
    as_of,
    close_ahead,
    dataset,
    derive,
    known_frame,
)
from tests.unit.features.shares import share

DAY = np.timedelta64(1, "D")


def feature(name: str, values: Floats, bars: Bars, delay: int = 0) -> Known:
    return Known(name, values, bars.times, bars.times + delay * DAY)


def tomorrows_return(bars: Bars) -> Floats:
    return np.append(log_returns(bars.column("close"))[1:], 0.0)


def centred_mean(bars: Bars) -> Floats:
    return np.convolve(bars.column("close"), np.ones(5) / 5, mode="same")


def scaled_by_all(bars: Bars) -> Floats:
    close = bars.column("close")
    return (close - close.mean()) / close.std()


def interpolated(bars: Bars) -> Floats:
    """Fill gaps from both sides, as a careless clean-up does."""
    close, rows = bars.column("close").copy(), np.arange(len(bars))
    gone = rows % 7 == 6
    return np.interp(rows, rows[~gone], close[~gone])


PLANTED = [tomorrows_return, centred_mean, scaled_by_all, interpolated]


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_look_ahead_is_caught(planted: Callable[[Bars], Floats]) -> None:
    with pytest.raises(
        FeatureError, match=r"feature planted: at 2001-.* without the bars"
    ) as error:
        derive(Definition("planted", planted), share(200))
    assert error.value.reason == FailureReason.LOOK_AHEAD


@pytest.mark.parametrize("name", NAMES)
def test_our_own_features_see_nothing_ahead(name: str) -> None:
    bars = share(200)
    derived = derive(Definition(name, lambda given: frame(given)[name]), bars)
    assert np.array_equal(derived.values, frame(bars)[name], equal_nan=True)
    assert np.array_equal(derived.known_at, bars.times)


def test_a_feature_without_a_value_for_each_bar_is_refused() -> None:
    with pytest.raises(FeatureError, match=r"found shape \[199\] for 200 bars"):
        derive(Definition("short", lambda bars: bars.column("close")[1:]), share(200))


def test_a_data_set_refuses_a_feature_that_becomes_known_later() -> None:
    bars = share(100)
    late = feature("volume", bars.column("volume"), bars, delay=1)
    with pytest.raises(
        FeatureError, match="volume: its value of 2001-01-01 becomes known at 2001-01-02"
    ) as error:
        dataset([late], close_ahead(bars))
    assert error.value.reason == FailureReason.LOOK_AHEAD


def test_a_data_set_refuses_its_own_target_as_a_feature() -> None:
    bars = share(100)
    with pytest.raises(FeatureError, match="close_ahead_1") as error:
        dataset([close_ahead(bars)], close_ahead(bars))
    assert error.value.reason == FailureReason.LOOK_AHEAD


def test_a_data_set_refuses_a_target_that_is_known_already() -> None:
    bars = share(100)
    close = feature("close", bars.column("close"), bars)
    with pytest.raises(FeatureError, match="nothing to predict") as error:
        dataset([close], close)
    assert error.value.reason == FailureReason.ALREADY_KNOWN


def test_a_data_set_takes_what_was_known_of_a_late_feature() -> None:
    bars = share(100)
    late = as_of(feature("volume", bars.column("volume"), bars, delay=2), bars.times)
    samples = dataset([late], close_ahead(bars), steps=5)
    assert samples.first[0] == bars.times[2]  # nothing was known on the first two days
    assert np.array_equal(samples.inputs[0, :, 0], bars.column("volume")[:5])


def test_as_of_takes_the_newest_that_is_known() -> None:
    days = np.datetime64("2001-01-01") + np.arange(4)
    known_at = np.datetime64("2001-01-01") + np.array([1, 5, 5, 9])
    quarterly = Known("earnings", np.array([1.0, 2.0, np.nan, 4.0]), days, known_at)
    asked = np.datetime64("2001-01-01") + np.array([0, 1, 4, 5, 8, 9])
    latest = as_of(quarterly, asked)
    np.testing.assert_array_equal(latest.values, [np.nan, 1, 1, 2, 2, 4])
    assert np.all(latest.known_at[1:] <= asked[1:])


def test_a_sample_is_decided_at_its_last_bar_and_judged_later() -> None:
    bars = share(100)
    close = feature("close", bars.column("close"), bars)
    samples = dataset([close], close_ahead(bars, horizon=3), steps=10)
    assert samples.inputs.shape == (100 - 9 - 3, 10, 1)
    assert np.array_equal(samples.decided, bars.times[9:97])
    assert np.array_equal(samples.judged, bars.times[12:])
    assert np.array_equal(samples.targets, close.values[12:] / close.values[9:97])


def test_bars_in_which_a_feature_warms_up_are_left_out() -> None:
    bars = share(100)
    samples = dataset(known_frame(bars, Periods(sma=30)), close_ahead(bars), steps=10)
    assert samples.first[0] == bars.times[29]
    assert samples.inputs.shape == (100 - 29 - 9 - 1, 10, len(NAMES))
    assert np.isfinite(samples.inputs).all()


def test_a_hole_after_the_warm_up_is_refused() -> None:
    bars = share(100)
    values = bars.column("close").copy()
    values[50] = np.nan
    with pytest.raises(FeatureError, match=r"rows: \[50, 0\] is nan"):
        dataset([feature("close", values, bars)], close_ahead(bars))


def test_features_of_other_times_are_refused() -> None:
    bars = share(100)
    other = feature("close", bars.column("close")[1:], Bars(bars.times[1:], bars.ohlcv[1:]))
    with pytest.raises(FeatureError, match="found other times than the target's"):
        dataset([other], close_ahead(bars))


def test_less_than_a_window_is_refused() -> None:
    bars = share(30)
    with pytest.raises(FeatureError, match="found 30, expected 60") as error:
        dataset([feature("close", bars.column("close"), bars)], close_ahead(bars))
    assert error.value.reason == FailureReason.TOO_SHORT
