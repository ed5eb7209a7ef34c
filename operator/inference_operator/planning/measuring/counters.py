"""Raw counters of one pod at one scrape, and how much they grew since the scrape before."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from inference_operator.domain.measurement import Family, Sample, Sweep, Unusable

# Above it a float does not tell two neighbouring counts apart.
LARGEST_COUNT = 1e15
# No pod answers more between two scrapes, and the sum of a thousand pods is exact.
LARGEST_GROWTH = 1e12
# More than a pipeline of many models has. What is remembered of a pod has a bound, too.
MOST_ROWS = 2_000
_COUNTS = frozenset({Family.REQUESTS, Family.FAILURES, Family.BUCKETS, Family.GATEWAY_BUCKETS})
Labels = tuple[str, ...]
Row = tuple[Family, Labels]
Rows = Mapping[Row, float]
SharedKeys = dict[Row, Row]


class Missing(StrEnum):
    """Why a pod has no values to judge, though Prometheus answers. None of these means zero."""

    NO_SERIES = "NoSeries"
    STALE = "Stale"
    NOT_FINITE = "NotFinite"
    LABEL_MISSING = "LabelMissing"
    TOO_MANY = "TooManySeries"
    YOUNG = "Young"


_REASONS = {
    Unusable.NOT_A_NUMBER: Missing.NOT_FINITE,
    Unusable.INFINITE: Missing.NOT_FINITE,
    Unusable.NEGATIVE: Missing.NOT_FINITE,
    Unusable.LABEL_MISSING: Missing.LABEL_MISSING,
    Unusable.LABEL_TOO_LONG: Missing.LABEL_MISSING,
}


@dataclass(frozen=True, slots=True)
class Gap:
    """Why one family of a pod has no values, and the value or the age as words."""

    reason: Missing
    words: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """The counters of a pod at its newest scrape."""

    time: float
    """Time of the scrape, in seconds of Unix time."""

    rows: Rows
    gaps: Mapping[Family, Gap]
    """The families that have no values at this scrape."""

    unread: frozenset[Family] = frozenset()
    """The families that Prometheus did not answer about, of whatever pod."""


def scrape_time(samples: Mapping[Family, tuple[Sample, ...]]) -> float | Gap:
    """Return the time of a pod's newest scrape, in seconds of Unix time."""
    fresh = samples.get(Family.FRESHNESS)
    if not fresh:
        return Gap(Missing.NO_SERIES)
    value = fresh[0].value
    return value if isinstance(value, float) else unusable(value)


def stale(time: float, sweep: Sweep) -> Gap | None:
    """Return why a scrape is not of now; None if it is.

    A time to come would make all later scrapes look like earlier ones.
    """
    age = sweep.at.timestamp() - time
    if abs(age) <= sweep.age_limit:
        return None
    return Gap(Missing.STALE, f"{age:.0f} s old" if age > 0 else f"{-age:.0f} s in the future")


def reading_of(
    time: float,
    samples: Mapping[Family, tuple[Sample, ...]],
    families: frozenset[Family],
    models: frozenset[str],
    shared: SharedKeys,
) -> Reading:
    """Return the counters of the given families and models, whose first label is the model.

    `shared` are the keys of pods with the same labels, and gets those that are new: one key for all
    pods of a unit is less work for the collector of garbage, which holds the event loop.
    """
    rows: dict[Row, float] = {}
    gaps: dict[Family, Gap] = {}
    for family in families:
        own = [each for each in samples.get(family, ()) if each.labels[0] in models]
        if not own:
            gaps[family] = Gap(Missing.NO_SERIES)
            continue
        if len(own) > MOST_ROWS:
            gaps[family] = Gap(Missing.TOO_MANY, f"{len(own):,} of {family}, at most {MOST_ROWS:,}")
            continue
        for sample in own:
            value = sample.value
            if isinstance(value, Unusable):
                gaps[family] = unusable(value)
            elif not 0 <= value <= LARGEST_COUNT:
                gaps[family] = Gap(Missing.NOT_FINITE, f"{value:g}")
            else:
                row = (family, sample.labels)
                rows[shared.setdefault(row, row)] = value
    if gaps:
        rows = {row: value for row, value in rows.items() if row[0] not in gaps}
    return Reading(time, rows, gaps)


def growth(before: Rows, after: Rows) -> Rows | None:
    """Return how much each counter grew, or None if that is not known.

    Counters that fell to less than half began again at 0, as after a restart of Triton. A smaller
    fall is a clock or a second Prometheus that is behind: nothing is known of the time between. The
    same holds for more requests than a pod can answer.

    >>> requests = (Family.REQUESTS, ("m", "1"))
    >>> growth({requests: 100.0}, {requests: 130.0})[requests]
    30.0
    >>> growth({requests: 100.0}, {requests: 5.0})[requests]
    5.0
    >>> growth({requests: 100.0}, {requests: 99.0}) is None
    True
    >>> growth({requests: 100.0}, {requests: 2e12}) is None
    True
    """
    # A row that is new only starts its count: what it counted before is not known.
    both = {row: value for row, value in after.items() if row in before}
    fallen = [row for row, value in both.items() if value < before[row]]
    if any(both[row] > before[row] / 2 for row in fallen):
        return None
    grown = both if fallen else {row: value - before[row] for row, value in both.items()}
    return grown if _is_possible(grown) else None


def merged(before: Rows, after: Rows) -> Rows:
    """Return the newest value of each counter. A row that is missing once must not begin again at
    0 when it is back; of a pod that has new rows at each scrape, only the newest are kept."""
    # Where nothing is missing, the keys are those of before, too: new ones of all pods would be
    # more objects for the collector of garbage, which holds the event loop.
    both = {**before, **after}
    return both if len(both) <= max(2 * MOST_ROWS, len(after)) else after


def _is_possible(grown: Rows) -> bool:
    """Return whether a pod can have answered so many requests between two scrapes."""
    return all(
        math.fsum(value for row, value in grown.items() if row[0] is family) <= LARGEST_GROWTH
        for family in _COUNTS
    )


def unusable(value: Unusable) -> Gap:
    """Return the gap that a sample without a value leaves."""
    return Gap(_REASONS[value], str(value))
