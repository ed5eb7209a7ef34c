"""`status.autoscaling`: the last decision about the number of pods."""

from typing import Annotated

from pydantic import Field

from inference_operator.api.autoscaling import MOST_SCALING_METRICS
from inference_operator.api.conditions import StatusModel, Time
from inference_operator.api.rollout_status import Count

NUMBER_LENGTH = 63
AGE_LENGTH = 24
WHY_LENGTH = 512

NumberText = Annotated[str, Field(max_length=NUMBER_LENGTH)]
AgeText = Annotated[str, Field(max_length=AGE_LENGTH)]


class ScalingMetricStatus(StatusModel):
    """One metric at the last decision."""

    type: NumberText
    """Type of the metric."""

    name: NumberText | None = None
    """Name of the metric, or its statistic, where the type alone does not tell it apart."""

    value: NumberText | None = None
    """Value with its unit. While there is none, the last one."""

    target: NumberText | None = None
    """The target."""

    desired: Count | None = None
    """Number of pods that this metric asks for. Absent: none, since its value is missing."""

    reason: Annotated[str, Field(max_length=WHY_LENGTH)] | None = None
    """Why the value is missing, or which model of a pipeline it is of."""

    age: AgeText | None = None
    """Age of the value, if it is not of this decision, such as 4m."""


class AutoscalingStatus(StatusModel):
    """The last decision about the number of pods. It is written with a decision, or when metrics
    begin or end to be missing; live values are the operator's metrics."""

    desired_replicas: Count | None = None
    """The number of pods that was decided."""

    last_scale_time: Time | None = None
    """Time when that number last changed."""

    load_time: AgeText | None = None
    """Time from the start of a pod to its first answer, such as 9s. After pods were added, the
    next ones wait that long."""

    latency: NumberText | None = None
    """Latency at that decision, if a metric has it, for `kubectl get -o wide`."""

    metrics: Annotated[tuple[ScalingMetricStatus, ...], Field(max_length=MOST_SCALING_METRICS)] = ()
    """The metrics at that decision."""
