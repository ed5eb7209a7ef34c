"""Values of metrics over a window, from the scrapes of simulated pods."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from inference_operator.api.autoscaling_metric import ScalingMetric, ScalingMetricType
from inference_operator.cli.scaling_simulation.pods import Pod, Scrape
from inference_operator.cli.scaling_simulation.traces import OutageShape

SECONDS = {"1m": 60.0, "2m": 120.0, "5m": 300.0}
"""Windows of metrics, in seconds."""

_US_OF_MS = 1e3


@dataclass(frozen=True, slots=True)
class PodValue:
    """The value of one pod over a window."""

    value: float
    """In the unit of the metric's target."""

    weight: float
    """Requests that a mean over time is of; 1 for other metrics."""

    is_young: bool
    """Whether the pod is ready for less than the window."""

    recent: float | None = None
    """The value since the scrape before the last one; None if nothing was measured since."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One metric of all pods. A pod without two scrapes in the window has no value."""

    metric: ScalingMetric
    by_pod: Mapping[str, PodValue]
    """Pods without a request have no value of a time, as Prometheus answers NaN for 0 / 0."""

    idle: frozenset[str] = frozenset()
    """The pods that have no value for that reason."""


@dataclass(frozen=True, slots=True)
class View:
    """What a law may know when it decides."""

    now: float
    size: int
    """The number of pods decided last."""

    ready: Mapping[str, float]
    """The ready pods, and since when they are, in seconds."""

    readings: tuple[Reading, ...]
    """One for each metric of the settings."""

    rate: float | None
    """Requests a second of all pods; None while nothing is measured."""

    outage: OutageShape | None = None
    """How Prometheus fails now. The readings have no values then."""


def view_of(
    now: float, pods: Sequence[Pod], metrics: Sequence[ScalingMetric], outage: OutageShape | None
) -> View:
    """Return what Prometheus tells of the pods at a time, in seconds."""
    ready = {pod.name: pod.ready_at for pod in pods if pod.ready_at <= now}
    if outage is not None:
        readings = tuple(Reading(metric, {}) for metric in metrics)
        return View(now, len(pods), ready, readings, None, outage)
    readings = tuple(_reading(now, pods, metric) for metric in metrics)
    rates = [
        _rate(samples[0], samples[-1])
        for pod in pods
        if len(samples := _samples(now, pod, 60.0)) > 1
    ]
    return View(now, len(pods), ready, readings, math.fsum(rates) if rates else None)


def _reading(now: float, pods: Sequence[Pod], metric: ScalingMetric) -> Reading:
    window, value_of = SECONDS[metric.window], VALUES[metric.type]
    by_pod, idle = {}, set()
    for pod in pods:
        samples = _samples(now, pod, window)
        if len(samples) < 2:
            continue
        requests = samples[-1].counters.succeeded - samples[0].counters.succeeded
        is_young = pod.ready_at > now - window
        if metric.type in _OF_REQUESTS and not requests:
            idle.add(pod.name)
            continue
        newest = samples[-2:]
        is_answered = newest[1].counters.succeeded > newest[0].counters.succeeded
        recent = value_of(newest) if is_answered else None
        weight = requests if metric.type in _OF_REQUESTS else 1.0
        by_pod[pod.name] = PodValue(value_of(samples), weight, is_young, recent)
    return Reading(metric, by_pod, frozenset(idle))


def _samples(now: float, pod: Pod, window: float) -> list[Scrape]:
    return [each for each in pod.scrapes if now - window <= each.at <= now]


def _rate(first: Scrape, last: Scrape) -> float:
    grown = last.counters.succeeded - first.counters.succeeded
    failed = last.counters.failed - first.counters.failed
    return (grown + failed) / (last.at - first.at)


def _mean_of(field: str) -> Callable[[Sequence[Scrape]], float]:
    def value(samples: Sequence[Scrape]) -> float:
        first, last = samples[0].counters, samples[-1].counters
        grown = getattr(last, field) - getattr(first, field)
        return float(grown / (last.succeeded - first.succeeded) / _US_OF_MS)

    return value


def _gauge(field: str) -> Callable[[Sequence[Scrape]], float]:
    return lambda samples: math.fsum(getattr(each, field) for each in samples) / len(samples)


VALUES: Mapping[ScalingMetricType, Callable[[Sequence[Scrape]], float]] = {
    ScalingMetricType.LATENCY: _mean_of("request_us"),
    ScalingMetricType.QUEUE_TIME: _mean_of("queue_us"),
    ScalingMetricType.PENDING_REQUESTS: _gauge("pending"),
    ScalingMetricType.REQUEST_RATE: lambda samples: _rate(samples[0], samples[-1]),
    ScalingMetricType.GPU_UTILIZATION: _gauge("utilization"),
}
"""The metrics that a simulation has, from two scrapes or more. Latency is the mean."""

_OF_REQUESTS = frozenset({ScalingMetricType.LATENCY, ScalingMetricType.QUEUE_TIME})
