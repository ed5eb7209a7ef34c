"""Text about autoscaling: the bounds of now, the law of each metric, and the pace of changes."""

from collections.abc import Iterator
from datetime import timedelta

from inference_operator.api.autoscaling import Autoscaling
from inference_operator.api.autoscaling_behavior import (
    PolicyType,
    ScalingPolicy,
    ScalingRules,
    SelectPolicy,
)
from inference_operator.api.autoscaling_metric import ScalingMetric, ScalingMetricType
from inference_operator.api.base import format_duration
from inference_operator.api.conditions import format_time
from inference_operator.api.quoting import counted
from inference_operator.domain.autoscaled import Autoscaled
from inference_operator.domain.schedules import is_in_force


def scaling_lines(scaled: Autoscaled | None) -> Iterator[str]:
    """Yield how the number of pods is found; nothing without autoscaling."""
    if scaled is None:
        return
    settings, bounds = scaled.settings, scaled.bounds
    of_schedules = f" (schedule {', '.join(bounds.schedules)})" if bounds.schedules else ""
    until = f", until {format_time(bounds.until)}" if bounds.until else ""
    yield (
        f"autoscaling: {bounds.minimum} to {bounds.maximum} pods{of_schedules}{until}; the metric"
        " that asks for the most pods rules"
    )
    for metric in settings.metrics:
        yield f"metric {metric.label}: {_law(metric)}"
    behavior = settings.behavior
    yield f"autoscaling: adds {_pace(behavior.scale_up)}; removes {_pace(behavior.scale_down)}"
    yield f"autoscaling: {_without_metrics(settings)}"
    for schedule in settings.schedules:
        state = "in force" if is_in_force(schedule, scaled.at) else "not in force"
        yield (
            f"schedule {schedule.name}: {state}; from {schedule.start} to {schedule.end}"
            f" ({schedule.time_zone})"
        )


def _law(metric: ScalingMetric) -> str:
    """Return the number of pods that a metric asks for, as a formula.

    >>> _law(ScalingMetric(type="QueueTime", target="5ms"))
    'ready pods x mean time in the queue over 1m / 5ms'
    >>> _law(ScalingMetric(type="BatchSize", target="80%", window="5m"))
    'sum of the batches as shares of maxBatchSize over 5m / 80%; it removes no pod'
    """
    words = f"{_value(metric)} over {metric.window} / {metric.target}"
    if metric.has_ratio:
        words = f"ready pods x {words}"
    return f"{words}; it removes no pod" if metric.only_adds else words


def _value(metric: ScalingMetric) -> str:
    if metric.type is ScalingMetricType.LATENCY:
        return f"{metric.statistic} of the request times"
    return _VALUES[metric.type]


_VALUES = {
    ScalingMetricType.QUEUE_TIME: "mean time in the queue",
    ScalingMetricType.PENDING_REQUESTS: "sum of the waiting requests",
    ScalingMetricType.REQUEST_RATE: "sum of the requests a second",
    ScalingMetricType.GPU_UTILIZATION: "mean use of the GPUs",
    ScalingMetricType.GPU_MEMORY: "sum of the used shares of GPU memory",
    ScalingMetricType.BATCH_SIZE: "sum of the batches as shares of maxBatchSize",
    ScalingMetricType.PROMETHEUS: "answer to the query",
}


def _pace(rules: ScalingRules) -> str:
    if rules.select_policy is SelectPolicy.DISABLED:
        return "none"
    chosen = " or " if rules.select_policy is SelectPolicy.MAX else " and "
    policies = chosen.join(map(_policy, rules.policies))
    window = rules.stabilization_window_seconds
    return (
        f"{policies}, after {_seconds(window)} without a reason against it" if window else policies
    )


def _policy(policy: ScalingPolicy) -> str:
    unit = "%" if policy.type is PolicyType.PERCENT else " pods"
    return f"{policy.value}{unit} in {_seconds(policy.period_seconds)}"


def _seconds(number: int) -> str:
    return format_duration(timedelta(seconds=number))


def _without_metrics(settings: Autoscaling) -> str:
    fallback = settings.fallback
    if fallback is None:
        return "while a metric is missing no pod is removed"
    pods, after = counted(fallback.replicas, "pod"), format_duration(fallback.after)
    return f"while a metric is missing no pod is removed; after {after} at least {pods}"
