"""Counters of a gateway's histogram for the Service of a track, from one sweep to the next."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from inference_operator.domain.analysis import MeasuredTrack
from inference_operator.domain.measurement import (
    GATEWAY_FAMILIES,
    Family,
    Sample,
    ServiceName,
    Sweep,
    Unusable,
)
from inference_operator.planning.measuring.counters import (
    Gap,
    Missing,
    Reading,
    Rows,
    growth,
    merged,
    reading_of,
    stale,
    unusable,
)
from inference_operator.planning.measuring.coverage import crowded
from inference_operator.planning.measuring.totals import bound_of, summed

# More than a gateway has pods. What is remembered of a Service has a bound, too.
MOST_INSTANCES = 100
_CROWDED = Gap(Missing.TOO_MANY, "as many rows of its namespace as an answer may have")
_MS_OF_SECOND = 1000.0
_BUCKETS = frozenset({Family.GATEWAY_BUCKETS})


@dataclass(frozen=True, slots=True)
class ServiceMemory:
    """The newest counters of a Service, and what was counted since they were last judged."""

    revision: str
    """The revision that the Service leads to."""

    since: float
    """Seconds of Unix time. A scrape before only starts the count."""

    is_counting: bool = False
    """Whether the pods of the revision had started, so that `since` stays."""

    instances: Mapping[str, Reading] = field(default_factory=dict)
    """By instance of the gateway."""

    pending: Mapping[float, float] = field(default_factory=dict)
    """By boundary in ms: requests that were not slower."""


@dataclass(frozen=True, slots=True)
class ServiceView:
    """A Service at the present sweep: what is known of it, and why nothing is, if so."""

    memory: ServiceMemory
    gap: Gap | None = None


def service_view(
    track: MeasuredTrack, sweep: Sweep, before: ServiceMemory | None, *, has_started: bool
) -> ServiceView:
    """Return the Service of a track after the sweep.

    A Service changes its revision when a canary is promoted. What it counted before is of the
    former revision, so the count starts at 0 again, and at each sweep until the pods have started.
    """
    assert track.service is not None
    at = sweep.at.timestamp()
    if before is None or before.revision != track.revision:
        before = ServiceMemory(track.revision, at)
    if not before.is_counting:
        before = replace(before, since=at, is_counting=has_started, pending={})
    samples = sweep.by_service.get(track.service, {})
    times = _times(samples.get(Family.GATEWAY_FRESHNESS, ()))
    if (gap := _too_many(track.service, sweep, len(times))) is not None:
        return ServiceView(before, gap)
    rows: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples.get(Family.GATEWAY_BUCKETS, ()):
        rows[sample.labels[2]].append(sample)
    gaps = []
    memory = replace(
        before, instances={key: each for key, each in before.instances.items() if key in times}
    )
    for instance, time in times.items():
        read = _reading(time, tuple(rows[instance]), sweep)
        if isinstance(read, Gap):
            gaps.append(read)
        else:
            memory = _with(memory, instance, read)
    if len(gaps) < len(times):
        return ServiceView(memory)
    return ServiceView(memory, gaps[0] if gaps else Gap(Missing.NO_SERIES))


def without_pending(services: Mapping[str, ServiceMemory]) -> dict[str, ServiceMemory]:
    """Return the Services with nothing left to judge."""
    return {name: replace(each, pending={}) for name, each in services.items()}


def _too_many(service: ServiceName, sweep: Sweep, instances: int) -> Gap | None:
    if crowded(sweep, service.namespace) & GATEWAY_FAMILIES:
        return _CROWDED
    if instances <= MOST_INSTANCES:
        return None
    words = f"{instances:,} instances of the gateway, at most {MOST_INSTANCES}"
    return Gap(Missing.TOO_MANY, words)


def _times(samples: tuple[Sample, ...]) -> dict[str, float | Unusable]:
    """Return the newest scrape of each instance: routes of HTTP and gRPC have a series each."""
    times: dict[str, float | Unusable] = {}
    for sample in samples:
        instance, value = sample.labels[1], sample.value
        former = times.get(instance)
        if isinstance(former, float) and isinstance(value, float):
            value = max(former, value)
        times[instance] = former if isinstance(former, Unusable) else value
    return times


def _reading(time: float | Unusable, rows: tuple[Sample, ...], sweep: Sweep) -> Reading | Gap:
    if isinstance(time, Unusable):
        return unusable(time)
    if (gap := stale(time, sweep)) is not None:
        return gap
    labels = frozenset(row.labels[0] for row in rows)
    reading = reading_of(time, {Family.GATEWAY_BUCKETS: rows}, _BUCKETS, labels, {})
    return next(iter(reading.gaps.values()), reading)


def _with(memory: ServiceMemory, instance: str, reading: Reading) -> ServiceMemory:
    """Return the memory with one more scrape of an instance, if it is one."""
    last = memory.instances.get(instance)
    if last is None:
        return replace(memory, instances={**memory.instances, instance: reading})
    if reading.time <= last.time:
        return memory
    grown = growth(last.rows, reading.rows)
    kept = replace(reading, rows=merged(last.rows, reading.rows))
    memory = replace(memory, instances={**memory.instances, instance: kept})
    if last.time < memory.since or not grown:
        return memory
    return replace(memory, pending=summed(memory.pending, _buckets(grown)))


def _buckets(grown: Rows) -> dict[float, float]:
    """Return the requests by boundary in ms. The gateway counts in seconds."""
    buckets: dict[float, float] = {}
    for (_, labels), value in grown.items():
        if (bound := bound_of(labels[1], _MS_OF_SECOND)) is not None:
            buckets[bound] = buckets.get(bound, 0.0) + value
    return buckets
