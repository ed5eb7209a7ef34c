"""Moments that a cron text names in a time zone.

A time that does not exist, since clocks are put forward, is the moment of that change. A time that
exists twice, since clocks are put back, is the first of the two.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

# After 28 years, days of the week come back to the same dates.
_ANY = datetime(2000, 1, 1, tzinfo=UTC)
_YEARS = range(_ANY.year, _ANY.year + 28)
_FIELDS = 5
_CACHED = 1024


@lru_cache(_CACHED)
def problem_of_cron(text: str) -> str:
    """Return what is expected instead of a cron text that no year lacks; "" if it is right.

    Cronsim looks day by day for the next time: 40 ms for 50 years, 1 ms for a time of each year.

    >>> problem_of_cron("0 9 * * 1-5"), problem_of_cron("0 25 * * *")
    ('', 'hours from 0 to 23')
    >>> problem_of_cron("0 0 * 2 1#6")
    'days of the week from 0 to 7, or SUN to SAT'
    >>> problem_of_cron("0 0 29 2 *")
    'a time that comes each year'
    """
    if len(text.split()) != _FIELDS:
        return "five fields: minute, hour, day of month, month, day of week"
    try:
        cron = CronSim(text, _ANY)
    except CronSimError as error:
        return _EXPECTED.get(str(error), "a time as in a crontab")
    comes = all(any(map(cron.match_day, _days(year, cron.months))) for year in _YEARS)
    return "" if comes else "a time that comes each year"


def _days(year: int, months: Iterable[int]) -> Iterator[date]:
    return (
        date(year, month, day)
        for month in months
        for day in range(1, monthrange(year, month)[1] + 1)
    )


_EXPECTED = {
    "Bad minute": "minutes from 0 to 59",
    "Bad hour": "hours from 0 to 23",
    "Bad day-of-month": "days of the month from 1 to 31 that a named month has",
    "Bad month": "months from 1 to 12, or JAN to DEC",
    "Bad day-of-week": "days of the week from 0 to 7, or SUN to SAT",
}


def last_moment(text: str, zone: ZoneInfo, until: datetime) -> datetime | None:
    """Return the last moment that a right cron text names, `until` included, in UTC; None if there
    was none.

    >>> berlin = ZoneInfo("Europe/Berlin")
    >>> print(last_moment("0 9 * * 1-5", berlin, datetime(2026, 6, 1, 12, tzinfo=UTC)))
    2026-06-01 07:00:00+00:00
    """
    local = until.astimezone(zone)
    # On the second pass of an hour, all its times were on the first.
    repeated = _offset(local, 0) - _offset(local, 1) if local.fold else timedelta()
    latest = local.replace(tzinfo=None, microsecond=0) + repeated + timedelta(seconds=1)
    moments = _moments(CronSim(text, latest, reverse=True), zone)
    return next((moment for moment in moments if moment <= until), None)


def next_moment(text: str, zone: ZoneInfo, after: datetime) -> datetime | None:
    """Return the first moment after `after` that a right cron text names, in UTC; None if there is
    none.

    >>> new_york = ZoneInfo("America/New_York")
    >>> print(next_moment("30 2 * * *", new_york, datetime(2026, 3, 8, 6, tzinfo=UTC)))
    2026-03-08 07:00:00+00:00
    """
    earliest = after.astimezone(zone).replace(tzinfo=None)
    moments = _moments(CronSim(text, earliest), zone)
    return next((moment for moment in moments if moment > after), None)


def _moments(times: Iterator[datetime], zone: ZoneInfo) -> Iterator[datetime]:
    return (_moment(time.replace(tzinfo=zone)) for time in times)


def _moment(local: datetime) -> datetime:
    """Return a time of a zone as a moment in UTC."""
    before, after = _offset(local, 0), _offset(local, 1)
    naive = local.replace(tzinfo=UTC)
    if after <= before:
        return naive - before
    # It does not exist. Clocks are put forward between these two moments.
    return _change(local, naive - after, naive - before)


def _change(local: datetime, early: datetime, late: datetime) -> datetime:
    """Return the moment, to the second, at which the offset of a zone changes in between."""
    zone, offset = local.tzinfo, _offset(local, 0)
    while late - early > timedelta(seconds=1):
        middle = early + timedelta(seconds=(late - early) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == offset:
            early = middle
        else:
            late = middle
    return late


def _offset(local: datetime, fold: int) -> timedelta:
    return local.replace(fold=fold).utcoffset() or timedelta()
