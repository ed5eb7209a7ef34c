"""Pods that hang: requests wait, and none is answered. Their metrics do not tell a small load."""

import math
from dataclasses import replace

from inference_operator.api.autoscaling_metric import ScalingMetric
from inference_operator.domain.measurement import Family
from inference_operator.domain.scaling import MetricLoad
from inference_operator.planning.measuring.coverage import warning_of
from inference_operator.planning.scaling.pod_history import over
from inference_operator.planning.scaling.sight import Sight

NO_ANSWERS = "NoAnswers"
LONGEST_HANG = 30.0
"""Seconds without an answer, while requests wait, that are a hang. A long window still has the
answers from before it, and its rate falls slowly."""


def waiting(sight: Sight, metric: ScalingMetric) -> float | None:
    """Return the mean number of requests that wait; None if that of a pod is not known."""
    total = 0.0
    for name, view in sight.views.items():
        samples = sight.samples(name, Family.PENDING, metric)
        if not samples and view.gap is None:
            return None
        for sample in samples:
            if not isinstance(sample.value, float) or not math.isfinite(sample.value):
                return None
            total += max(sample.value, 0.0)
    return None if warning_of(sight.sweep, {Family.PENDING}) else total


def waiting_words(number: float | None) -> str:
    """Return what is said of pods that have answered nothing, while so many requests wait."""
    return (
        "no count of those that wait" if number is None else "requests wait, and none was answered"
    )


def without_hang(sight: Sight, metric: ScalingMetric, load: MetricLoad) -> MetricLoad:
    """Return the load, by which no pod may be removed if requests wait and none was answered for
    half a minute, or for the metric's window: a rate, and the use of a GPU, fall then."""
    if load.value is None or not load.can_shrink or _has_answered(sight, metric):
        return load
    number = waiting(sight, metric)
    if number == 0:
        return load
    return replace(load, can_shrink=False, reason=NO_ANSWERS, message=waiting_words(number))


def _has_answered(sight: Sight, metric: ScalingMetric) -> bool:
    """Return whether a pod has answered a request; also while none was counted for so long."""
    span = min(metric.window.length.total_seconds(), LONGEST_HANG)
    spans = [over(history, span) for history in sight.histories.values()]
    counted = [totals for totals, _ in filter(None, spans)]
    return not counted or any(totals.requests > 0 for totals in counted)
