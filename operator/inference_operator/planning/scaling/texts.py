"""Sentences of scaling decisions, with their numbers."""

import math
from datetime import timedelta

from inference_operator.api.autoscaling_metric import ScalingMetric, ScalingMetricType
from inference_operator.api.autoscaling_rules import SHARES
from inference_operator.api.autoscaling_status import (
    AGE_LENGTH,
    NUMBER_LENGTH,
    WHY_LENGTH,
)
from inference_operator.api.base import format_duration
from inference_operator.api.metric_rules import TIMES
from inference_operator.api.quoting import counted
from inference_operator.domain.message_limits import truncate
from inference_operator.domain.scaling import MetricLoad, MetricView
from inference_operator.domain.scaling_memory import ScalingMemory
from inference_operator.planning.number_texts import duration, number, percent
from inference_operator.planning.scaling.laws import Law, is_of_all_pods, law_of
from inference_operator.planning.scaling.situation import Vote

_NAMES = {
    ScalingMetricType.LATENCY: "latency",
    ScalingMetricType.QUEUE_TIME: "queue time",
    ScalingMetricType.PENDING_REQUESTS: "pending requests",
    ScalingMetricType.REQUEST_RATE: "requests a second",
    ScalingMetricType.GPU_UTILIZATION: "GPU utilisation",
    ScalingMetricType.GPU_MEMORY: "GPU memory",
    ScalingMetricType.BATCH_SIZE: "batch size",
    ScalingMetricType.PROMETHEUS: "query",
}
# So that the number of pods has its place in the sentence.
_MISSING_LENGTH = WHY_LENGTH - 100
# Missing metrics that one sentence names.
_MOST_NAMED = 3


def shown(metric: ScalingMetric, value: float) -> str:
    """Return a value with the unit of the metric's target."""
    if metric.type in TIMES:
        return duration(value)
    return percent(value) if metric.type in SHARES else number(value)


def value_text(metric: ScalingMetric, load: MetricLoad) -> str:
    """Return a metric's value; of an answer about all pods, that answer."""
    is_total = is_of_all_pods(metric) and law_of(metric) is Law.TOTAL
    value = load.total if is_total else load.value
    return "" if value is None else truncate(shown(metric, value), NUMBER_LENGTH)


def metric_words(metric: ScalingMetric) -> str:
    """Return the metric's name in a sentence.

    >>> metric_words(ScalingMetric(type="Latency", statistic="p95", target="20ms"))
    'latency p95'
    """
    if metric.name:
        return metric.name
    words = _NAMES[metric.type]
    return f"{words} {metric.statistic}" if metric.statistic else words


def vote_words(vote: Vote, current: int) -> str:
    """Return what a metric measured, beside its target.

    >>> metric = ScalingMetric(type="QueueTime", target="5ms")
    >>> vote_words(Vote(metric, MetricLoad("QueueTime", 9.1, 27.3, pods=3, seen=3), 5), 3)
    'queue time 9.1ms > 5ms on 3 of 3 pods'
    """
    metric, load = vote.metric, vote.load
    name = metric_words(metric)
    if load.is_idle:
        return f"{name}: no requests on {load.seen} of {counted(load.pods, 'pod')}"
    if load.value is None:
        return f"{name} is unknown"
    if is_of_all_pods(metric) and law_of(metric) is Law.TOTAL:
        sign = _sign(load.total, metric.target_number * current)
        return f"{name} {value_text(metric, load)} {sign} {metric.target} for each of {current}"
    sign = _sign(load.value, metric.target_number)
    words = f"{name} {value_text(metric, load)} {sign} {metric.target}"
    if not is_of_all_pods(metric):
        words += f" on {load.seen} of {counted(load.pods, 'pod')}"
    return f"{words} ({load.message})" if load.message and not load.reason else words


def missing_words(missing: tuple[MetricLoad, ...], memory: ScalingMemory, now: float) -> str:
    """Return which metrics are missing and why, and for how long."""
    sentences = [f"{load.label}: {load.message or _why(load)}" for load in missing[:_MOST_NAMED]]
    if len(missing) > _MOST_NAMED:
        sentences.append(f"and {len(missing) - _MOST_NAMED} more")
    words = truncate("; ".join(sentences), _MISSING_LENGTH)
    since = memory.missing_since
    return f"{words} (for {age_text(now - since)})" if since is not None and now > since else words


def age_text(seconds: float) -> str:
    """Return an age in whole seconds, in minutes from two on, and in hours from two on.

    >>> age_text(59.9), age_text(150), age_text(7300)
    ('59s', '2m', '2h')
    """
    whole = max(math.floor(seconds), 0)
    for unit in (3600, 60):
        if whole >= 2 * unit:
            whole -= whole % unit
            return truncate(format_duration(timedelta(seconds=whole)), AGE_LENGTH)
    return f"{whole}s"


def view_of(vote: Vote, memory: ScalingMemory, now: float) -> MetricView:
    """Return a metric as the status shows it: its last known value, if it has none."""
    metric, load = vote.metric, vote.load
    last = memory.values.get(load.label)
    is_old = load.value is None and last is not None
    why = f"{load.reason}: {load.message}" if load.reason else load.message
    return MetricView(
        label=load.label,
        type=metric.type.value,
        name=metric.name or (metric.statistic.value if metric.statistic else None),
        value=(last.text if last and is_old else value_text(metric, load)) or None,
        target=metric.target,
        desired=vote.size,
        reason=truncate(why, WHY_LENGTH) if why else None,
        age=age_text(now - last.at) if last and is_old else None,
        number=load.value,
    )


def _why(load: MetricLoad) -> str:
    if load.missing:
        return f"{load.seen} of {counted(load.pods, 'pod')} have values"
    if load.young:
        return f"{load.young} of {counted(load.pods, 'pod')} are ready for less than the window"
    return "no pod is ready" if not load.pods else "no value"


def _sign(value: float, target: float) -> str:
    return ">" if value > target else "<" if value < target else "="
