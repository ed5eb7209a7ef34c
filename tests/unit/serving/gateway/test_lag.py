"""Freshness and missing bars by the age of the newest usable bar."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_builders.features.bars import Bars
from model_builders.features.point_in_time import Known, close_ahead, dataset
from serving.gateway.lag import Age, Freshness, Tolerance, age_of, in_words, usable_by

DAY, HOUR, MINUTE, SECOND = (np.timedelta64(1, unit) for unit in ("D", "h", "m", "s"))
NEWEST = np.datetime64("2026-11-30T16:00:00")
DAILY = Tolerance(DAY, 0 * HOUR, 6 * HOUR, 5 * DAY)
LATE = Tolerance(DAY, 2 * HOUR, 6 * HOUR, 5 * DAY)
MINUTELY = Tolerance(MINUTE, 0 * SECOND, 5 * SECOND, 10 * MINUTE)
NO_GRACE = Tolerance(HOUR, 0 * SECOND, 0 * SECOND, 2 * HOUR)

# The limits, the age, the freshness, and the number of missing bars.
ROWS = [
    (DAILY, 0 * SECOND, "fresh", 0),
    (DAILY, SECOND, "fresh", 0),
    (DAILY, 24 * HOUR, "fresh", 0),
    (DAILY, 29 * HOUR, "fresh", 0),
    (DAILY, 30 * HOUR, "fresh", 0),
    (DAILY, 30 * HOUR + SECOND, "stale", 1),
    (DAILY, 48 * HOUR, "stale", 1),
    (DAILY, 54 * HOUR, "stale", 1),
    (DAILY, 54 * HOUR + SECOND, "stale", 2),
    (DAILY, 72 * HOUR, "stale", 2),
    (DAILY, 78 * HOUR, "stale", 2),
    (DAILY, 78 * HOUR + SECOND, "stale", 3),
    (DAILY, 102 * HOUR, "stale", 3),
    (DAILY, 5 * DAY, "stale", 4),
    (DAILY, 5 * DAY + SECOND, "expired", 4),
    (DAILY, 6 * DAY, "expired", 5),
    (DAILY, 30 * DAY, "expired", 29),
    (LATE, 24 * HOUR, "fresh", 0),
    (LATE, 31 * HOUR, "fresh", 0),
    (LATE, 32 * HOUR, "fresh", 0),
    (LATE, 32 * HOUR + SECOND, "stale", 1),
    (LATE, 56 * HOUR, "stale", 1),
    (LATE, 56 * HOUR + SECOND, "stale", 2),
    (LATE, 5 * DAY, "stale", 4),
    (LATE, 5 * DAY + SECOND, "expired", 4),
    (MINUTELY, 0 * SECOND, "fresh", 0),
    (MINUTELY, 60 * SECOND, "fresh", 0),
    (MINUTELY, 65 * SECOND, "fresh", 0),
    (MINUTELY, 66 * SECOND, "stale", 1),
    (MINUTELY, 125 * SECOND, "stale", 1),
    (MINUTELY, 126 * SECOND, "stale", 2),
    (MINUTELY, 600 * SECOND, "stale", 9),
    (MINUTELY, 601 * SECOND, "expired", 9),
    (MINUTELY, DAY, "expired", 1439),
    (NO_GRACE, 0 * SECOND, "fresh", 0),
    (NO_GRACE, HOUR, "fresh", 0),
    (NO_GRACE, HOUR + SECOND, "stale", 1),
    (NO_GRACE, 2 * HOUR, "stale", 1),
    (NO_GRACE, 2 * HOUR + SECOND, "expired", 2),
    (NO_GRACE, 10 * HOUR, "expired", 9),
]


@pytest.mark.parametrize(("tolerance", "age", "freshness", "missing"), ROWS)
def test_an_age_is_judged_by_the_limits(
    tolerance: Tolerance, age: np.timedelta64, freshness: str, missing: int
) -> None:
    judged = age_of(NEWEST, NEWEST + age, tolerance)
    assert judged == Age(Freshness(freshness), age, missing)
    assert judged.seconds == age / SECOND


def test_a_calendar_decides_what_time_counts() -> None:
    class NoWeekends:
        def elapsed(self, begin: np.datetime64, end: np.datetime64) -> np.timedelta64:
            days = np.busday_count(begin.astype("datetime64[D]"), end.astype("datetime64[D]"))
            return int(days) * DAY

    friday, monday = np.datetime64("2026-11-27T16:00:00"), np.datetime64("2026-11-30T16:00:00")
    assert age_of(friday, monday, DAILY).freshness == Freshness.STALE
    assert age_of(friday, monday, DAILY, NoWeekends()).freshness == Freshness.FRESH


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (61, "1 min 1 s"), (3_600, "1 h"), (90_061, "1 d 1 h"), (86_401, "1 d 1 s")],
)
def test_durations_are_told_by_two_units(seconds: int, words: str) -> None:
    assert in_words(np.timedelta64(seconds, "s")) == words


def daily_bars(count: int) -> Bars:
    times = np.datetime64("2026-01-01T16:00:00") + np.arange(count) * DAY
    closes = 100 + np.arange(count) % 7
    rows = np.column_stack([closes, closes + 1, closes - 1, closes, closes * 10])
    return Bars.of(times, rows)


@settings(max_examples=40)
@given(
    count=st.integers(12, 40),
    hours=st.integers(7 * 24, 42 * 24),
    steps=st.integers(2, 6),
)
def test_a_replayed_decision_sees_the_window_of_training_s_data_set(
    count: int, hours: int, steps: int
) -> None:
    bars = daily_bars(count)
    when = np.datetime64("2026-01-01T00:00:00") + hours * HOUR
    rows = bars.ohlcv[usable_by(bars.times, when)][-steps:]
    features = [
        Known(str(column), bars.ohlcv[:, column], bars.times, bars.times) for column in range(5)
    ]
    windows = dataset(features, close_ahead(bars), steps)
    by_then = windows.inputs[windows.decided <= when]
    if len(by_then) and windows.decided[-1] > when:
        np.testing.assert_array_equal(rows, by_then[-1])
    assert (bars.times[: len(bars)][~usable_by(bars.times, when)] > when).all()


def test_a_bar_that_is_published_later_is_left_out_until_then() -> None:
    bars = daily_bars(5)
    just_ended = bars.times[3]
    assert usable_by(bars.times, just_ended).sum() == 4
    assert usable_by(bars.times + np.timedelta64(7200, "s"), just_ended).sum() == 3
