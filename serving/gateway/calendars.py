"""Calendars of exchanges, by the library `exchange_calendars` of the extra `calendars`."""

import difflib
from datetime import timedelta
from typing import Any

import numpy as np

from model_builders.features.bars import Times
from serving.gateway.trading_time import CountedTime

_DAY = timedelta(days=1)
_UNIT = "datetime64[ms]"


def calendar_of(name: str, cadence: float) -> CountedTime:
    """Return the time of an exchange that counts for bars which come each `cadence` seconds.

    For bars of a day or more, days of the exchange with a session count, from midnight to midnight.
    For shorter ones, only the time counts while it is open.

    Raises:
        ValueError: for a name that no calendar has, and where the library is not installed.
    """
    try:
        import exchange_calendars
    except ImportError:
        raise ValueError(
            f"lag.calendar: found {name[:40]}, and exchange_calendars is not installed; install"
            " inference-operator[calendars], or remove the setting"
        ) from None
    names = exchange_calendars.get_calendar_names()
    if name not in names:
        close = difflib.get_close_matches(name.upper(), names, 3)
        choice = f"such as {', '.join(close or ['XNYS', 'XLON', '24/7'])}"
        raise ValueError(
            f"lag.calendar: found {name[:40]!r}, expected a calendar of exchange_calendars,"
            f" {choice}; correct it"
        )
    calendar = exchange_calendars.get_calendar(name)
    return _days(calendar) if cadence >= _DAY.total_seconds() else _open_hours(calendar)


def _days(calendar: Any) -> CountedTime:
    sessions = calendar.sessions
    begins, ends = (_midnights(days, calendar.tz) for days in (sessions, sessions + _DAY))
    return CountedTime.of(begins, ends)


def _midnights(days: Any, zone: Any) -> Times:
    """Return the begins of days in a time zone; some clocks are changed at midnight."""
    first = np.ones(len(days), bool)
    local = days.tz_localize(zone, ambiguous=first, nonexistent="shift_forward")
    return _times(local.tz_convert("UTC").tz_localize(None))


def _open_hours(calendar: Any) -> CountedTime:
    """Return the time between open and close, without breaks."""
    schedule = calendar.schedule
    opens, closes, breaks, resumes = (
        _times(schedule[column].dt.tz_localize(None))
        for column in ("open", "close", "break_start", "break_end")
    )
    has_break = ~np.isnat(breaks)
    begins = np.concatenate([opens, resumes[has_break]])
    ends = np.concatenate([np.where(has_break, breaks, closes), closes[has_break]])
    return CountedTime.of(begins, ends)


def _times(column: Any) -> Times:
    times: Times = column.to_numpy().astype(_UNIT)
    return times
