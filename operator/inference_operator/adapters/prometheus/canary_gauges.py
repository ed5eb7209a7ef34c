"""Last verdicts on canaries and their evidence, among the operator's own metrics."""

import math
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from inference_operator.domain.analysis import AnalysisResult
from inference_operator.domain.names import UnitKey
from model_builders.statistics.evidence import log_mean

_UNIT = ("kind", "namespace", "name")
Results = Callable[[], Iterable[tuple[UnitKey, AnalysisResult]]]
"""Returns the last answers about the canaries that there are now."""


class CanaryGauges(Collector):
    """Collector of the last verdicts. A unit without a canary has no samples."""

    def __init__(self, registry: CollectorRegistry, results: Results) -> None:
        self._results = results
        registry.register(self)

    def describe(self) -> list[GaugeMetricFamily]:
        """Return the families without values: there are none at first."""
        return list(_families())

    def collect(self) -> list[GaugeMetricFamily]:
        """Return the families. Evidence is a logarithm of base 10: from 2 on, it decides."""
        verdict, of_metric, samples, evidence = _families()
        for unit, result in self._results():
            labels = (unit.kind, unit.namespace, unit.name)
            verdict.add_metric((*labels, str(result.verdict)), 1)
            for metric in result.metrics:
                of_metric.add_metric((*labels, metric.name, str(metric.verdict)), 1)
                samples.add_metric((*labels, metric.name), metric.samples)
            for limit in result.evidence:
                for claim, logarithms in (("exceeded", limit.above), ("kept", limit.below)):
                    value = log_mean(logarithms) / math.log(10)
                    evidence.add_metric((*labels, limit.metric, limit.limit, claim), value)
        return [verdict, of_metric, samples, evidence]


def _families() -> tuple[GaugeMetricFamily, ...]:
    return (
        GaugeMetricFamily(
            "inference_operator_canary_verdict",
            "1 for the last verdict on a canary.",
            labels=(*_UNIT, "verdict"),
        ),
        GaugeMetricFamily(
            "inference_operator_canary_metric_verdict",
            "1 for the last verdict on one metric of a canary.",
            labels=(*_UNIT, "metric", "verdict"),
        ),
        GaugeMetricFamily(
            "inference_operator_canary_metric_samples",
            "Requests of a canary that a metric was judged by.",
            labels=(*_UNIT, "metric"),
        ),
        GaugeMetricFamily(
            "inference_operator_canary_evidence_log10",
            "Logarithm of the evidence that a limit is exceeded, or that twice the limit is kept."
            " From 2 on it decides.",
            labels=(*_UNIT, "metric", "limit", "claim"),
        ),
    )
