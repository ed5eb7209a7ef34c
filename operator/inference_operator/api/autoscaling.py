"""`spec.autoscaling`: a number of pods that follows the load."""

from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from inference_operator.api.analysis import MetricName
from inference_operator.api.autoscaling_behavior import Behavior
from inference_operator.api.autoscaling_metric import ScalingMetric
from inference_operator.api.autoscaling_rules import (
    AUTOSCALING_RULES,
    FALLBACK_RULES,
    SCHEDULE_RULES,
)
from inference_operator.api.base import ApiModel, Duration, Int
from inference_operator.api.rules import Rule, UniqueBy, text

MOST_SCALING_METRICS = 8
MOST_SCHEDULES = 8
LONGEST_CRON = 100

AutoscaledReplicas = Annotated[Int, Field(ge=1, le=1000)]

Cron = Annotated[
    str,
    Field(max_length=LONGEST_CRON),
    text(
        r"[-0-9A-Za-z*/,#]+( [-0-9A-Za-z*/,#]+){4}",
        "five fields with a space between them: minute, hour, day of month, month, day of week",
        "write a time such as 0 9 * * 1-5",
    ),
]
TimeZone = Annotated[
    str,
    Field(min_length=1, max_length=64),
    text(
        r"[A-Za-z][-+_A-Za-z0-9]*(/[A-Za-z][-+_A-Za-z0-9]*){0,3}",
        "a name of the time zone database, such as America/New_York",
        "write the region and the city, or UTC",
    ),
]


class Fallback(ApiModel):
    """The number of pods while there are no metrics."""

    rules: ClassVar[tuple[Rule, ...]] = FALLBACK_RULES

    after: Duration = timedelta(minutes=3)
    """How long a metric must be missing: 30s to 24h."""

    replicas: AutoscaledReplicas
    """Least number of pods from then on. If there are more, they stay."""


class Schedule(ApiModel):
    """Bounds that hold at certain times. Of several schedules at the same time, the largest minimum
    and the largest maximum hold."""

    rules: ClassVar[tuple[Rule, ...]] = SCHEDULE_RULES

    name: MetricName
    """Name of the schedule in messages."""

    time_zone: TimeZone
    """Time zone of start and end, such as America/New_York or UTC."""

    start: Cron
    """When the bounds begin to hold: minute, hour, day of month, month, day of week, as in a
    crontab."""

    end: Cron
    """When they end."""

    min_replicas: AutoscaledReplicas | None = None
    """Least number of pods from start to end. Absent: that of autoscaling."""

    max_replicas: AutoscaledReplicas | None = None
    """Largest number of pods from start to end. Absent: that of autoscaling."""


class Autoscaling(ApiModel):
    """A number of pods that follows the load."""

    rules: ClassVar[tuple[Rule, ...]] = AUTOSCALING_RULES

    min_replicas: AutoscaledReplicas = 1
    """Least number of pods."""

    max_replicas: AutoscaledReplicas
    """Largest number of pods."""

    metrics: Annotated[
        tuple[ScalingMetric, ...], Field(min_length=1, max_length=MOST_SCALING_METRICS)
    ]
    """What the number follows. The metric that asks for the most pods rules."""

    behavior: Behavior = Behavior()
    """How fast the number may change."""

    fallback: Fallback | None = None
    """The number of pods while metrics are missing. Absent: the pods that there are stay."""

    schedules: Annotated[
        tuple[Schedule, ...], Field(max_length=MOST_SCHEDULES), UniqueBy("name")
    ] = ()
    """Bounds that hold at certain times."""
