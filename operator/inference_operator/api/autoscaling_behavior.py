"""`spec.autoscaling.behavior`: how fast the number of pods may change.

Names and meaning are those of a HorizontalPodAutoscaler (autoscaling/v2).
"""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from inference_operator.api.autoscaling_rules import SCALE_DOWN_RULES, TOLERANCE_RULES
from inference_operator.api.base import ApiModel, Int, Quantity, parse_quantity
from inference_operator.api.rules import Rule

MOST_POLICIES = 4


class PolicyType(StrEnum):
    """What `value` counts."""

    PERCENT = "Percent"
    PODS = "Pods"


class SelectPolicy(StrEnum):
    """Which policy rules if there are several."""

    MAX = "Max"
    MIN = "Min"
    DISABLED = "Disabled"


class ScalingPolicy(ApiModel):
    """The largest change within a time."""

    type: PolicyType
    """Percent: of the pods that there were at the start of the time. Pods: a number of them."""

    value: Annotated[Int, Field(ge=1, le=10_000)]
    """Most percent or pods that are added, or removed."""

    period_seconds: Annotated[Int, Field(ge=1, le=1800)]
    """Length of the time, in seconds."""


Policies = Annotated[tuple[ScalingPolicy, ...], Field(min_length=1, max_length=MOST_POLICIES)]
WindowSeconds = Annotated[Int, Field(ge=0, le=3600)]


class ScalingRules(ApiModel):
    """How fast the number of pods may change in one direction."""

    stabilization_window_seconds: WindowSeconds
    """Time whose recommendations count."""

    select_policy: SelectPolicy = SelectPolicy.MAX
    """Max: the policy that allows the largest change. Min: that which allows the smallest.
    Disabled: no change in this direction."""

    tolerance: Quantity = "0.1"
    """Part of the target by which a metric may differ from it before pods are added or removed:
    0.1 is a tenth."""

    policies: Policies
    """The largest changes within times."""

    @property
    def tolerance_number(self) -> float:
        """Return the tolerance as a number.

        >>> ScaleUp(tolerance="50m").tolerance_number
        0.05
        """
        return float(parse_quantity(self.tolerance))


class ScaleUp(ScalingRules):
    """How fast pods are added."""

    rules: ClassVar[tuple[Rule, ...]] = TOLERANCE_RULES

    stabilization_window_seconds: WindowSeconds = 0
    """Time over which the smallest recommendation counts, in seconds."""

    policies: Policies = (
        ScalingPolicy(type=PolicyType.PERCENT, value=100, period_seconds=15),
        ScalingPolicy(type=PolicyType.PODS, value=4, period_seconds=15),
    )
    """The most pods that are added within a time."""


class ScaleDown(ScalingRules):
    """How fast pods are removed."""

    rules: ClassVar[tuple[Rule, ...]] = SCALE_DOWN_RULES

    stabilization_window_seconds: WindowSeconds = 300
    """Time over which the largest recommendation counts, in seconds."""

    policies: Policies = (ScalingPolicy(type=PolicyType.PERCENT, value=25, period_seconds=60),)
    """The most pods that are removed within a time. A HorizontalPodAutoscaler removes all within
    15 seconds."""


class Behavior(ApiModel):
    """How fast the number of pods may change."""

    scale_up: ScaleUp = ScaleUp()
    """How fast pods are added."""

    scale_down: ScaleDown = ScaleDown()
    """How fast pods are removed."""
