"""Problems of `spec.autoscaling` that no schema can find."""

from collections.abc import Iterator
from decimal import ROUND_DOWN, Decimal

from inference_operator.api.analysis import Statistic
from inference_operator.api.autoscaling import Autoscaling
from inference_operator.api.autoscaling_metric import ScalingMetric, ScalingMetricType
from inference_operator.api.autoscaling_rules import SHARES
from inference_operator.api.base import parse_quantity
from inference_operator.api.custom_resources import AnySpec
from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.model import Model
from inference_operator.api.problem import Problem
from inference_operator.domain.query_template import problem_of
from inference_operator.validation.metric_arguments import (
    argument_problems,
    turns_on_histograms,
)
from inference_operator.validation.schedule_problems import schedule_problems

_OF_GPUS = (ScalingMetricType.GPU_UTILIZATION, ScalingMetricType.GPU_MEMORY)
# In the text of an override, as in that of an argument.
_HISTOGRAM = "histogram"


def autoscaling_problems(spec: AnySpec) -> tuple[Problem, ...]:
    """Return what keeps the number of pods from following the load: metrics that cannot have a
    value, targets that cannot be exceeded, bad queries, zones and times."""
    autoscaling = spec.autoscaling
    if autoscaling is None:
        return ()
    gpu_reader = next(
        (
            f"autoscaling has a metric of type {m.type}"
            for m in autoscaling.metrics
            if _is_of_gpu(m)
        ),
        "",
    )
    return (
        *(problem for i, m in enumerate(autoscaling.metrics) for problem in _metric(i, m, spec)),
        *_targets(autoscaling),
        *argument_problems(spec, gpu_reader),
        *schedule_problems(autoscaling),
    )


def _is_of_gpu(metric: ScalingMetric) -> bool:
    return metric.type in _OF_GPUS


def _metric(index: int, metric: ScalingMetric, spec: AnySpec) -> Iterator[Problem]:
    """Yield why a metric can have no value."""
    path = f"spec.autoscaling.metrics[{index}]"
    if _is_of_gpu(metric) and spec.accelerator is None:
        yield Problem(
            f"{path}.type",
            f"{metric.type}, and pods without a GPU",
            "spec.accelerator",
            "add it (`accelerator: {}` asks for one nvidia.com/gpu), or use PendingRequests",
        )
    if metric.type is ScalingMetricType.BATCH_SIZE and not _batches(spec):
        yield Problem(
            f"{path}.type",
            "BatchSize, and maxBatchSize 0",
            "maxBatchSize of 1 or more, of which the metric is a share",
            "set maxBatchSize, or use PendingRequests",
        )
    if metric.statistic not in (None, Statistic.MEAN) and not _has_histogram(spec):
        yield Problem(
            f"{path}.statistic",
            f"{metric.statistic}, and no histogram of latencies{_gateway_words(spec)}",
            "triton.metrics.latencyBuckets, which need Triton 26.01 or later",
            "add them, or write mean",
        )
    if metric.query is not None and (problem := problem_of(metric.query)):
        yield Problem(f"{path}.query", "", problem)


def _gateway_words(spec: AnySpec) -> str:
    """Return why a gateway's histogram, which an analysis may read, does not help; "" without a
    gateway."""
    canary = spec.rollout.canary
    if canary is None or canary.gateway is None:
        return ""
    return " of pods (the gateway's is of a Service: an analysis may use it, autoscaling may not)"


def _targets(autoscaling: Autoscaling) -> Iterator[Problem]:
    """Yield the shares that cannot be exceeded: no pod would ever be added."""
    tolerance = parse_quantity(autoscaling.behavior.scale_up.tolerance)
    most = (100 / (1 + tolerance)).quantize(Decimal(1), ROUND_DOWN)
    for index, metric in enumerate(autoscaling.metrics):
        if metric.type in SHARES and Decimal(metric.target.removesuffix("%")) > most:
            yield Problem(
                f"spec.autoscaling.metrics[{index}].target",
                metric.target,
                f"at most {most}%, since pods are added above the target and its tolerance of"
                f" {autoscaling.behavior.scale_up.tolerance}",
                f"lower it to {most}% or less",
            )


def _models(spec: AnySpec) -> Iterator[Model]:
    """Yield the models that are written in the spec itself."""
    if isinstance(spec, InferenceModelSpec):
        yield spec.model
    else:
        yield from (step.model for step in spec.steps if step.model is not None)


def _refers(spec: AnySpec) -> bool:
    """Return whether a step has the settings of another resource, which are not known here."""
    if isinstance(spec, InferenceModelSpec):
        return False
    return any(step.model_ref is not None for step in spec.steps)


def _batches(spec: AnySpec) -> bool:
    return _refers(spec) or any(
        model.max_batch_size >= 1
        # The registry may know it.
        or (model.source.from_registry and not model.has("max_batch_size"))
        for model in _models(spec)
    )


def _has_histogram(spec: AnySpec) -> bool:
    """Return whether a percentile may have a source. A gateway's histogram is none: it has no value
    of each pod, so missing pods would not be seen, and a retry or the network would add pods."""
    if _refers(spec) or turns_on_histograms(spec):
        return True
    if _HISTOGRAM in str(spec.triton.config_overrides or ""):
        return True
    if isinstance(spec, InferenceModelSpec):
        return bool(spec.triton.metrics and spec.triton.metrics.latency_buckets)
    return any(_HISTOGRAM in str(step.triton.config_overrides or "") for step in spec.steps)
