"""Limits of a spec that a picture can show as lines."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from inference_operator.api.analysis import AnalysisMetric, MetricType, Statistic
from inference_operator.api.limit_text import milliseconds_of, share_of


@dataclass(frozen=True, slots=True)
class Limits:
    """Absolute limits, by the name of their metric."""

    errors: Mapping[str, float] = field(default_factory=dict)
    """Shares of failed requests."""

    p95: Mapping[str, float] = field(default_factory=dict)
    """Latencies in ms."""


def limits_of(metrics: tuple[AnalysisMetric, ...]) -> Limits:
    """Return the absolute limits of error rates and of 95th percentiles.

    >>> metric = AnalysisMetric(name="errors", type="ErrorRate", max="1%")
    >>> limits_of((metric,)).errors
    {'errors': 0.01}
    """
    errors = {
        metric.name: share_of(metric.max)
        for metric in metrics
        if metric.type is MetricType.ERROR_RATE and metric.max and metric.max.endswith("%")
    }
    p95 = {
        metric.name: milliseconds_of(metric.max)
        for metric in metrics
        if metric.statistic is Statistic.P95 and metric.max and metric.max.endswith("s")
    }
    return Limits(errors, p95)
