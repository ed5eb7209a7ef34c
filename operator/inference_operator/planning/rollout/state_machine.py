"""The state machine of a rollout, which advances once a pass.

A new revision starts beside the stable one. When its model answers on all replicas, the Service
shall select it. It is promoted when a later pass observes that the Service does. The previous
revision keeps its pods for `scaleDownDelay`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from inference_operator.api.conditions import format_time
from inference_operator.api.quoting import counted
from inference_operator.api.reasons import Reason
from inference_operator.domain.rollout_state import Decision, RolloutState
from inference_operator.domain.serving_unit import RolloutSettings


@dataclass(frozen=True, slots=True)
class RolloutFacts:
    """The facts that the state machine decides from."""

    target: str
    """The revision of the present spec."""

    replicas: int
    answering: Mapping[str, int]
    """Pods in which the model answers, by revision."""

    settings: RolloutSettings
    now: datetime
    served: str | None
    """The revision that the Service selects; None if the Service is missing or not ours."""

    artifact: str = ""
    """Description of the target's artifact: the registry's version, or a pipeline's steps."""

    revision_cause: str = ""
    """Why an unchanged spec gets a new revision."""

    @property
    def ready(self) -> int:
        """The target's pods in which the model answers."""
        return self.ready_of(self.target)

    @property
    def named(self) -> str:
        """Return the target's name for decisions."""
        return self.name_of(self.target)

    def ready_of(self, revision: str | None) -> int:
        return self.answering.get(revision or "", 0)

    def name_of(self, revision: str) -> str:
        """Return a revision's name for decisions; the artifact is that of the target."""
        is_described = self.artifact and revision == self.target
        return f"{revision} of {self.artifact}" if is_described else revision


@dataclass(frozen=True, slots=True)
class Transition:
    """The new state, the decisions, and when to check again."""

    state: RolloutState
    decisions: tuple[Decision, ...] = ()
    traffic: str | None = None
    """The revision that the plan makes the Service select; None before the first revision."""

    blocked_reason: str = ""
    """Why the rollout does not proceed by itself; empty while it does."""

    paused: bool = False
    wake_after: timedelta | None = None


def advance(state: RolloutState, facts: RolloutFacts) -> Transition:
    """Advance the rollout by one step towards the target."""
    state, _ = scale_down(state, facts.settings, facts.now)
    moved = confirm(state, facts)
    step = _towards_target(moved.state, facts)
    delay = _until_scale_down(step.state, facts.settings, facts.now)
    delays = [d for d in (step.wake_after, delay) if d is not None]
    return replace(
        step,
        decisions=(*moved.decisions, *step.decisions),
        traffic=step.traffic or traffic_of(step.state, facts),
        wake_after=min(delays) if delays else None,
    )


def confirm(state: RolloutState, facts: RolloutFacts) -> Transition:
    """Promote the canary if the Service selects it and its model answers on all replicas."""
    canary = state.canary
    if canary is None or facts.served != canary or facts.target == state.stable:
        return Transition(state)
    if facts.replicas == 0 or facts.ready_of(canary) < facts.replicas:
        return Transition(state)
    return _promote(state, canary, facts)


def traffic_of(state: RolloutState, facts: RolloutFacts) -> str | None:
    """Return the revision that the Service shall select: the stable one.

    Clients who have moved stay, unless the stable revision answers on more pods.
    """
    canary, stable = state.canary, state.stable
    has_moved = canary is not None and facts.served == canary
    if has_moved and facts.ready_of(canary) >= facts.ready_of(stable):
        return canary
    return state.serving


def _towards_target(state: RolloutState, facts: RolloutFacts) -> Transition:
    if facts.target == state.stable:
        return _settled(state)
    if facts.settings.paused and state.stable is not None:
        return _pause(state, facts)
    if facts.target == state.canary:
        return _progress(state, facts)
    return _start(state, facts)


