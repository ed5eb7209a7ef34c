"""Sweep of simulated pods: what Prometheus answers to the operator about them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from inference_operator.api.analysis import Window
from inference_operator.api.autoscaling import Autoscaling
from inference_operator.cli.scaling_simulation.pods import Pod, Scrape
from inference_operator.cli.scaling_simulation.readings import View, samples_of
from inference_operator.cli.scaling_simulation.traces import OutageShape
from inference_operator.domain.measurement import (
    Family,
    FamilySamples,
    NoAnswer,
    Outage,
    PodName,
    Sample,
    Sweep,
)
from inference_operator.planning.scaling.families import all_families, windows_of

MODEL = "model"
"""Name of the model in Triton."""

DELAY = 1.0
"""Seconds ago that the operator asks for."""

BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
"""Time of the wall clock at second 0, if none is given: a Monday at midnight."""

_REFUSED = NoAnswer(Outage.UNREACHABLE, "connection refused")
_NOTHING: Mapping[Family, tuple[Sample, ...]] = {}


def sweep_of(view: View, settings: Autoscaling, namespace: str, begin: datetime = BEGIN) -> Sweep:
    """Return what a Prometheus in the state of the view answers to the operator."""
    moment = view.now - DELAY
    at, families = begin + timedelta(seconds=moment), all_families(settings)
    if view.outage is OutageShape.REFUSED:
        return Sweep(at, dict.fromkeys(families, _REFUSED), {})
    by_pod = {}
    for pod in view.pods if view.outage is None else ():
        name = PodName(namespace, pod.name)
        samples = _samples(pod, name, moment, begin)
        if samples:
            gauges = _gauges(pod, name, moment, windows_of(settings))
            by_pod[name] = {**samples, **gauges}
    answers = {
        family: FamilySamples(
            tuple(s for each in by_pod.values() for s in each.get(family, ())), 0, 0, ()
        )
        for family in families
    }
    return Sweep(at, answers, by_pod)


def _samples(
    pod: Pod, name: PodName, moment: float, begin: datetime
) -> Mapping[Family, tuple[Sample, ...]]:
    """Return the counters at the last scrape until then; nothing before the first one."""
    last = next((each for each in reversed(pod.scrapes) if each.at <= moment), None)
    if last is None:
        return _NOTHING

    def one(labels: tuple[str, ...], value: float) -> tuple[Sample, ...]:
        return (Sample(name, None, labels, float(value)),)

    counters, own = last.counters, (MODEL, "1")
    samples = {
        Family.REQUESTS: one(own, counters.succeeded),
        Family.FAILURES: one((*own, "REJECTED"), counters.failed),
        Family.REQUEST_TIME: one(own, counters.request_us),
        Family.QUEUE_TIME: one(own, counters.queue_us),
        Family.INFERENCES: one(own, counters.succeeded),
        Family.EXECUTIONS: one(own, counters.executions),
        Family.FRESHNESS: one((), begin.timestamp() + last.at),
    }
    if pod.server.bounds:
        labels = [*map(str, pod.server.bounds), "+Inf"]
        sums = zip(labels, accumulate(counters.buckets), strict=True)
        samples[Family.BUCKETS] = tuple(
            Sample(name, None, (MODEL, le), float(count)) for le, count in sums
        )
    return samples


def _gauges(
    pod: Pod, name: PodName, moment: float, windows: frozenset[Window]
) -> Mapping[Family, tuple[Sample, ...]]:
    """Return the means over the windows."""
    waiting, use = [], []
    for window in sorted(windows):
        scrapes = samples_of(pod, moment, window.length.total_seconds())
        if scrapes:
            waiting.append(Sample(name, window, (MODEL, "1"), _mean(scrapes, "pending")))
            use.append(Sample(name, window, (pod.name,), _mean(scrapes, "utilization")))
    return {Family.PENDING: tuple(waiting), Family.GPU_UTILIZATION: tuple(use)}


def _mean(scrapes: Sequence[Scrape], field: str) -> float:
    return float(sum(getattr(each, field) for each in scrapes) / len(scrapes))
