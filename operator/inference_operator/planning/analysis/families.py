"""The families of metrics that the metrics of an analysis are computed from."""

from inference_operator.api.analysis import Analysis, AnalysisMetric, MetricType, Statistic
from inference_operator.domain.analysis import AnalysisQuestion
from inference_operator.domain.measurement import GATEWAY_FAMILIES, Family

_BY_TYPE = {
    MetricType.ERROR_RATE: frozenset({Family.REQUESTS, Family.FAILURES}),
    MetricType.QUEUE_TIME: frozenset({Family.REQUESTS, Family.QUEUE_TIME}),
    MetricType.GPU_UTILIZATION: frozenset({Family.GPU_UTILIZATION}),
    MetricType.PROMETHEUS: frozenset[Family](),
}
_MEAN_LATENCY = frozenset({Family.REQUESTS, Family.REQUEST_TIME})
_PERCENTILE = frozenset({Family.REQUESTS, Family.BUCKETS})
# Requests are always counted: they tell the load of a pod. The sidecar's are no client's.
_ALWAYS = frozenset({Family.REQUESTS, Family.FRESHNESS, Family.PROBES})

_CORE = frozenset({Family.REQUESTS, Family.FAILURES, Family.FRESHNESS, Family.PROBES})


def families_of(metric: AnalysisMetric) -> frozenset[Family]:
    """Return the families that a metric is computed from."""
    if metric.type is MetricType.LATENCY:
        return _MEAN_LATENCY if metric.statistic in (None, Statistic.MEAN) else _PERCENTILE
    return _BY_TYPE[metric.type]


def all_families(settings: Analysis) -> frozenset[Family]:
    """Return the families that a unit's analysis asks for."""
    return _ALWAYS.union(*(families_of(metric) for metric in settings.metrics))


def core_families(settings: Analysis) -> frozenset[Family]:
    """Return the families without which nothing is counted, whatever a metric is of.

    Requests without the failed ones would look better than they were.
    """
    return all_families(settings) & _CORE


def asked_families(question: AnalysisQuestion) -> frozenset[Family]:
    """Return the families that a unit's question needs: the gateway's too, if it has one."""
    families = all_families(question.settings)
    return families | GATEWAY_FAMILIES if asks_gateway(question) else families


def asks_gateway(question: AnalysisQuestion) -> bool:
    """Return whether percentiles of the unit may come from a gateway's histogram."""
    has_percentile = Family.BUCKETS in all_families(question.settings)
    return has_percentile and question.stable.service is not None


def counters_of(settings: Analysis) -> frozenset[Family]:
    """Return those of the families that are counters of Triton's."""
    others = {Family.GPU_UTILIZATION, Family.FRESHNESS, Family.PROBES}
    return all_families(settings) - others
