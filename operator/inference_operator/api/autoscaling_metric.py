"""`spec.autoscaling.metrics`: what the number of pods follows, and the targets."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from inference_operator.api.analysis import LONGEST_QUERY, MetricName, Statistic, Window
from inference_operator.api.autoscaling_rules import METRIC_RULES, SHARES
from inference_operator.api.base import ApiModel, parse_quantity
from inference_operator.api.limit_text import milliseconds_of, share_of
from inference_operator.api.metric_rules import TIMES
from inference_operator.api.rules import Rule, text


class ScalingMetricType(StrEnum):
    """What a metric measures."""

    LATENCY = "Latency"
    QUEUE_TIME = "QueueTime"
    PENDING_REQUESTS = "PendingRequests"
    REQUEST_RATE = "RequestRate"
    GPU_UTILIZATION = "GPUUtilization"
    GPU_MEMORY = "GPUMemory"
    BATCH_SIZE = "BatchSize"
    PROMETHEUS = "Prometheus"


_RATIO = frozenset(
    {ScalingMetricType.LATENCY, ScalingMetricType.QUEUE_TIME, ScalingMetricType.GPU_UTILIZATION}
)
_ADDING = frozenset({ScalingMetricType.GPU_MEMORY, ScalingMetricType.BATCH_SIZE})


class TargetType(StrEnum):
    """How the answer to a query is compared with the target."""

    VALUE = "Value"
    AVERAGE_VALUE = "AverageValue"


Target = Annotated[
    str,
    Field(min_length=1, max_length=24),
    text(
        r"[0-9]{1,9}(\.[0-9]{1,9})?(%|us|ms|s|m|k|M|G|T|Ki|Mi|Gi|Ti)?",
        "a duration such as 5ms, a percentage such as 70%, or a number such as 4",
        "write one number, and the unit of the metric",
    ),
]


class ScalingMetric(ApiModel):
    """One metric, and the target that enough pods keep."""

    rules: ClassVar[tuple[Rule, ...]] = METRIC_RULES

    type: ScalingMetricType
    """Latency: time from a request to its answer. QueueTime: mean time in Triton's queue.
    PendingRequests: requests that wait, of each pod. RequestRate: requests in a second, of each
    pod. GPUUtilization: mean use of the pods' GPUs. GPUMemory: used share of their memory.
    BatchSize: mean batch, as a share of maxBatchSize. Prometheus: the answer to `query`. GPUMemory
    and BatchSize add pods, and remove none."""

    name: MetricName | None = None
    """Name of the metric in messages and in the status. Absent: its type. Two metrics of one type
    need it."""

    statistic: Statistic | None = None
    """For Latency: the percentile of all requests, or the mean of those that succeeded. A
    percentile needs Triton 26.01 or later, and its histogram (`triton.metrics.latencyBuckets`)."""

    target: Target
    """What enough pods keep: a duration for Latency and QueueTime, a percentage for GPUUtilization,
    GPUMemory and BatchSize, a number for the others."""

    target_type: TargetType | None = None
    """For Prometheus. Value: the answer is what one pod has, such as a latency, and the ready pods
    are multiplied by answer / target. AverageValue: the answer is a sum over all pods, such as a
    queue's length, and there shall be one pod for each `target` of it."""

    query: Annotated[str, Field(min_length=1, max_length=LONGEST_QUERY)] | None = None
    """For Prometheus: a query that answers one series. The operator writes `$namespace`, `$model`
    and `$revision` as texts with their quotes, and `$window` as a duration."""

    window: Window = Window.ONE_MINUTE
    """Time over which the value is summed or averaged."""

    @property
    def label(self) -> str:
        """Return the words by which messages and the status name the metric: no two have the same.

        >>> ScalingMetric(type="Latency", statistic="p95", target="20ms").label
        'Latency p95'
        """
        words = (self.type, self.statistic) if self.statistic else (self.type,)
        return self.name or " ".join(words)

    @property
    def has_ratio(self) -> bool:
        """Return whether each pod has the value, so that the pods are multiplied by its ratio to
        the target. Otherwise the value is a sum over the pods.

        >>> ScalingMetric(type="QueueTime", target="5ms").has_ratio
        True
        """
        return self.type in _RATIO or self.target_type is TargetType.VALUE

    @property
    def only_adds(self) -> bool:
        """Return whether it is never the reason to remove a pod."""
        return self.type in _ADDING

    @property
    def target_number(self) -> float:
        """Return the target as a number: durations in ms, percentages as shares.

        >>> ScalingMetric(type="QueueTime", target="500us").target_number
        0.5
        >>> ScalingMetric(type="GPUUtilization", target="70%").target_number
        0.7
        >>> ScalingMetric(type="RequestRate", target="1.5k").target_number
        1500.0
        """
        if self.type in TIMES:
            return milliseconds_of(self.target)
        return share_of(self.target) if self.type in SHARES else float(parse_quantity(self.target))
