"""Limits of a spec that a picture can show as lines."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from inference_operator.api.analysis import AnalysisMetric, MetricType, Statistic

_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


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
        metric.name: float(metric.max.rstrip("%")) / 100
        for metric in metrics
        if metric.type is MetricType.ERROR_RATE and metric.max and metric.max.endswith("%")
    }
    p95 = {
        metric.name: milliseconds(metric.max)
        for metric in metrics
        if metric.statistic is Statistic.P95 and metric.max and metric.max.endswith("s")
    }
    return Limits(errors, p95)


def milliseconds(text: str) -> float:
    """Return a duration of a limit in ms.

    >>> milliseconds("20ms"), milliseconds("1.5s"), milliseconds("500us")
    (20.0, 1500.0, 0.5)
    """
    number = text.rstrip("ums")
    return float(number) * _MS[text.removeprefix(number)]