def _pause(state: RolloutState, facts: RolloutFacts) -> Transition:
    # The deadline starts again when the pause ends.
    return Transition(
        replace(state, since=None),
        blocked_reason=f"revision {facts.target} waits because spec.rollout.paused is true;"
        f" revision {state.stable} continues to serve",
        paused=True,
    )


def _settled(state: RolloutState) -> Transition:
    if state.canary is None:
        return Transition(state)
    decision = Decision(
        Reason.ABORTED,
        f"the spec went back to revision {state.stable}, which still serves;"
        f" revision {state.canary} is cancelled",
        state.canary,
        state.stable,
    )
    return Transition(replace(state, canary=None, since=None, progress=0), (decision,))


def _start(state: RolloutState, facts: RolloutFacts) -> Transition:
    begun = replace(state, canary=facts.target, since=facts.now, progress=0)
    decision = Decision(
        Reason.REVISION_CREATED,
        f"revision {facts.named} starts with {counted(facts.replicas, 'replica')}"
        + (f" beside revision {state.stable}" if state.stable else "")
        + (f": {facts.revision_cause}" if facts.revision_cause else ""),
        state.canary or state.stable,
        facts.target,
    )
    then = _progress(begun, facts)
    return replace(then, decisions=(decision, *then.decisions))


def _progress(state: RolloutState, facts: RolloutFacts) -> Transition:
    if facts.replicas == 0:
        # Stable means that it has answered. The deadline starts when the unit is scaled up.
        return Transition(replace(state, since=None))
    since = state.since or facts.now
    if facts.ready >= facts.replicas:
        if facts.served == facts.target:
            return _promote(state, facts.target, facts)
        # The Service must exist first. It may never exist: its name may be taken.
        return Transition(
            replace(state, progress=max(state.progress, facts.ready)),
            traffic=facts.target if facts.served == state.serving else None,
        )
    if facts.ready > state.progress:
        since = facts.now
    # Keep the maximum: a pod that comes and goes is not progress.
    moved = replace(state, since=since, progress=max(state.progress, facts.ready))
    left = facts.settings.progress_deadline - (facts.now - since)
    if left > timedelta(0):
        return Transition(moved, wake_after=left)
    return Transition(
        moved,
        # Name no elapsed time: each change of the message is a write.
        blocked_reason=f"revision {facts.target} has made no progress since {format_time(since)}"
        f" (progressDeadline {int(facts.settings.progress_deadline.total_seconds())} s):"
        f" its model answers on {facts.ready} of {counted(facts.replicas, 'replica')}"
        + (f"; revision {state.stable} continues to serve" if state.stable else ""),
    )


def _promote(state: RolloutState, canary: str, facts: RolloutFacts) -> Transition:
    answering = f"{facts.ready_of(canary)} of {counted(facts.replicas, 'replica')}"
    decision = Decision(
        Reason.PROMOTED,
        f"revision {facts.name_of(canary)} answers on {answering}"
        + (
            f"; clients moved to it from revision {state.stable}"
            if state.stable
            else "; clients are sent to it"
        ),
        state.stable,
        canary,
    )
    promoted = RolloutState(stable=canary, previous=state.stable, promoted_at=facts.now)
    return Transition(promoted, (decision,))


def _not_later(state: RolloutState, now: datetime) -> RolloutState:
    """Replace future times, which only an edited status has, by now, so that delays end."""
    since, promoted_at = state.since, state.promoted_at
    return replace(
        state,
        since=min(since, now) if since else None,
        promoted_at=min(promoted_at, now) if promoted_at else None,
    )


def scale_down(
    state: RolloutState, settings: RolloutSettings, now: datetime
) -> tuple[RolloutState, timedelta | None]:
    """Drop the previous revision after its delay, or return the time that is left."""
    state = _not_later(state, now)
    left = _until_scale_down(state, settings, now)
    if left is None or left > timedelta(0):
        return state, left
    return replace(state, previous=None), None


def _until_scale_down(
    state: RolloutState, settings: RolloutSettings, now: datetime
) -> timedelta | None:
    if state.previous is None or state.promoted_at is None:
        return None
    return settings.scale_down_delay - (now - state.promoted_at)
