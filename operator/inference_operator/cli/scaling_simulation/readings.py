"""Values of metrics over a window, from the scrapes of simulated pods."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from inference_operator.api.analysis import Statistic
from inference_operator.api.autoscaling_metric import ScalingMetric, ScalingMetricType
from inference_operator.cli.scaling_simulation.pods import Pod, Scrape
from inference_operator.cli.scaling_simulation.server import Server
from inference_operator.cli.scaling_simulation.traces import OutageShape
from inference_operator.planning.scaling.percentiles import percentile

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

    pods: Sequence[Pod] = ()
    """The pods that there are, with all that Prometheus has scraped."""

    outage: OutageShape | None = None
    """How Prometheus fails now. The readings have no values then."""


def view_of(
    now: float, pods: Sequence[Pod], metrics: Sequence[ScalingMetric], outage: OutageShape | None
) -> View:
    """Return what Prometheus tells of the pods at a time, in seconds."""
    ready = {pod.name: pod.ready_at for pod in pods if pod.ready_at <= now}
    if outage is not None:
        readings = tuple(Reading(metric, {}) for metric in metrics)
    else:
        readings = tuple(_reading(now, pods, metric) for metric in metrics)
    return View(now, len(pods), ready, readings, pods, outage)


def _reading(now: float, pods: Sequence[Pod], metric: ScalingMetric) -> Reading:
    window, value_of = metric.window.length.total_seconds(), VALUES[metric.type]
    by_pod, idle = {}, set()
    for pod in pods:
        samples = samples_of(pod, now, window)
        if len(samples) < 2:
            continue
        requests = samples[-1].counters.succeeded - samples[0].counters.succeeded
        is_young = pod.ready_at > now - window
        if metric.type in _OF_REQUESTS and not requests:
            idle.add(pod.name)
            continue
        weight = requests if metric.type in _OF_REQUESTS else 1.0
        by_pod[pod.name] = PodValue(value_of(metric, pod.server, samples), weight, is_young)
    return Reading(metric, by_pod, frozenset(idle))


def samples_of(pod: Pod, now: float, window: float) -> list[Scrape]:
    """Return the scrapes of a pod within the last `window` seconds, the oldest first."""
    return [each for each in pod.scrapes if now - window <= each.at <= now]


def _rate(first: Scrape, last: Scrape) -> float:
    grown = last.counters.succeeded - first.counters.succeeded
    failed = last.counters.failed - first.counters.failed
    return (grown + failed) / (last.at - first.at)


ValueOf = Callable[[ScalingMetric, Server, Sequence[Scrape]], float]


def _mean_of(field: str) -> ValueOf:
    def value(metric: ScalingMetric, server: Server, samples: Sequence[Scrape]) -> float:
        first, last = samples[0].counters, samples[-1].counters
        grown = getattr(last, field) - getattr(first, field)
        return float(grown / (last.succeeded - first.succeeded) / _US_OF_MS)

    return value


def _latency(metric: ScalingMetric, server: Server, samples: Sequence[Scrape]) -> float:
    if metric.statistic in (None, Statistic.MEAN):
        return _mean_of("request_us")(metric, server, samples)
    first, last = samples[0].counters.buckets, samples[-1].counters.buckets
    grown = accumulate(after - before for before, after in zip(first, last, strict=True))
    buckets = dict(zip((*map(float, server.bounds), math.inf), map(float, grown), strict=True))
    estimate = percentile(buckets, int(str(metric.statistic).removeprefix("p")) / 100)
    return estimate[0] if estimate is not None else 0.0


def _batch_size(metric: ScalingMetric, server: Server, samples: Sequence[Scrape]) -> float:
    first, last = samples[0].counters, samples[-1].counters
    batches = (last.executions - first.executions) * server.service.max_batch
    return (last.succeeded - first.succeeded) / batches


def _rate_of(metric: ScalingMetric, server: Server, samples: Sequence[Scrape]) -> float:
    return _rate(samples[0], samples[-1])


def _gauge(field: str) -> ValueOf:
    return lambda metric, server, samples: (
        math.fsum(getattr(each, field) for each in samples) / len(samples)
    )


VALUES: Mapping[ScalingMetricType, ValueOf] = {
    ScalingMetricType.LATENCY: _latency,
    ScalingMetricType.QUEUE_TIME: _mean_of("queue_us"),
    ScalingMetricType.PENDING_REQUESTS: _gauge("pending"),
    ScalingMetricType.REQUEST_RATE: _rate_of,
    ScalingMetricType.GPU_UTILIZATION: _gauge("utilization"),
    ScalingMetricType.BATCH_SIZE: _batch_size,
}
"""The metrics that a simulation has, from two scrapes or more."""

_OF_REQUESTS = frozenset(
    {ScalingMetricType.LATENCY, ScalingMetricType.QUEUE_TIME, ScalingMetricType.BATCH_SIZE}
)
