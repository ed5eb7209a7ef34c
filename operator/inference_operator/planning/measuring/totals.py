"""Counts of requests of a track over some time, from the growth of its pods' counters."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from inference_operator.domain.analysis import MeasuredTrack
from inference_operator.domain.histogram_label import boundary
from inference_operator.domain.measurement import Family
from inference_operator.planning.measuring.counters import Rows

# Triton's ensemble scheduler reports as this version, whatever the ensemble's own one is.
_ENSEMBLE_VERSION = "1"
# In ms: a microsecond, and eleven days.
SHORTEST_BOUNDARY, LONGEST_BOUNDARY = 1e-3, 1e9


@dataclass(frozen=True, slots=True)
class Totals:
    """What the pods of a track did over some time."""

    successes: float = 0.0
    failures: float = 0.0
    request_us: float = 0.0
    """Time of the requests that succeeded, in microseconds."""

    queues: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """By model: requests that succeeded, and their time in the queue in microseconds."""

    buckets: Mapping[float, float] = field(default_factory=dict)
    """By boundary in ms: requests that were not slower. The one of infinity has all requests."""

    rates: Mapping[str, float] = field(default_factory=dict)
    """Requests a second of each pod."""

    timed: float = 0.0
    """Requests that succeeded and whose time is a part of `request_us`."""

    batches: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """By model: items that were computed, and the batches that they were computed in."""

    @property
    def requests(self) -> float:
        """Requests that Triton began, whatever became of them."""
        return self.successes + self.failures

    @property
    def load(self) -> float:
        """Mean requests a second of a pod; 0 without pods."""
        return math.fsum(self.rates.values()) / len(self.rates) if self.rates else 0.0

    def plus(self, other: "Totals") -> "Totals":
        """Return both together, with the rates of the newer one.

        >>> Totals(successes=2).plus(Totals(successes=3, failures=1)).requests
        6.0
        """
        newest = other.rates or self.rates
        return Totals(
            self.successes + other.successes,
            self.failures + other.failures,
            self.request_us + other.request_us,
            _sum_of_pairs(self.queues, other.queues),
            summed(self.buckets, other.buckets),
            {**self.rates, **other.rates} if self.rates and other.rates else newest,
            self.timed + other.timed,
            _sum_of_pairs(self.batches, other.batches),
        )


def totals_of(grown: Rows, track: MeasuredTrack, pod: str, seconds: float) -> Totals:
    """Return what a pod did in the given time, from the growth of its counters."""
    requests: dict[str, float] = {}
    times: dict[str, float] = {}
    buckets: dict[float, float] = {}
    request_us, is_timed = 0.0, False
    for (family, labels), value in grown.items():
        model = labels[0]
        if family is Family.REQUESTS:
            requests[model] = requests.get(model, 0.0) + value
        elif family is Family.QUEUE_TIME:
            times[model] = times.get(model, 0.0) + value
        elif model != track.model:
            continue
        elif family is Family.REQUEST_TIME:
            request_us, is_timed = request_us + value, True
        elif family is Family.BUCKETS and (bound := bound_of(labels[1])) is not None:
            buckets[bound] = buckets.get(bound, 0.0) + value
    successes, failures = requests.get(track.model, 0.0), _failures(grown, track)
    return Totals(
        successes,
        failures,
        request_us,
        {model: (requests[model], us) for model, us in times.items() if model in requests},
        buckets,
        {pod: (successes + failures) / seconds},
        successes if is_timed else 0.0,
        _batches(grown),
    )


def _batches(grown: Rows) -> Mapping[str, tuple[float, float]]:
    """Return the items and the batches of the models that have both."""
    items: dict[str, float] = {}
    batches: dict[str, float] = {}
    for (family, labels), value in grown.items():
        if family is Family.INFERENCES:
            items[labels[0]] = items.get(labels[0], 0.0) + value
        elif family is Family.EXECUTIONS:
            batches[labels[0]] = batches.get(labels[0], 0.0) + value
    return {model: (items[model], each) for model, each in batches.items() if model in items}


def _failures(grown: Rows, track: MeasuredTrack) -> float:
    """Return the failed requests. Triton counts each one of a pipeline twice: once as version 1,
    and once as the pipeline's own version."""
    by_version: dict[str, float] = {}
    for (family, labels), value in grown.items():
        if family is Family.FAILURES and labels[0] == track.model:
            by_version[labels[1]] = by_version.get(labels[1], 0.0) + value
    if not track.step_models:
        return math.fsum(by_version.values())
    if track.version == int(_ENSEMBLE_VERSION):
        return math.fsum(by_version.values()) / 2
    return by_version.get(_ENSEMBLE_VERSION, 0.0)


def bound_of(text: str, ms: float = 1.0) -> float | None:
    """Return the boundary of a label `le` in ms, for a unit of so many ms; None if it is none.

    >>> bound_of("0.0025", 1000), bound_of("+Inf"), bound_of("NaN")
    (2.5, inf, None)
    """
    bound = boundary(text)
    if bound is None or math.isinf(bound):
        return bound
    number = round(bound * ms, 9)
    return number if SHORTEST_BOUNDARY <= number <= LONGEST_BOUNDARY else None


def summed(left: Mapping[float, float], right: Mapping[float, float]) -> Mapping[float, float]:
    """Return the buckets of two histograms together, without the boundaries that one of them lacks.

    >>> summed({5.0: 1, 10.0: 2}, {10.0: 3})
    {10.0: 5}
    """
    if not left or not right:
        return left or right
    # A boundary that one of them lacks would count its requests as slow.
    return {bound: count + right[bound] for bound, count in left.items() if bound in right}


def _sum_of_pairs(
    left: Mapping[str, tuple[float, float]], right: Mapping[str, tuple[float, float]]
) -> Mapping[str, tuple[float, float]]:
    if not left or not right:
        return left or right
    none = (0.0, 0.0)
    sums = {}
    for model in {*left, *right}:
        (count, us), (other_count, other_us) = left.get(model, none), right.get(model, none)
        sums[model] = (count + other_count, us + other_us)
    return sums
