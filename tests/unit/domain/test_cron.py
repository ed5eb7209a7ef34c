"""Moments of cron texts: both changes of the clock, texts that never come, and bounded work."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference_operator.domain.cron import last_moment, next_moment, problem_of_cron
from inference_operator.domain.time_zones import zone_names, zone_of

NEW_YORK, BERLIN, APIA = map(ZoneInfo, ("America/New_York", "Europe/Berlin", "Pacific/Apia"))
# Clocks go forward at 07:00Z and 01:00Z, and back at 06:00Z and 01:00Z.
SPRING = {
    NEW_YORK: datetime(2026, 3, 8, 7, tzinfo=UTC),
    BERLIN: datetime(2026, 3, 29, 1, tzinfo=UTC),
}
AUTUMN = {
    NEW_YORK: datetime(2026, 11, 1, 6, tzinfo=UTC),
    BERLIN: datetime(2026, 10, 25, 1, tzinfo=UTC),
}
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 9 * * 1-5", ""),
        ("*/15 9-16 1,15 JAN-JUN mon", ""),
        ("0 0 L * *", ""),
        ("0 0 L 2 *", ""),
        ("0 0 * 9 1#1", ""),
        ("60 9 * * *", "minutes from 0 to 59"),
        ("0 24 * * *", "hours from 0 to 23"),
        ("0 0 32 * *", "days of the month from 1 to 31 that a named month has"),
        ("0 0 30 2 *", "days of the month from 1 to 31 that a named month has"),
        ("0 0 1 13 *", "months from 1 to 12, or JAN to DEC"),
        ("0 0 * * 8", "days of the week from 0 to 7, or SUN to SAT"),
        ("0 0 * * 5-1", "days of the week from 0 to 7, or SUN to SAT"),
        ("*/0 9 * * *", "minutes from 0 to 59"),
        ("0 0 9 * * 1", "five fields: minute, hour, day of month, month, day of week"),
        ("@daily", "five fields: minute, hour, day of month, month, day of week"),
        ("0 0 29 2 *", "a time that comes each year"),
        ("0 0 */29 2 1", "a time that comes each year"),
        ("0 0 */20 * 1L", "a time that comes each year"),
        ("0 0 LW * */7", "a time that comes each year"),
    ],
)
def test_a_text_is_right_or_says_what_is_expected(text: str, expected: str) -> None:
    assert problem_of_cron(text) == expected


@settings(deadline=None, max_examples=60)
@given(st.from_regex(r"[-0-9A-Za-z*/,#]{1,18}( [-0-9A-Za-z*/,#]{1,18}){4}", fullmatch=True))
def test_no_text_of_the_api_raises(text: str) -> None:
    assert problem_of_cron(text) == "" or " " in problem_of_cron(text)


DAYS = st.sampled_from(["*", "L", "LW", "*/20", "*/29", "31", "29-31", "1"])
MONTHS = st.sampled_from(["*", "2", "4,6", "9-12"])
WEEKDAYS = st.sampled_from(["*", "1", "0-7", "1#5", "5L", "*/7", "2#5,7#5"])


@settings(deadline=None, max_examples=40)
@given(DAYS, MONTHS, WEEKDAYS, st.integers(2000, 2090))
def test_a_right_text_comes_within_two_years(day: str, month: str, weekday: str, year: int) -> None:
    text, start = f"0 9 {day} {month} {weekday}", datetime(year, 1, 1, tzinfo=UTC)
    if problem_of_cron(text):
        return
    following, last = (move(text, NEW_YORK, start) for move in (next_moment, last_moment))
    assert following is not None
    assert last is not None
    assert following - last < timedelta(days=2 * 366)


@pytest.mark.parametrize("zone", SPRING, ids=str)
def test_a_time_that_does_not_exist_is_the_moment_of_the_change(zone: ZoneInfo) -> None:
    change = SPRING[zone]
    day_before = change - 24 * HOUR

    # 02:30 is 30 minutes after the change, by the clock of the day before.
    assert next_moment("30 2 * * *", zone, change - HOUR) == change
    assert last_moment("30 2 * * *", zone, change) == change
    assert last_moment("30 2 * * *", zone, change + HOUR) == change
    assert last_moment("30 2 * * *", zone, change - MINUTE) == day_before + 30 * MINUTE
    assert next_moment("30 2 * * *", zone, change) == change + 24 * HOUR - 30 * MINUTE


@pytest.mark.parametrize("zone", AUTUMN, ids=str)
def test_a_time_that_exists_twice_is_the_first(zone: ZoneInfo) -> None:
    change = AUTUMN[zone]
    hour = 1 if zone is NEW_YORK else 2
    text = f"30 {hour} * * *"
    first, second = change - 30 * MINUTE, change + 30 * MINUTE

    assert first.astimezone(zone).hour == second.astimezone(zone).hour == hour
    assert next_moment(text, zone, first - MINUTE) == first
    assert next_moment(text, zone, first) == first + 25 * HOUR
    assert next_moment(text, zone, second - MINUTE) == first + 25 * HOUR
    # Also where the clock shows a time before it for the second time.
    for later in (change, second - MINUTE, second, second + MINUTE):
        assert last_moment(text, zone, later) == first


def test_a_day_that_a_zone_left_out_is_the_moment_of_the_change() -> None:
    # Samoa had no 30 December 2011.
    change = datetime(2011, 12, 30, 10, tzinfo=UTC)
    assert next_moment("0 12 30 12 *", APIA, change - HOUR) == change
    assert last_moment("0 12 30 12 *", APIA, change + HOUR) == change


TEXTS = st.sampled_from(
    [
        "* * * * *",
        "*/7 * * * *",
        "30 2 * * *",
        "30 1 * * *",
        "0 3 * * 0",
        "0 9 * * 1-5",
        "59 1,2 * * *",
    ]
)
MOMENTS = st.one_of(
    st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)).map(lambda t: t.replace(tzinfo=UTC)),  # noqa: DTZ001
    st.builds(
        lambda change, seconds: change + timedelta(seconds=seconds),
        st.sampled_from([*SPRING.values(), *AUTUMN.values()]),
        st.integers(-9000, 9000),
    ),
)
ZONES = st.sampled_from([NEW_YORK, BERLIN, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("UTC")])


@settings(deadline=None)
@given(TEXTS, ZONES, MOMENTS)
def test_the_last_and_the_next_moment_are_neighbours(
    text: str, zone: ZoneInfo, moment: datetime
) -> None:
    last, following = last_moment(text, zone, moment), next_moment(text, zone, moment)
    assert last is not None
    assert following is not None
    assert last <= moment < following
    assert last_moment(text, zone, following - timedelta(seconds=1)) == last
    assert next_moment(text, zone, last) == following
    assert last_moment(text, zone, following) == following


def test_moments_of_a_minute_grow_over_both_changes() -> None:
    for change in (SPRING[NEW_YORK], AUTUMN[NEW_YORK]):
        moment, moments = change - 2 * HOUR, []
        while moment < change + 2 * HOUR:
            following = next_moment("*/30 * * * *", NEW_YORK, moment)
            assert following is not None
            moments.append(following)
            moment = following
        assert all(a < b for a, b in pairwise(moments))


def test_zones_are_those_of_the_package_and_all_can_be_read() -> None:
    assert len(zone_names()) > 500
    assert all(zone_of(name) for name in zone_names())


@pytest.mark.parametrize(
    "name", ["Mars/Base", "localtime", "posixrules", "", "America", "../etc/passwd"]
)
def test_other_names_are_no_zones(name: str) -> None:
    assert zone_of(name) is None
