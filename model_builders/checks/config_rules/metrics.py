"""Rules for `model_metrics` (ValidateModelMetrics in core's model_config_utils.cc; prometheus-cpp,
which Triton uses, refuses bounds of a histogram that do not ascend)."""

from collections.abc import Iterator
from itertools import pairwise

from inference_operator.api.problem import Problem
from model_builders.checks.config_rules.subject import Subject

_FIELD = "model_metrics"


def metrics(subject: Subject) -> Iterator[Problem]:
    for index, control in enumerate(subject.config.model_metrics.metric_control):
        place = f".metric_control[{index}]"
        if not control.metric_identifier.family:
            yield Problem(
                subject.at(_FIELD, f"{place}.metric_identifier.family"),
                "no name",
                "the name of a metric",
                "write nv_inference_first_response_histogram_ms, or use triton.metrics",
            )
        buckets = list(control.histogram_options.buckets)
        path = subject.at(_FIELD, f"{place}.histogram_options.buckets")
        if not buckets:
            yield Problem(path, "no bounds", "one or more", "write them, such as [5, 10, 50]")
        elif any(not lower < upper for lower, upper in pairwise(buckets)):
            yield Problem(path, "bounds out of order, or twice", "ascending bounds", "sort them")
