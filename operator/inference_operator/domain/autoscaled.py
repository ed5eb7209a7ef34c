"""Number of pods that autoscaling gives a unit in a pass, and the decision to report."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from inference_operator.api.autoscaling import Autoscaling
from inference_operator.api.reasons import Reason
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
        change = self.answer.change if self.answer else None
        source, target = str(self.before), str(self.size)
        if change is not None and change.size == self.size:
            return Decision(change.reason, change.message, source, target)
        is_more = self.size > self.before
        bound = f"minReplicas is {self.size}" if is_more else f"maxReplicas is {self.size}"
        of_schedules = ", ".join(self.bounds.schedules)
        words = f"{bound} (schedule {of_schedules})" if of_schedules else bound
        reason = Reason.SCALED_UP if is_more else Reason.SCALED_DOWN
        return Decision(reason, f"{source} -> {target}: {words}", source, target)

    @property
    def next_look(self) -> timedelta | None:
        """Return when a schedule changes the bounds, or the nodes may have more room."""
        limited = self.answer.decision.limited if self.answer else None
        if limited is not None and limited.reason is Reason.GPU_CAPACITY:
            return _LOOK_FOR_NODES
        until = self.bounds.until
        return max(until - self.at, timedelta(seconds=1)) if until else None
