"""Traces of load: how many requests a second there are, and what goes wrong meanwhile."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from inference_operator.cli.scaling_simulation.service import Service

RateAt = Callable[[float], float]
"""Requests a second at a time in seconds."""


class TraceKind(StrEnum):
    """What a trace is about."""

    STEP = "step"
    RAMP = "ramp"
    DAY = "day"
    SPIKE = "spike"
    SAWTOOTH = "sawtooth"
    OUTAGE_AT_PEAK = "outage-at-peak"
    SICK_REPLICA = "sick-replica"
    SLOW_LOAD = "slow-load"
    SILENCE = "silence"


class OutageShape(StrEnum):
    """How Prometheus fails."""

    EMPTY = "empty"
    """It answers, and has no series."""

    REFUSED = "refused"
    """It does not answer."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A time without metrics, in seconds."""

    start: float
    end: float
    shape: OutageShape


@dataclass(frozen=True, slots=True)
class Trace:
    """A service and its load. Times are seconds."""

    kind: str
    """What the trace is about: a `TraceKind`, or another word for a trace of a file."""

    seed: int
    service: Service
    slo: float
    """Latency that 95 % of the requests of each minute keep."""

    duration: float
    rate_at: RateAt
    load_time: float
    """Time from the creation of a pod to its first answer."""

    outages: tuple[Outage, ...] = ()
    bounds: tuple[int, ...] = ()
    """Boundaries of Triton's histogram in ms; none for a server without one."""

    sick: tuple[float, float] | None = None
    """From when on the oldest pod is slow, and how many times as slow it is."""

    @property
    def most_pods(self) -> int:
        """Return the pods that twice the largest load needs, 4 at least."""
        peak = max(self.rate_at(float(second)) for second in range(0, int(self.duration), 5))
        return max(math.ceil(2 * peak / self.service.capacity), 4)

    def outage_at(self, time: float) -> OutageShape | None:
        """Return how Prometheus fails at a time; None while it answers."""
        shapes = (each.shape for each in self.outages if each.start <= time < each.end)
        return next(shapes, None)

    def first_pods(self, share: float) -> int:
        """Return the pods that are used to `share` by the load at the beginning, 1 at least."""
        return max(math.ceil(self.rate_at(0.0) / (self.service.capacity * share)), 1)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a service, so that it is not drawn. Times are seconds."""

    service: Service | None = None
    slo: float | None = None
    load_time: float | None = None
    peak: float | None = None
    """The largest load, in requests a second."""

    bounds: tuple[int, ...] = ()
    """Boundaries of Triton's histogram in ms; none for a server without one."""


def slo_of(service: Service) -> float:
    """Return a latency that a service keeps while its queue is short, in seconds.

    >>> slo_of(Service(base=0.01, item=0.005, max_batch=2))
    0.05
    """
    return 2.5 * service.full_batch_time + service.delay


def trace_of(
    kind: TraceKind, seed: int, duration: float = 3600.0, facts: Known | None = None
) -> Trace:
    """Return a trace whose numbers are drawn from a seed. Equal seeds give equal traces."""
    chance, facts = Random(f"{kind}/{seed}"), facts or Known()
    drawn = _service(chance)
    service = facts.service or drawn
    low = service.capacity * chance.uniform(0.8, 1.8)
    high = low * chance.uniform(2.5, 5.0)
    start = duration * chance.uniform(0.15, 0.3)
    load_time = chance.uniform(15.0, 45.0)
    if kind is TraceKind.SLOW_LOAD:
        load_time = chance.uniform(120.0, 240.0)
    outages: tuple[Outage, ...] = ()
    sick = None
    if kind is TraceKind.OUTAGE_AT_PEAK:
        shape = chance.choice(list(OutageShape))
        outages = (Outage(start + duration * 0.15, start + duration * 0.4, shape),)
    if kind is TraceKind.SICK_REPLICA:
        sick = (start, chance.uniform(2.5, 5.0))
        high = low * 1.3
    if facts.peak is not None:
        low, high = low * facts.peak / high, facts.peak
    rate_at = _RATES[kind](_Shape(low, high, start, duration, chance))
    slo = slo_of(service) if facts.slo is None else facts.slo
    load_time = load_time if facts.load_time is None else facts.load_time
    return Trace(
        kind, seed, service, slo, duration, rate_at, load_time, outages, facts.bounds, sick
    )


def arrivals_of(trace: Trace) -> list[list[float]]:
    """Return the arrivals of each second of a trace, in seconds: independent requests."""
    chance = Random(f"arrivals/{trace.kind}/{trace.seed}")
    arrivals: list[list[float]] = [[] for _ in range(int(trace.duration))]
    for second, times in enumerate(arrivals):
        rate, at = trace.rate_at(float(second)), float(second)
        if rate <= 0:
            continue
        while (at := at + chance.expovariate(rate)) < second + 1:
            times.append(at)
    return arrivals


@dataclass(frozen=True, slots=True)
class _Shape:
    low: float
    high: float
    start: float
    duration: float
    chance: Random


def _service(chance: Random) -> Service:
    max_batch = chance.choice([4, 8, 16])
    base = chance.uniform(0.03, 0.12)
    item = base * chance.uniform(0.15, 0.5)
    delay = chance.choice([0.0, 0.0, 0.005])
    return Service(base, item, max_batch, delay, spread=chance.uniform(0.0, 0.2))


def _step(shape: _Shape) -> RateAt:
    end = shape.start + shape.duration * 0.5
    return lambda time: shape.high if shape.start <= time < end else shape.low


def _ramp(shape: _Shape) -> RateAt:
    rise = shape.duration * shape.chance.uniform(0.15, 0.35)

    def rate(time: float) -> float:
        part = min(max((time - shape.start) / rise, 0.0), 1.0)
        return shape.low + (shape.high - shape.low) * part

    return rate


def _day(shape: _Shape) -> RateAt:
    def rate(time: float) -> float:
        wave = (1 - math.cos(2 * math.pi * time / shape.duration)) / 2
        return shape.low + (shape.high - shape.low) * wave

    return rate


def _spike(shape: _Shape) -> RateAt:
    count, length = shape.chance.randint(2, 3), shape.chance.uniform(60.0, 240.0)
    gap = (shape.duration - shape.start) / count
    return lambda time: (
        shape.high if time >= shape.start and (time - shape.start) % gap < length else shape.low
    )


def _sawtooth(shape: _Shape) -> RateAt:
    period = shape.chance.uniform(480.0, 900.0)
    return lambda time: shape.low + (shape.high - shape.low) * (time % period) / period


def _constant(shape: _Shape) -> RateAt:
    return lambda time: shape.high


def _silence(shape: _Shape) -> RateAt:
    end = shape.duration * 0.5
    return lambda time: shape.high * 0.8 if time < end else 0.0


_RATES: dict[TraceKind, Callable[[_Shape], RateAt]] = {
    TraceKind.STEP: _step,
    TraceKind.RAMP: _ramp,
    TraceKind.DAY: _day,
    TraceKind.SPIKE: _spike,
    TraceKind.SAWTOOTH: _sawtooth,
    TraceKind.OUTAGE_AT_PEAK: _step,
    TraceKind.SICK_REPLICA: _constant,
    TraceKind.SLOW_LOAD: _step,
    TraceKind.SILENCE: _silence,
}
