"""Values of metrics that are computed from counters: latencies, queues, rates and batches."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from inference_operator.api.analysis import Statistic
from inference_operator.api.autoscaling_metric import ScalingMetric, ScalingMetricType
from inference_operator.domain.measurement import Family
from inference_operator.domain.scaling import MetricLoad
from inference_operator.planning.measuring.counters import Missing
from inference_operator.planning.measuring.coverage import Trouble, coverage
from inference_operator.planning.measuring.totals import Totals
from inference_operator.planning.scaling.families import families_of
from inference_operator.planning.scaling.hangs import NO_ANSWERS, waiting, waiting_words
from inference_operator.planning.scaling.percentiles import percentile
from inference_operator.planning.scaling.pod_history import over
from inference_operator.planning.scaling.sight import Sight

_REVISION = "revision"


@dataclass(frozen=True, slots=True)
class Counted:
    """The pods whose counters are known over a metric's window, and why others are not."""

    pods: tuple[tuple[Totals, float], ...]
    """What each did, and in how many seconds."""

    young: int
    trouble: Trouble | None

    @property
    def totals(self) -> Totals:
        """What all of them did; there must be one.

        Raises:
            ValueError: without pods.
        """
        first, *others = (each for each, _ in self.pods)
        for each in others:
            first = first.plus(each)
        return first

    @property
    def rates(self) -> list[float]:
        """Requests a second of each pod."""
        return [totals.requests / seconds for totals, seconds in self.pods]


@dataclass(frozen=True, slots=True)
class Measured:
    """A value, and what is to be said of it."""

    value: float | None
    message: str = ""
    is_exact: bool = True
    """Whether the value is no more than a lower bound."""


def counted(sight: Sight, metric: ScalingMetric) -> Counted:
    """Return what the pods of a track did over a metric's window."""
    families = families_of(metric) | {Family.REQUESTS}
    views = sight.views_for(metric)
    cover = coverage(views, families)
    trouble = cover.trouble(_REVISION, sight.sweep)
    gaps = {name for name, _ in cover.gaps}
    pods, young = [], 0
    for name, view in views.items():
        if name in gaps:
            continue
        history = sight.histories.get(name)
        is_fresh = history is not None and view.gap is None
        if history is not None and sight.now - history.progressed > sight.sweep.age_limit:
            words = f"{name} has had no new sample for {sight.now - history.progressed:.0f} s"
            trouble = Trouble(Missing.STALE.value, words)
            continue
        spans = over(history, metric.window.length.total_seconds()) if history else None
        if spans is None or not is_fresh:
            young += 1
        else:
            pods.append(spans)
    return Counted(tuple(pods), young, trouble)


def counter_load(sight: Sight, metric: ScalingMetric) -> MetricLoad:
    """Return the load by a metric that is computed from counters."""
    seen = counted(sight, metric)
    pods, number = len(sight.track.pods), len(seen.pods)
    reason, message = (seen.trouble.reason, seen.trouble.message) if seen.trouble else ("", "")
    base = MetricLoad(metric.label, None, 0.0, pods, number, seen.young, False, True)
    if not number:
        young = "Young" if pods and not seen.trouble else reason
        words = message or _young_words(seen.young, pods)
        return replace(base, reason=young, message=words)
    measured = _MEASURES[metric.type](sight, metric, seen)
    if measured.value is None:
        return _without_value(sight, metric, seen, base)
    return MetricLoad(
        metric.label,
        measured.value,
        measured.value * number,
        pods,
        number,
        seen.young,
        can_shrink=measured.is_exact and not reason,
        reason=reason or ("" if measured.is_exact else "BeyondBuckets"),
        message=message or measured.message,
    )


def _without_value(
    sight: Sight, metric: ScalingMetric, seen: Counted, base: MetricLoad
) -> MetricLoad:
    """Return why pods that were scraped have no value: no request, or none that was answered."""
    totals, number = seen.totals, waiting(sight, metric)
    if totals.successes > 0:
        # The family was not read before.
        return replace(base, seen=0, young=base.pods - base.missing, reason="Young")
    if totals.requests > 0:
        return replace(base, seen=0, reason="NoSuccess", message="all requests failed")
    if number != 0:
        return replace(base, seen=0, reason=NO_ANSWERS, message=waiting_words(number))
    if seen.trouble:
        why = seen.trouble
        return replace(base, is_idle=True, can_shrink=False, reason=why.reason, message=why.message)
    return replace(base, is_idle=True)


def _latency(sight: Sight, metric: ScalingMetric, seen: Counted) -> Measured:
    totals = seen.totals
    if metric.statistic in (None, Statistic.MEAN):
        return Measured(totals.request_us / totals.timed / 1000 if totals.timed > 0 else None)
    share = int(str(metric.statistic).removeprefix("p")) / 100
    estimate = percentile(totals.buckets, share)
    if estimate is None:
        return Measured(None)
    value, is_exact = estimate
    words = "" if is_exact else "slower than the largest boundary of the histogram"
    return Measured(value, words, is_exact)


def _queue_time(sight: Sight, metric: ScalingMetric, seen: Counted) -> Measured:
    """Return the mean time in the queue: of a pipeline, that of the slowest of its models."""
    queues = seen.totals.queues
    means = {
        model: queues[model][1] / queues[model][0] / 1000
        for model in sight.models
        if model in queues and queues[model][0] > 0
    }
    return _largest(means, sight, "slowest")


def _batch_size(sight: Sight, metric: ScalingMetric, seen: Counted) -> Measured:
    """Return the mean batch as a share of the largest one: of a pipeline, the fullest model's."""
    batches, largest = seen.totals.batches, max(sight.question.max_batch_size, 1)
    means = {
        model: batches[model][0] / batches[model][1] / largest
        for model in sight.models
        if model in batches and batches[model][1] > 0
    }
    return _largest(means, sight, "fullest")


def _rate(sight: Sight, metric: ScalingMetric, seen: Counted) -> Measured:
    return Measured(math.fsum(seen.rates) / len(seen.rates))


def _largest(means: dict[str, float], sight: Sight, superlative: str) -> Measured:
    if not means:
        return Measured(None)
    model = max(means, key=means.__getitem__)
    words = f"model {model}, the {superlative} of {len(means)}" if sight.track.step_models else ""
    return Measured(means[model], words)


def _young_words(young: int, pods: int) -> str:
    return f"{young} of {pods} pods are scraped for less than the window" if pods else ""


_MEASURES: dict[ScalingMetricType, Callable[[Sight, ScalingMetric, Counted], Measured]] = {
    ScalingMetricType.LATENCY: _latency,
    ScalingMetricType.QUEUE_TIME: _queue_time,
    ScalingMetricType.REQUEST_RATE: _rate,
    ScalingMetricType.BATCH_SIZE: _batch_size,
}
