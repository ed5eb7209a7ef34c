"""The families of metrics, and the queries, that the metrics of autoscaling are computed from."""

from inference_operator.api.analysis import Statistic, Window
from inference_operator.api.autoscaling import Autoscaling
from inference_operator.api.autoscaling_metric import ScalingMetric, ScalingMetricType
from inference_operator.domain.measurement import Family
from inference_operator.domain.query_template import fill, problem_of
from inference_operator.domain.scaling_question import ScalingQuestion

_BY_TYPE = {
    ScalingMetricType.QUEUE_TIME: frozenset({Family.QUEUE_TIME}),
    ScalingMetricType.PENDING_REQUESTS: frozenset({Family.PENDING}),
    ScalingMetricType.REQUEST_RATE: frozenset[Family](),
    ScalingMetricType.GPU_UTILIZATION: frozenset({Family.GPU_UTILIZATION}),
    ScalingMetricType.GPU_MEMORY: frozenset({Family.GPU_MEMORY}),
    ScalingMetricType.BATCH_SIZE: frozenset({Family.INFERENCES, Family.EXECUTIONS}),
    ScalingMetricType.PROMETHEUS: frozenset[Family](),
}
# Requests that wait or fail tell a silent service from one that does not answer any more.
_ALWAYS = frozenset(
    {Family.REQUESTS, Family.FAILURES, Family.PENDING, Family.FRESHNESS, Family.PROBES}
)
_GAUGES = frozenset({Family.PENDING, Family.GPU_UTILIZATION, Family.GPU_MEMORY})


def families_of(metric: ScalingMetric) -> frozenset[Family]:
    """Return the families that a metric is computed from, beside those of every unit."""
    if metric.type is ScalingMetricType.LATENCY:
        is_mean = metric.statistic is Statistic.MEAN
        return frozenset({Family.REQUEST_TIME if is_mean else Family.BUCKETS})
    return _BY_TYPE[metric.type]


def all_families(settings: Autoscaling) -> frozenset[Family]:
    """Return the families that a unit's autoscaling asks for."""
    return _ALWAYS.union(*(families_of(metric) for metric in settings.metrics))


def counters_of(settings: Autoscaling) -> frozenset[Family]:
    """Return those of the families that are counters of Triton's."""
    return all_families(settings) - _GAUGES - {Family.FRESHNESS, Family.PROBES}


def windows_of(settings: Autoscaling) -> frozenset[Window]:
    """Return the windows of the metrics."""
    return frozenset(metric.window for metric in settings.metrics)


def user_query(question: ScalingQuestion, metric: ScalingMetric) -> str | None:
    """Return the text of a user's query about the stable revision, as Prometheus is asked; None for
    one with a wrong name, and before there is a revision."""
    query = metric.query or ""
    if not query or not question.tracks or problem_of(query):
        return None
    stable = question.tracks[0]
    values = {
        "namespace": question.unit.namespace,
        "model": stable.model,
        "revision": stable.revision,
    }
    return fill(query, values, metric.window)


def user_queries(question: ScalingQuestion) -> tuple[str, ...]:
    """Return the distinct texts of a unit's user queries."""
    texts = (user_query(question, metric) for metric in question.settings.metrics)
    return tuple(dict.fromkeys(text for text in texts if text is not None))
