"""Bars are checked once: every bad one is named with its row, its time and what to do."""

from typing import Any

import numpy as np
import pytest

from model_builders.features.bars import Bars, standstill
from model_builders.features.failure import FailureReason, FeatureError

GOOD = [[10, 12, 9, 11, 100], [11, 12, 10, 10, 0], [10, 11, 9, 9.5, 50]]


def days(*numbers: int) -> Any:
    return np.datetime64("2001-01-01") + np.array(numbers)


def with_value(row: int, column: int, value: Any) -> list[list[Any]]:
    rows: list[list[Any]] = [list(bar) for bar in GOOD]
    rows[row][column] = value
    return rows


def refusal(times: Any, ohlcv: Any, **options: Any) -> FeatureError:
    with pytest.raises(FeatureError) as caught:
        Bars.of(times, ohlcv, **options)
    return caught.value


def test_good_bars_are_kept_as_they_are() -> None:
    bars = Bars.of(days(0, 1, 2), GOOD)
    assert len(bars) == 3
    assert bars.column("close").tolist() == [11, 10, 9.5]
    assert bars.until(2).ohlcv.tolist() == GOOD[:2]


def test_a_bar_without_trade_is_a_bar() -> None:
    assert Bars.of(days(0, 1, 2), GOOD).column("volume")[1] == 0


def test_bars_do_not_change_with_what_they_were_made_of() -> None:
    given = np.array(GOOD, np.float64)
    bars = Bars.of(days(0, 1, 2), given)
    given[0, 0] = 1e9
    assert bars.ohlcv[0, 0] == 10
    with pytest.raises(ValueError, match="read-only"):
        bars.ohlcv[0, 0] = 1


