"""Laws from a metric's value to the number of pods that keeps its target.

Ratio: a value that each pod has, such as a latency. The ready pods, times value / target.
Total: a sum over the pods, such as waiting requests. One pod for each target of it.

Ready pods without a value, because they are young or it is missing, count as 0 when pods are to be
added, and as the target when they are to be removed; pods that start count as 0 in the first case.
Neither turns the direction.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from inference_operator.api.autoscaling import Autoscaling
from inference_operator.api.autoscaling_metric import ScalingMetric, ScalingMetricType
from inference_operator.domain.scaling import MetricLoad

LARGEST = 10_000
"""More than any spec allows. A value that cannot be true asks for no more."""

# Floats of a sum that is 3 may say 3.0000000000000004.
_ROUNDING = 1e-9


class Law(StrEnum):
    """How a value becomes a number of pods."""

    RATIO = "Ratio"
    TOTAL = "Total"


@dataclass(frozen=True, slots=True)
class Tolerances:
    """Parts of the target by which a value may differ from it."""

    up: float
    down: float

    @classmethod
    def of(cls, settings: Autoscaling) -> "Tolerances":
        behavior = settings.behavior
        return cls(behavior.scale_up.tolerance_number, behavior.scale_down.tolerance_number)


def law_of(metric: ScalingMetric) -> Law:
    """Return the law of a metric."""
    return Law.RATIO if metric.has_ratio else Law.TOTAL


def is_of_all_pods(metric: ScalingMetric) -> bool:
    """Return whether the value is one of all pods together, so that none of them can lack it."""
    return metric.type is ScalingMetricType.PROMETHEUS


def desired(
    metric: ScalingMetric, load: MetricLoad, current: int, tolerances: Tolerances
) -> int | None:
    """Return the number of pods that a metric asks for, 0 to `LARGEST`; None without a value.

    It is `current` within the tolerances. Whether the value is good is the rule about missing data.
    """
    if load.is_idle:
        return 0
    value = load.total if law_of(metric) is Law.TOTAL else load.value
    if load.value is None or value is None or not math.isfinite(value):
        return None
    base = load.seen
    if is_of_all_pods(metric):
        base = load.pods if law_of(metric) is Law.RATIO else current
    pods = base if law_of(metric) is Law.RATIO else 1
    used = max(value, 0.0) * pods / metric.target_number
    if base <= 0:
        return current
    unknown = 0 if is_of_all_pods(metric) else load.pods - load.seen
    if used > base:
        pods = base if is_of_all_pods(metric) else max(current, load.pods)
        return _more(used, pods, current, tolerances)
    return _fewer(used + unknown, base + unknown, current, tolerances)


def _more(used: float, pods: int, current: int, tolerances: Tolerances) -> int:
    """Return the pods for the work of `used` pods that are each at the target, which `pods` do.

    >>> _more(5.4, 3, 3, Tolerances(0.1, 0.1)), _more(5.4, 5, 5, Tolerances(0.1, 0.1))
    (6, 5)
    """
    is_within = used <= pods * (1 + tolerances.up) + _ROUNDING
    return current if is_within else max(_ceiled(used), current)


def _fewer(filled: float, pods: int, current: int, tolerances: Tolerances) -> int:
    """Return the same, where the pods do less than they could.

    >>> _fewer(3.5, 5, 5, Tolerances(0.1, 0.1)), _fewer(4.5, 5, 5, Tolerances(0.1, 0.1))
    (4, 5)
    """
    is_within = filled >= pods * (1 - tolerances.down) - _ROUNDING
    return current if is_within else min(_ceiled(filled), current)


def _ceiled(pods: float) -> int:
    return math.ceil(min(pods, LARGEST) - _ROUNDING)
