"""Ages in the time of an exchange: nights, weekends, holidays, half days, breaks, and clocks."""

import sys

import numpy as np
import pytest

from serving.gateway.calendars import calendar_of
from serving.gateway.lag import Freshness, Tolerance, age_of
from serving.gateway.trading_time import CountedTime
from tests.unit.serving.gateway.conftest import Start

DAY, HOUR, MINUTE = 86_400.0, 3600.0, 60.0
SECOND = np.timedelta64(1, "s")
# The calendar, the cadence of bars, two moments in UTC, and the hours that count.
ROWS = [
    # New York closes at 21:00 UTC in winter, and at 20:00 in summer.
    ("XNYS", DAY, "2026-12-01T21:00", "2026-12-02T21:00", 24),
    ("XNYS", DAY, "2026-11-20T21:00", "2026-11-23T21:00", 24),
    ("XNYS", DAY, "2026-11-25T21:00", "2026-11-27T18:00", 21),
    ("XNYS", DAY, "2026-12-24T18:00", "2026-12-28T21:00", 27),
    ("XNYS", DAY, "2026-07-02T20:00", "2026-07-06T20:00", 24),
    # The clocks of New York are changed on these weekends, on March 8 and November 1.
    ("XNYS", DAY, "2026-03-06T21:00", "2026-03-09T20:00", 24),
    ("XNYS", DAY, "2026-10-30T20:00", "2026-11-02T21:00", 24),
    # A moment of a day without a session is that of the last one's end.
    ("XNYS", DAY, "2026-11-20T21:00", "2026-11-22T12:00", 8),
    ("XNYS", HOUR, "2026-12-01T21:00", "2026-12-02T14:30", 0),
    ("XNYS", HOUR, "2026-12-01T21:00", "2026-12-02T16:00", 1.5),
    ("XNYS", HOUR, "2026-12-01T20:00", "2026-12-02T15:30", 2),
    ("XNYS", MINUTE, "2026-11-20T20:59", "2026-11-23T14:31", 2 / 60),
    # The day after Thanksgiving has a session until 18:00 UTC.
    ("XNYS", HOUR, "2026-11-25T21:00", "2026-11-27T23:00", 3.5),
    ("XNYS", HOUR, "2026-03-06T21:00", "2026-03-09T14:30", 1),
    ("XNYS", HOUR, "2026-10-30T20:00", "2026-11-02T15:30", 1),
    # London changes its clocks on March 29 and October 25, and opens at 8 there.
    ("XLON", DAY, "2026-03-27T16:30", "2026-03-30T15:30", 24),
    ("XLON", DAY, "2026-10-23T15:30", "2026-10-26T16:30", 24),
    ("XLON", HOUR, "2026-03-27T16:30", "2026-03-30T08:00", 1),
    # Hong Kong has a break from 4:00 to 5:00 UTC.
    ("XHKG", HOUR, "2026-12-01T03:30", "2026-12-01T05:30", 1),
    ("XHKG", MINUTE, "2026-12-01T04:10", "2026-12-01T04:50", 0),
    ("24/7", DAY, "2026-11-20T21:00", "2026-11-23T21:00", 72),
    ("24/7", MINUTE, "2026-11-20T21:00", "2026-11-23T21:00", 72),
]


@pytest.mark.parametrize(("name", "cadence", "begin", "end", "hours"), ROWS)
def test_only_the_time_of_the_exchange_counts(
    name: str, cadence: float, begin: str, end: str, hours: float
) -> None:
    calendar = calendar_of(name, cadence)
    first, last = np.datetime64(begin), np.datetime64(end)
    assert calendar.elapsed(first, last) / SECOND == pytest.approx(hours * 3600)
    assert calendar.elapsed(last, first) == -calendar.elapsed(first, last)
    assert calendar.elapsed(last, last) / SECOND == 0


def test_friday_s_close_is_fresh_on_monday_and_stale_a_day_later() -> None:
    day = np.timedelta64(1, "D")
    limits = Tolerance(day, 0 * SECOND, 6 * 3600 * SECOND, 5 * day)
    friday = np.datetime64("2026-11-20T21:00")
    calendar = calendar_of("XNYS", DAY)
    monday, tuesday = friday + 3 * day, np.datetime64("2026-11-25T04:00")
    assert age_of(friday, monday, limits).freshness is Freshness.STALE
    assert age_of(friday, monday, limits, calendar).freshness is Freshness.FRESH
    late = age_of(friday, tuesday, limits, calendar)
    assert (late.freshness, late.missing_bars) == (Freshness.STALE, 2)


@pytest.mark.parametrize("cadence", [DAY, HOUR])
def test_beyond_the_calendar_each_second_counts(cadence: float) -> None:
    calendar = calendar_of("XNYS", cadence)
    end = calendar.ends[-1]
    assert calendar.elapsed(end, end + 100 * SECOND) == 100 * SECOND
    begin = calendar.begins[0]
    assert calendar.elapsed(begin - 100 * SECOND, begin) == 100 * SECOND


def test_intervals_that_overlap_are_no_calendar() -> None:
    days = np.array(["2026-11-27", "2026-11-28"], "datetime64[D]")
    for begins, ends in ((days, days + 2), (days[:0], days[:0]), (days, days - 1)):
        with pytest.raises(ValueError, match="expected a calendar"):
            CountedTime.of(begins, ends)


async def test_a_route_s_answer_has_the_age_in_trading_time(start: Start) -> None:
    ends = np.datetime64("2026-11-20T21:00:00") - np.arange(60)[::-1] * np.timedelta64(1, "D")
    times = [f"{end}Z" for end in ends]
    decided = {"times": times, "as_of": "2026-11-23T21:00:00Z"}
    async with start() as gateway:
        answer = (await gateway.price(**decided)).json()
        assert (answer["freshness"], answer["feature_lag_seconds"]) == ("stale", 3 * DAY)
    async with start(lag={"calendar": "XNYS"}) as gateway:
        answer = (await gateway.price(**decided)).json()
        assert (answer["freshness"], answer["feature_lag_seconds"]) == ("fresh", DAY)
        assert answer["missing_bars"] == 0


@pytest.mark.parametrize("name", ["XNYZ", "nyse?", "x" * 1000])
def test_an_unknown_calendar_is_a_sentence(name: str) -> None:
    with pytest.raises(ValueError, match=r"lag\.calendar: found '.*', expected") as caught:
        calendar_of(name, DAY)
    assert len(str(caught.value)) < 250
    assert "such as " in str(caught.value)


def test_a_library_that_is_not_installed_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "exchange_calendars", None)
    with pytest.raises(ValueError, match=r"install inference-operator\[calendars\]"):
        calendar_of("XNYS", DAY)