@pytest.mark.parametrize("column", ["open", "high", "low", "close", "volume"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_refused_by_name(column: str, value: float) -> None:
    at = ["open", "high", "low", "close", "volume"].index(column)
    error = refusal(days(0, 1, 2), with_value(1, at, value))
    assert error.reason == FailureReason.NOT_FINITE
    assert str(error) == (
        f"NotFinite: bars.{column}: row 1 (2001-01-02) is {value:g}, expected a number;"
        " drop that bar"
    )


WRONG = {
    "a price of nothing": (
        with_value(2, 2, 0),
        FailureReason.PRICE_NOT_POSITIVE,
        "bars.low: row 2",
    ),
    "a negative volume": (
        with_value(0, 4, -1),
        FailureReason.NEGATIVE_VOLUME,
        "bars.volume: row 0",
    ),
    "a high below its close": (
        with_value(0, 1, 10.5),
        FailureReason.IMPOSSIBLE_BAR,
        "bars.high: row 0",
    ),
    "a low above its open": (
        with_value(1, 2, 11.5),
        FailureReason.IMPOSSIBLE_BAR,
        "bars.low: row 1",
    ),
    "four columns": ([bar[:4] for bar in GOOD], FailureReason.WRONG_SHAPE, r"found shape \[3, 4\]"),
    "two bars": (GOOD[:2], FailureReason.WRONG_SHAPE, "found 3 times and 2 rows"),
    "words": (with_value(0, 0, "ten"), FailureReason.WRONG_TYPE, "found no numbers"),
}


@pytest.mark.parametrize(("ohlcv", "reason", "words"), WRONG.values(), ids=WRONG)
def test_refuses(ohlcv: Any, reason: FailureReason, words: str) -> None:
    with pytest.raises(FeatureError, match=words) as caught:
        Bars.of(days(0, 1, 2), ohlcv)
    assert caught.value.reason == reason


def test_a_high_that_rounding_put_below_its_close_is_possible() -> None:
    Bars.of(days(0, 1, 2), with_value(0, 1, 11 * (1 - 1e-7)))


def test_times_out_of_order_are_refused() -> None:
    error = refusal(days(0, 2, 1), GOOD)
    assert error.reason == FailureReason.OUT_OF_ORDER
    assert "row 2 is 2001-01-02 after 2001-01-03" in str(error)


def test_a_time_that_comes_twice_is_refused() -> None:
    error = refusal(days(0, 1, 1), GOOD)
    assert error.reason == FailureReason.DUPLICATE_TIME
    assert "keep one bar for each time" in str(error)


def test_a_time_that_is_none_is_refused() -> None:
    times = np.array(["2001-01-01", "NaT", "2001-01-03"], "datetime64[D]")
    assert refusal(times, GOOD).reason == FailureReason.NOT_FINITE


def test_times_that_are_numbers_are_refused() -> None:
    assert refusal([1, 2, 3], GOOD).reason == FailureReason.WRONG_TYPE


def test_a_gap_is_allowed_unless_a_limit_is_given() -> None:
    times = days(0, 1, 9)
    assert len(Bars.of(times, GOOD)) == 3
    error = refusal(times, GOOD, longest_gap=np.timedelta64(7, "D"))
    assert error.reason == FailureReason.GAP
    assert "no bar between 2001-01-02 and 2001-01-10" in str(error)
    Bars.of(times, GOOD, longest_gap=np.timedelta64(8, "D"))


def test_bars_without_times_are_those_with_times() -> None:
    assert Bars.numbered(GOOD).ohlcv.tolist() == Bars.of(days(0, 1, 2), GOOD).ohlcv.tolist()


def test_a_bad_bar_without_a_time_is_named_by_its_row_and_whose_it_is() -> None:
    with pytest.raises(FeatureError) as caught:
        Bars.numbered(with_value(1, 3, np.nan), "ohlcv[4]")
    assert caught.value.reason is FailureReason.NOT_FINITE
    assert str(caught.value) == (
        "NotFinite: ohlcv[4].close: row 1 is nan, expected a number; drop that bar"
    )


def test_no_bars_at_all_are_refused() -> None:
    with pytest.raises(FeatureError, match="bars: found no bars, expected one or more") as caught:
        Bars.numbered(np.empty((0, 5)))
    assert caught.value.reason is FailureReason.TOO_SHORT


def closing_at(*closes: float) -> list[list[float]]:
    return [[close, close, close, close, 100] for close in closes]


def test_newest_bars_with_one_close_are_refused_where_they_are_too_many() -> None:
    rows = closing_at(10, 11, 12.5, 12.5, 12.5)
    with pytest.raises(FeatureError) as caught:
        Bars.numbered(rows, "ohlcv[4]", longest_standstill=2)
    assert caught.value.reason is FailureReason.STANDS_STILL
    assert str(caught.value) == (
        "StandsStill: ohlcv[4].close: the newest 3 bars are all 12.5, expected at most 2 with one"
        " close; look for a feed that has stopped, or allow a longer standstill"
    )


@pytest.mark.parametrize(
    ("closes", "longest"),
    [
        ((10, 11, 12.5, 12.5, 12.5), 3),
        ((10, 10, 10, 10, 11), 1),
        ((10, 10, 10), 3),
        ((10, 10, 10), None),
    ],
    ids=["as many as may be", "in the past", "no more bars", "no limit"],
)
def test_a_standstill_is_allowed(closes: tuple[float, ...], longest: int | None) -> None:
    assert len(Bars.numbered(closing_at(*closes), longest_standstill=longest)) == len(closes)


@pytest.mark.parametrize(("moved", "count"), [(1e-7, 3), (1e-4, 1)])
def test_rounding_is_no_move(moved: float, count: int) -> None:
    assert standstill(np.array(closing_at(9, 10, 10, 10 * (1 + moved)))) == count


def test_each_row_of_a_batch_has_its_own_standstill() -> None:
    rows = [closing_at(10, 11, 11), closing_at(10, 10, 10), closing_at(11, 11, 10)]
    assert standstill(np.array(rows)).tolist() == [2, 3, 1]
