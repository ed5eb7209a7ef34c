"""Problems of `rollout.canary.analysis` that no schema can find."""

from collections.abc import Iterator

from inference_operator.api.analysis import Analysis, MetricType
from inference_operator.api.problem import Problem
from inference_operator.api.serving_spec import ServingSpec
from inference_operator.domain.query_template import NAMES_OF_ANALYSIS, problem_of
from inference_operator.validation.metric_arguments import argument_problems


def analysis_problems(spec: ServingSpec) -> tuple[Problem, ...]:
    """Return what keeps metrics from being judged: bad queries, and options of Triton by which its
    counters stand still or are missing."""
    canary = spec.rollout.canary
    if canary is None or canary.analysis is None:
        return ()
    uses_gpus = any(m.type is MetricType.GPU_UTILIZATION for m in canary.analysis.metrics)
    gpu_reader = "a metric of type GPUUtilization is judged" if uses_gpus else ""
    return (*_queries(canary.analysis), *argument_problems(spec, gpu_reader))


def _queries(analysis: Analysis) -> Iterator[Problem]:
    for metric in analysis.metrics:
        if metric.query is not None and (problem := problem_of(metric.query, NAMES_OF_ANALYSIS)):
            path = f"spec.rollout.canary.analysis.metrics[{metric.name}].query"
            yield Problem(path, "", problem)
