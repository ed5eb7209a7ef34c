"""Ages of inputs at a decision: rows that were not yet known, freshness, and missing bars.

All times are `datetime64`, and all durations `timedelta64`. The clock is never read here.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
import numpy.typing as npt

from model_builders.features.bars import Times
from model_builders.features.point_in_time import Known, as_of

Rows = npt.NDArray[np.bool_]


class Freshness(StrEnum):
    """The age of the newest usable bar against the route's limits.

    `UNKNOWN` means that the request had bars without times: their age cannot be computed.
    """

    FRESH = "fresh"
    STALE = "stale"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


class OnStale(StrEnum):
    """The treatment of stale inputs: the answer says so, or the request is refused."""

    FLAG = "flag"
    REFUSE = "refuse"


class Calendar(Protocol):
    """The time that counts between two moments."""

    def elapsed(self, begin: np.datetime64, end: np.datetime64) -> np.timedelta64: ...


class ClockTime:
    """Each second counts, as for markets that never close."""

    def elapsed(self, begin: np.datetime64, end: np.datetime64) -> np.timedelta64:
        return end - begin


@dataclass(frozen=True, slots=True)
class Tolerance:
    """The limits of a route: how often bars come, how late, and how old they may be.

    A bar becomes known `publication_lag` after its end. Bars are fresh up to `cadence` +
    `publication_lag` + `grace`, stale up to `limit`, and expired after it.
    """

    cadence: np.timedelta64
    publication_lag: np.timedelta64
    grace: np.timedelta64
    limit: np.timedelta64
    on_stale: OnStale = OnStale.FLAG

    @property
    def fresh_for(self) -> np.timedelta64:
        return self.cadence + self.publication_lag + self.grace


@dataclass(frozen=True, slots=True)
class Age:
    """The age of the newest usable bar, and the number of bars that should have come since."""

    freshness: Freshness
    age: np.timedelta64 | None = None
    missing_bars: int = 0

    @property
    def seconds(self) -> float | None:
        return None if self.age is None else float(self.age / np.timedelta64(1, "s"))


UNKNOWN = Age(Freshness.UNKNOWN)


def usable_by(known_at: Times, decided: np.datetime64) -> Rows:
    """Return which bars, known from `known_at` [n] on, a decision may use: [n].

    Training's own join decides: of bars numbered in the order in which they became known, it
    returns the last one that was known by then.

    >>> times = np.array(["2026-01-01", "2026-01-03", "2026-01-02"], "datetime64[D]")
    >>> usable_by(times, np.datetime64("2026-01-02")).tolist()
    [True, False, True]
    """
    order = np.empty(len(known_at), np.float64)
    order[np.argsort(known_at, kind="stable")] = np.arange(len(known_at))
    bars = Known("bars", order, known_at, known_at)
    newest = as_of(bars, np.array([decided], known_at.dtype)).values[0]
    rows: Rows = order <= newest
    return rows


def age_of(
    newest_known_at: np.datetime64,
    decided: np.datetime64,
    tolerance: Tolerance,
    calendar: Calendar | None = None,
) -> Age:
    """Return the age of a bar that became known at `newest_known_at`, at the decision.

    >>> day, hour = np.timedelta64(86400, "s"), np.timedelta64(3600, "s")
    >>> limits = Tolerance(day, 0 * hour, hour, 5 * day)
    >>> monday = np.datetime64("2026-11-30T16:00:00")
    >>> age_of(monday, monday + day + hour, limits)
    Age(freshness=<Freshness.FRESH: 'fresh'>, age=np.timedelta64(90000,'s'), missing_bars=0)
    >>> age_of(monday, monday + 2 * day + 2 * hour, limits).missing_bars
    2
    """
    age = (calendar or ClockTime()).elapsed(newest_known_at, decided)
    if age <= tolerance.fresh_for:
        return Age(Freshness.FRESH, age)
    overdue = (age - tolerance.publication_lag - tolerance.grace) / tolerance.cadence
    missing = max(1, math.ceil(float(overdue)) - 1)
    freshness = Freshness.STALE if age <= tolerance.limit else Freshness.EXPIRED
    return Age(freshness, age, missing)


def in_words(duration: np.timedelta64) -> str:
    """Return a duration by its two largest units.

    >>> in_words(np.timedelta64(266_400, "s"))
    '3 d 2 h'
    >>> in_words(np.timedelta64(59, "s"))
    '59 s'
    """
    seconds = int(duration / np.timedelta64(1, "s"))
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    parts = []
    for name, size in units:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or "0 s"
