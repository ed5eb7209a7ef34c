"""How a new revision takes over: a state machine that is asked once a pass.

A new revision is brought up beside the stable one; clients move when its model answers on all
wanted replicas and there is a Service to move; the previous one keeps its pods for
`scaleDownDelay`.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from inference_operator.api.conditions import format_time
from inference_operator.api.reasons import Reason
from inference_operator.domain.rollout_state import Decision, RolloutState
from inference_operator.domain.serving_unit import RolloutSettings


@dataclass(frozen=True, slots=True)
class RolloutFacts:
    """What the state machine decides from."""

    target: str
    """The revision that the spec wants."""

    replicas: int
    ready: int
    """The target's pods in which the model answers."""

    settings: RolloutSettings
    now: datetime
    served: str | None
    """The revision that the Service selects; None where there is none, or somebody else's."""

    artifact: str = ""
    """What the target serves: the registry's version, or those of a pipeline's steps, in words."""

    cause: str = ""
    """What made a new revision of an unchanged spec."""

    @property
    def named(self) -> str:
        """The target as decisions name it."""
        return f"{self.target} of {self.artifact}" if self.artifact else self.target


@dataclass(frozen=True, slots=True)
class Transition:
    """Where the rollout stands now, what was decided, and when to look again."""

    position: RolloutState
    decisions: tuple[Decision, ...] = ()
    stuck: str = ""
    """Why the rollout does not go on by itself; empty while it does."""

    paused: bool = False
    wake_after: timedelta | None = None


def advance(position: RolloutState, seen: RolloutFacts) -> Transition:
    """One step of the rollout towards the revision that the spec wants."""
    position, _ = scale_down(position, seen.settings, seen.now)
    step = _towards_target(position, seen)
    delay = _until_scale_down(step.position, seen.settings, seen.now)
    waits = [w for w in (step.wake_after, delay) if w is not None]
    return replace(step, wake_after=min(waits) if waits else None)


def _towards_target(position: RolloutState, seen: RolloutFacts) -> Transition:
    if seen.target == position.stable:
        return _settled(position)
    if seen.settings.paused and position.stable is not None:
        return _pause(position, seen)
    if seen.target == position.candidate:
        return _progress(position, seen)
    return _start(position, seen)


def _pause(position: RolloutState, seen: RolloutFacts) -> Transition:
    # The deadline starts anew when the pause ends.
    return Transition(
        replace(position, since=None),
        stuck=f"revision {seen.target} waits because spec.rollout.paused is true;"
        f" revision {position.stable} goes on serving",
        paused=True,
    )


def _settled(position: RolloutState) -> Transition:
    if position.candidate is None:
        return Transition(position)
    decision = Decision(
        Reason.ABORTED,
        f"the spec went back to revision {position.stable}, which still serves;"
        f" revision {position.candidate} is given up",
        position.candidate,
        position.stable,
    )
    return Transition(replace(position, candidate=None, since=None, progress=0), (decision,))


def _start(position: RolloutState, seen: RolloutFacts) -> Transition:
    begun = replace(position, candidate=seen.target, since=seen.now, progress=0)
    decision = Decision(
        Reason.REVISION_CREATED,
        f"revision {seen.named} is brought up with {seen.replicas} replicas"
        + (f" beside revision {position.stable}" if position.stable else "")
        + (f": {seen.cause}" if seen.cause else ""),
        position.candidate or position.stable,
        seen.target,
    )
    then = _progress(begun, seen)
    return replace(then, decisions=(decision, *then.decisions))


def _progress(position: RolloutState, seen: RolloutFacts) -> Transition:
    since = position.since or seen.now
    if seen.ready >= seen.replicas:
        if seen.served in (position.serving, seen.target):
            return _promote(position, seen)
        # The Service comes first, and may never come: its name may be taken.
        return Transition(replace(position, progress=max(position.progress, seen.ready)))
    if seen.ready > position.progress:
        since = seen.now
    # The most that ever answered: a pod that comes and goes is no progress.
    moved = replace(position, since=since, progress=max(position.progress, seen.ready))
    left = seen.settings.progress_deadline - (seen.now - since)
    if left > timedelta(0):
        return Transition(moved, wake_after=left)
    return Transition(
        moved,
        # Without a running clock: each word that changes is a write.
        stuck=f"revision {seen.target} made no progress since {format_time(since)}"
        f" (progressDeadline {int(seen.settings.progress_deadline.total_seconds())} s):"
        f" its model answers on {seen.ready} of {seen.replicas} replicas"
        + (f"; revision {position.stable} goes on serving" if position.stable else ""),
    )


def _promote(position: RolloutState, seen: RolloutFacts) -> Transition:
    decision = Decision(
        Reason.PROMOTED,
        f"revision {seen.named} answers on {seen.ready} of {seen.replicas} replicas"
        + (
            f"; clients moved to it from revision {position.stable}"
            if position.stable
            else "; clients are sent to it"
        ),
        position.stable,
        seen.target,
    )
    promoted = RolloutState(stable=seen.target, previous=position.stable, promoted_at=seen.now)
    return Transition(promoted, (decision,))


def _not_later(position: RolloutState, now: datetime) -> RolloutState:
    """Times to come, which only an edit of the status leaves, count as now: delays end."""
    since, promoted_at = position.since, position.promoted_at
    return replace(
        position,
        since=min(since, now) if since else None,
        promoted_at=min(promoted_at, now) if promoted_at else None,
    )


def scale_down(
    position: RolloutState, settings: RolloutSettings, now: datetime
) -> tuple[RolloutState, timedelta | None]:
    """Without the previous revision once its delay is over, and how long that takes yet."""
    position = _not_later(position, now)
    left = _until_scale_down(position, settings, now)
    if left is None or left > timedelta(0):
        return position, left
    return replace(position, previous=None), None


def _until_scale_down(
    position: RolloutState, settings: RolloutSettings, now: datetime
) -> timedelta | None:
    if position.previous is None or position.promoted_at is None:
        return None
    return settings.scale_down_delay - (now - position.promoted_at)
