"""`status.autoscaling`: the last decision about the number of pods."""

from datetime import datetime, timedelta

from inference_operator.api.autoscaling_metric import ScalingMetricType
from inference_operator.api.autoscaling_status import AutoscalingStatus, ScalingMetricStatus
from inference_operator.api.base import format_duration
from inference_operator.api.conditions import Condition, ConditionType
from inference_operator.domain.autoscaled import Autoscaled
from inference_operator.domain.observed import Observed
from inference_operator.domain.scaling import MetricView
from inference_operator.planning.plan import Plan
from inference_operator.planning.sizing import is_illegible


def autoscaling_status(
    seen: Observed, plan: Plan, conditions: tuple[Condition, ...], now: datetime
) -> AutoscalingStatus | None:
    """Return the status. It stays as it is while neither the number nor the state of the metrics
    changes: values change with each sweep, and each change would be a write."""
    scaled, before = plan.autoscaled, seen.status.autoscaling
    if is_illegible(plan.assessment.invalid):
        return before
    if scaled is None:
        return None
    is_same = before is not None and before.desired_replicas == plan.sizes.unit
    if before is not None and is_same and _state(conditions) == _state(seen.status.conditions):
        return before
    last = before.last_scale_time if before else None
    metrics = _metrics(scaled, is_same=is_same)
    return AutoscalingStatus(
        desired_replicas=plan.sizes.unit,
        last_scale_time=last if is_same or scaled.decision is None else now,
        load_time=_load_time(scaled.load_time),
        latency=_latency(metrics),
        metrics=tuple(map(_metric, metrics)),
    )


def _state(conditions: tuple[Condition, ...]) -> tuple[object, ...]:
    kinds = (ConditionType.SCALING_ACTIVE, ConditionType.SCALING_LIMITED)
    return tuple((c.type, c.status, c.reason) for c in conditions if c.type in kinds)


def _metrics(scaled: Autoscaled, *, is_same: bool) -> tuple[MetricView, ...]:
    """Return the metrics of the decision that led to the number, or of the last one."""
    answer = scaled.answer
    if answer is None:
        return ()
    change = answer.change
    is_of_change = not is_same and change is not None and change.size == scaled.size
    return change.metrics if change is not None and is_of_change else answer.decision.metrics


def _metric(metric: MetricView) -> ScalingMetricStatus:
    return ScalingMetricStatus(
        type=metric.type,
        name=metric.name,
        value=metric.value,
        target=metric.target,
        desired=metric.desired,
        reason=metric.reason,
        age=metric.age,
    )


def _latency(metrics: tuple[MetricView, ...]) -> str | None:
    of_latency = (each.value for each in metrics if each.type == ScalingMetricType.LATENCY)
    return next(of_latency, None)


def _load_time(seconds: float | None) -> str | None:
    return None if seconds is None else format_duration(timedelta(seconds=round(seconds)))
