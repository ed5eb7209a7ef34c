"""Windows of bars, and the scale on which models see them."""

from typing import Any

import numpy as np
import pytest

from model_builders.features.bars import Floats
from model_builders.features.failure import FailureReason, FeatureError
from model_builders.features.windows import STEPS, normalised, windows
from tests.unit.features.shares import share


def real_windows(count: int = 70) -> Floats:
    return windows(share(count).ohlcv)


def test_a_window_is_60_bars_in_order() -> None:
    bars = share(100)
    slices = windows(bars.ohlcv)
    assert slices.shape == (41, STEPS, 5)
    assert np.array_equal(slices[7], bars.ohlcv[7:67])


def test_a_stride_takes_every_nth_window() -> None:
    rows = share(100).ohlcv
    assert np.array_equal(windows(rows, 10, stride=7), windows(rows, 10)[::7])


def test_too_few_bars_for_a_window_are_refused() -> None:
    with pytest.raises(FeatureError, match="found 59, expected 60 or more") as caught:
        windows(share(59).ohlcv)
    assert caught.value.reason == FailureReason.TOO_SHORT


def test_a_row_that_is_no_number_is_refused() -> None:
    rows = share(80).ohlcv.copy()
    rows[33, 2] = np.nan
    with pytest.raises(FeatureError, match=r"rows: \[33, 2\] is nan") as caught:
        windows(rows)
    assert caught.value.reason == FailureReason.NOT_FINITE


def test_a_window_of_no_bars_is_refused() -> None:
    with pytest.raises(FeatureError, match="steps: found period 0"):
        windows(share(80).ohlcv, steps=0)


def test_the_last_close_and_the_mean_volume_are_0() -> None:
    scaled = normalised(real_windows())
    assert scaled.dtype == np.float32
    assert np.all(scaled[:, -1, 3] == 0)
    np.testing.assert_allclose(scaled[:, :, 4].mean(axis=1), 0, atol=1e-5)


def test_ten_percent_above_the_last_close_is_about_1() -> None:
    window = np.full((1, 2, 5), 100.0)
    window[0, 0, :4] = 110
    np.testing.assert_allclose(normalised(window)[0, 0, :4], np.log(1.1) / 0.1, rtol=1e-6)


def test_the_scale_of_prices_is_not_seen() -> None:
    given = real_windows()
    scaled = given * np.array([7.0, 7, 7, 7, 1])
    np.testing.assert_allclose(normalised(scaled), normalised(given), atol=1e-6)


def test_a_window_without_any_trade_is_0_in_volume() -> None:
    given = real_windows().copy()
    given[:, :, 4] = 0
    assert np.all(normalised(given)[:, :, 4] == 0)


BAD: dict[str, tuple[int, float, FailureReason, str]] = {
    "nan": (1, np.nan, FailureReason.NOT_FINITE, r"ohlcv: \[0, 5, 1\] is nan"),
    "no price": (3, 0, FailureReason.PRICE_NOT_POSITIVE, r"ohlcv.close: \[0, 5, 3\] is 0"),
    "volume": (4, -2, FailureReason.NEGATIVE_VOLUME, r"ohlcv.volume: \[0, 5, 4\] is -2"),
}


@pytest.mark.parametrize(("column", "value", "reason", "words"), BAD.values(), ids=BAD)
def test_refuses(column: int, value: float, reason: FailureReason, words: str) -> None:
    given = real_windows().copy()
    given[0, 5, column] = value
    with pytest.raises(FeatureError, match=words) as caught:
        normalised(given)
    assert caught.value.reason == reason


@pytest.mark.parametrize("shape", [(60, 5), (1, 60, 4), (1, 0, 5)])
def test_refuses_other_shapes(shape: tuple[int, ...]) -> None:
    given: Any = np.ones(shape)
    with pytest.raises(FeatureError, match="expected \\[batch, steps, 5\\]: open, high"):
        normalised(given)
