"""Number of pods that autoscaling gives a unit in a pass, and the decision to report."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from inference_operator.api.autoscaling import Autoscaling
from inference_operator.api.reasons import Reason
from inference_operator.domain.delays import earliest
from inference_operator.domain.rollout_state import Decision
from inference_operator.domain.scaling_question import ScalingAnswer
from inference_operator.domain.schedules import Bounds

# A unit gets no pass when another unit frees accelerators.
_LOOK_FOR_NODES = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Autoscaled:
    """What autoscaling says of a unit."""

    size: int
    """The number of pods that one revision needs."""

    before: int
    """The number of the last pass; the one that there is, if no pass has decided one."""

    settings: Autoscaling
    bounds: Bounds
    at: datetime
    """The time of the pass."""

    is_measured: bool
    """Whether the operator has a Prometheus."""

    answer: ScalingAnswer | None = None
    load_time: float | None = None
    """Seconds from the start of a pod to its first answer."""

    @property
    def decision(self) -> Decision | None:
        """Return why the number is another one than at the last pass; None if it is not."""
        if self.size == self.before or not self.before:
            return None
        source, target, is_more = str(self.before), str(self.size), self.size > self.before
        change = self.answer.change if self.answer else None
        if change is not None and change.size == self.size and change.is_more == is_more:
            return Decision(change.reason, change.message, source, target)
        reason = Reason.SCALED_UP if is_more else Reason.SCALED_DOWN
        return Decision(reason, f"{source} -> {target}: {self._cause}", source, target)

    @property
    def _cause(self) -> str:
        """Return why the number changes without a decision about metrics."""
        is_more, bounds = self.size > self.before, self.bounds
        if self.size != (bounds.minimum if is_more else bounds.maximum):
            # Nobody remembers why: the operator began, or the status was edited.
            return f"{self.size} pods were there already"
        words = f"{'minReplicas' if is_more else 'maxReplicas'} is {self.size}"
        of_schedules = ", ".join(bounds.schedules)
        return f"{words} (schedule {of_schedules})" if of_schedules else words

    @property
    def next_look(self) -> timedelta | None:
        """Return when a schedule changes the bounds, or the nodes may have more room."""
        limited = self.answer.decision.limited if self.answer else None
        is_full = limited is not None and limited.reason is Reason.GPU_CAPACITY
        until = self.bounds.until
        return earliest(
            _LOOK_FOR_NODES if is_full else None,
            max(until - self.at, timedelta(seconds=1)) if until else None,
        )
