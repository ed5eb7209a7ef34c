"""Bars of a request, or the newest known ones, as the window that a decision may use."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from model_builders.features.bars import Bars, Floats, Times
from model_builders.features.failure import FeatureError
from serving.gateway.lag import (
    UNKNOWN,
    Age,
    Calendar,
    Freshness,
    OnStale,
    Tolerance,
    age_of,
    in_words,
    usable_by,
)
from serving.gateway.problems import Problem, Reason, RefusedError, of_features, of_field

# Clocks of callers may be ahead by this much.
SKEW_SECONDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class TimedBars:
    """Bars [n, 5], their ends [n], and when each became known [n]."""

    times: Times
    known_at: Times
    ohlcv: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """The newest bars [steps, 5] that were known at the decision, and their age."""

    ohlcv: Floats
    age: Age


def decision(as_of: datetime | None, now: datetime) -> datetime:
    """Return the time of the decision; RefusedError for one in the future."""
    if as_of is None:
        return now
    if (as_of - now).total_seconds() > SKEW_SECONDS:
        raise RefusedError(
            of_field(
                Reason.FUTURE_DECISION,
                "as_of",
                as_of.isoformat(),
                f"a time up to now ({now.isoformat(timespec='seconds')})",
                "leave it out to decide now",
            )
        )
    return as_of


def moment(when: datetime) -> np.datetime64:
    """Return an aware time as UTC in milliseconds."""
    return np.datetime64(when.astimezone(UTC).replace(tzinfo=None), "ms")


def moments(whens: Sequence[datetime]) -> Times:
    """Return aware times as UTC in milliseconds [n]."""
    naive = [when.astimezone(UTC).replace(tzinfo=None) for when in whens]
    return np.array(naive, "datetime64[ms]")


def timed(
    ohlcv: Sequence[Sequence[float]],
    times: Sequence[datetime],
    known_at: Sequence[datetime] | None,
    publication_lag: np.timedelta64,
) -> TimedBars:
    """Check bars with times; RefusedError with the row and the value that is wrong."""
    ends = moments(times)
    try:
        bars = Bars.of(ends, ohlcv)
    except FeatureError as error:
        raise RefusedError(of_features(error, "ohlcv_data")) from None
    if known_at is None:
        return TimedBars(bars.times, bars.times + publication_lag, bars.ohlcv)
    public = moments(known_at)
    if len(public) != len(ends):
        raise RefusedError(
            of_field(
                Reason.WRONG_SHAPE, "known_at", f"{len(public)} times", f"{len(ends)}, one for each"
                " bar", "send as many, or leave the field out",
            )
        )  # fmt: skip
    if (early := public < ends).any():
        row = int(np.argmax(early))
        raise RefusedError(
            of_field(
                Reason.OUT_OF_RANGE, f"known_at[{row}]", str(public[row]), f"{ends[row]} or later:"
                " no bar is known before its end", "correct the time",
            )
        )  # fmt: skip
    return TimedBars(bars.times, public, bars.ohlcv)


def untimed(ohlcv: Sequence[Sequence[float]], steps: int) -> Window:
    """Return the window of bars without times, of unknown age; RefusedError for bad bars."""
    try:
        bars = Bars.numbered(ohlcv, "ohlcv_data")
    except FeatureError as error:
        raise RefusedError(of_features(error, "ohlcv_data")) from None
    return Window(_newest(bars.ohlcv, steps, len(bars)), UNKNOWN)


def window(
    bars: TimedBars,
    decided: datetime,
    steps: int,
    tolerance: Tolerance,
    calendar: Calendar | None = None,
) -> Window:
    """Return the newest `steps` bars that were known then, and their age.

    RefusedError if they are too few, expired, or stale on a route that refuses stale bars.
    """
    when = moment(decided)
    rows = usable_by(bars.known_at, when)
    ohlcv = _newest(bars.ohlcv[rows], steps, len(bars.ohlcv))
    newest = bars.times[rows][-1]
    age = age_of(bars.known_at[rows][-1], when, tolerance, calendar)
    refuses = age.freshness == Freshness.STALE and tolerance.on_stale == OnStale.REFUSE
    if age.freshness == Freshness.EXPIRED or refuses:
        raise RefusedError(_too_old(age, newest, decided, tolerance))
    return Window(ohlcv, age)


def _newest(ohlcv: Floats, steps: int, sent: int) -> Floats:
    if len(ohlcv) < steps:
        usable = f"{len(ohlcv)} bars"
        if len(ohlcv) < sent:
            usable = f"{len(ohlcv)} of {sent} bars that were known by the decision"
        problem = of_field(Reason.TOO_SHORT, "ohlcv_data", usable, f"{steps}", "send more bars")
        raise RefusedError(problem)
    return ohlcv[-steps:]


def _too_old(age: Age, newest: np.datetime64, decided: datetime, tolerance: Tolerance) -> Problem:
    refuses = tolerance.on_stale == OnStale.REFUSE
    most = tolerance.fresh_for if refuses else tolerance.limit
    old = in_words(age.age) if age.age is not None else "of unknown age"
    return of_field(
        Reason.STALE_FEATURES,
        "ohlcv_data",
        f"a newest bar of {newest}Z that is {old} old at {decided.isoformat(timespec='seconds')}",
        f"at most {in_words(most)}",
        "send newer bars, or as_of",
    )
