"""Situation that the rules of the chain decide in, and what each of them answers."""

from collections.abc import Callable
from dataclasses import dataclass

from inference_operator.api.autoscaling import Autoscaling
from inference_operator.api.autoscaling_metric import ScalingMetric
from inference_operator.api.reasons import Reason
from inference_operator.domain.scaling import Limit, MetricLoad, ScalingInput
from inference_operator.domain.scaling_memory import ScalingMemory


@dataclass(frozen=True, slots=True)
class Vote:
    """The number of pods that one metric asks for."""

    metric: ScalingMetric
    load: MetricLoad
    size: int | None
    """None without a value."""

    is_ineffective: bool = False
    """Whether pods that were added because of it have changed nothing, twice."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What a decision is made of. The memory already knows which data this sweep lacks."""

    given: ScalingInput
    memory: ScalingMemory
    now: float
    """Seconds of a clock that no adjustment of the wall clock moves."""

    current: int
    """The number decided last, within the bounds of now."""

    votes: tuple[Vote, ...] = ()
    missing: tuple[MetricLoad, ...] = ()
    """The metrics whose data are not good enough to remove pods."""

    may_shrink: bool = False
    """Whether all data are there, and have been for a full window."""

    @property
    def settings(self) -> Autoscaling:
        return self.given.settings

    def within(self, size: int) -> int:
        """Return the size within the bounds."""
        bounds = self.given.bounds
        return min(max(size, bounds.minimum), bounds.maximum)


@dataclass(frozen=True, slots=True)
class Answer:
    """The size after a rule; and why it is another one than before, if it is."""

    size: int
    reason: Reason | None = None
    message: str = ""

    @property
    def limit(self) -> Limit | None:
        return Limit(self.reason, self.message) if self.reason else None


Rule = Callable[[Situation, int], Answer]
"""Returns the size that a rule makes of the one before."""
