"""Load of a unit's pods, and the decision about their number that follows from it."""

import math
from dataclasses import dataclass, field
from enum import StrEnum

from inference_operator.api.autoscaling import Autoscaling
from inference_operator.api.reasons import Reason
from inference_operator.domain.schedules import Bounds


@dataclass(frozen=True, slots=True)
class MetricLoad:
    """One metric at a sweep: its value, or why it has none. A missing value is never zero."""

    label: str
    """The metric's words in messages, which no other metric of the unit has."""

    value: float | None = None
    """Mean of a pod, in the unit of the metric's target; None without a value."""

    total: float = 0.0
    """Sum over the pods that were seen; for an answer about all pods, the answer."""

    pods: int = 0
    """Ready pods."""

    seen: int = 0
    """Of them, those that the value is of."""

    young: int = 0
    """Of them, those that are ready for less than the metric's window. None of them was seen."""

    is_idle: bool = False
    """Whether the pods were scraped and had no request."""

    can_shrink: bool = True
    """Whether the value is good enough to remove pods by it."""

    reason: str = ""
    """Why there is no value, or no good one, as a CamelCase word; empty for a good value."""

    message: str = ""
    """The same as a sentence; for a good value, which model of a pipeline it is of."""

    @property
    def is_missing(self) -> bool:
        """Whether nothing is known, though there are pods that should show it."""
        return self.value is None and not self.is_idle and self.young < self.pods

    @property
    def is_known(self) -> bool:
        """Whether there is a value, or no request that could have one."""
        return self.value is not None or self.is_idle

    @property
    def missing(self) -> int:
        """Ready pods without a value that should have one.

        >>> MetricLoad("Latency", value=5.0, pods=5, seen=3, young=1).missing
        1
        """
        return max(self.pods - self.seen - self.young, 0)

    @property
    def is_whole(self) -> bool:
        """Whether pods may be removed by it: all pods have a good value, or no request."""
        return self.is_known and self.can_shrink and self.missing == 0


@dataclass(frozen=True, slots=True)
class Load:
    """What a sweep says of a unit's load."""

    metrics: tuple[MetricLoad, ...]
    """One for each metric of the spec, in its order."""

    rate: float | None = None
    """Requests a second of all pods; None if it is not known."""


class CanaryState(StrEnum):
    """What a canary allows."""

    NONE = "None"
    RUNNING = "Running"
    """It is inside a step, whose shares depend on the pods that there are."""

    WAITING = "Waiting"
    """It waits for a person, who may take days."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """Pods for which the nodes have accelerators."""

    placed: int
    """Pods of the unit that have a node."""

    free: int
    """Pods that the nodes have accelerators for, beside those that pods of this operator have or
    will have. What pods of others have is not known, so it may be too many."""

    resource: str
    """The resource that a pod asks for, such as nvidia.com/gpu."""

    nodes: int
    """Nodes that may have such a pod."""

    new: int = 0
    """Pods of the unit that the scheduler has not looked at yet."""

    waiting: int = 0
    """Pods of the unit that no node can take now."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else decides about a size, beside the load."""

    load_time: float | None = None
    """Seconds from the start of a pod to its first answer; None if no pod has shown it yet."""

    capacity: Capacity | None = None
    """None for a unit without accelerators."""

    canary: CanaryState = CanaryState.NONE


@dataclass(frozen=True, slots=True)
class Limit:
    """Why a size is not the one that the metrics ask for."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class MetricView:
    """One metric of a decision, as texts for people."""

    label: str
    """The metric's words in messages, which no other metric of the unit has."""

    type: str
    name: str | None
    value: str | None
    target: str
    desired: int | None
    reason: str | None = None
    age: str | None = None
    number: float | None = None
    """The value itself, in milliseconds, as a share or as a number; None without one."""


@dataclass(frozen=True, slots=True)
class ScalingDecision:
    """The number of pods that one revision needs, and why."""

    size: int
    before: int
    """The number at the decision before."""

    reason: Reason
    """ScaledUp, ScaledDown, FallbackReached, or why the number stays."""

    message: str
    limited: Limit | None = None
    """Why the number is not the one that the metrics ask for, if it is not."""

    holds: Limit | None = None
    """Which data are missing, so that no pod is removed; None if all are there."""

    metrics: tuple[MetricView, ...] = ()
    is_idle: bool = False
    """Whether all pods were scraped and had no request."""

    has_fallen_back: bool = False
    """Whether a metric has been missing for `fallback.after`."""

    @property
    def has_changed(self) -> bool:
        return self.size != self.before

    @property
    def is_more(self) -> bool:
        return self.size > self.before


@dataclass(frozen=True, slots=True)
class ScalingInput:
    """Everything that a decision is made of, beside the memory."""

    settings: Autoscaling
    bounds: Bounds
    load: Load
    surroundings: Surroundings = field(default_factory=Surroundings)
    longest_gap: float = math.inf
    """Seconds since the decision before, from which on nobody knows what was in between: the data
    count as missing for that time."""
