"""Problems of `rollout.canary.analysis` that no schema can find."""

from collections.abc import Iterator

from inference_operator.api.analysis import Analysis, MetricType
from inference_operator.api.problem import Problem
from inference_operator.api.quoting import quoted
from inference_operator.api.serving_spec import ServingSpec
from inference_operator.domain.query_template import problem_of

# getopt accepts abbreviations of options, as long as only one option begins with them.
_METRICS_CONFIG, _GPU_METRICS = "--metrics-config", "--allow-gpu-metrics"
_SHORTEST = len("--metrics-c")
_COUNTERS = "counter_latencies"


def analysis_problems(spec: ServingSpec) -> tuple[Problem, ...]:
    """Return what keeps metrics from being judged: bad queries, and options of Triton by which its
    counters stand still or are missing."""
    canary = spec.rollout.canary
    if canary is None or canary.analysis is None:
        return ()
    return (*_queries(canary.analysis), *_arguments(spec, canary.analysis))


def _queries(analysis: Analysis) -> Iterator[Problem]:
    for metric in analysis.metrics:
        problem = problem_of(metric.query) if metric.query is not None else ""
        if problem:
            path = f"spec.rollout.canary.analysis.metrics[{metric.name}].query"
            yield Problem(path, "", problem)


def _arguments(spec: ServingSpec, analysis: Analysis) -> Iterator[Problem]:
    uses_gpus = any(metric.type is MetricType.GPU_UTILIZATION for metric in analysis.metrics)
    for index, argument in enumerate(spec.triton.extra_args):
        name, _, setting = argument.partition("=")
        requirement = ""
        if _is(name, _METRICS_CONFIG) and setting.partition("=")[0].strip() == _COUNTERS:
            if setting != f"{_COUNTERS}=true":
                requirement = (
                    f"no setting of {_COUNTERS}: without it, Triton's counters stand still"
                )
        elif _is(name, _GPU_METRICS) and uses_gpus and setting.lower() not in ("true", "1"):
            requirement = "GPU metrics, since a metric of type GPUUtilization is judged"
        if requirement:
            path = f"spec.triton.extraArgs[{index}]"
            yield Problem(path, quoted(argument, "`"), requirement, "remove it")


def _is(name: str, option: str) -> bool:
    return option.startswith(name) and len(name) >= _SHORTEST
