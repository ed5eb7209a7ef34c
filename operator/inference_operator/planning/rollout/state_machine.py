"""The state machine of a rollout, which advances once a pass.

A new revision, the canary, starts beside the stable one. When its model answers on all replicas,
the Service shall select it. It is promoted when a later pass observes that the Service does. The
previous revision keeps its pods for `scaleDownDelay`.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from inference_operator.api.conditions import format_time
from inference_operator.api.quoting import counted
from inference_operator.api.reasons import Reason
from inference_operator.domain.rollout_state import Decision, RolloutState
from inference_operator.domain.tracks import Tracks
from inference_operator.planning.rollout.facts import RolloutFacts
from inference_operator.planning.transition import Transition


class Phase(StrEnum):
    """Where a rollout stands; each follows from the state."""

    EMPTY = "Empty"
    """No revision has pods."""

    STARTING = "Starting"
    """The first revision starts: none has answered before it."""

    SERVING = "Serving"
    """The stable revision serves, alone."""

    ROLLING_OUT = "RollingOut"
    """A canary starts beside the stable revision."""

    SCALING_DOWN = "ScalingDown"
    """The stable revision serves; the previous one keeps its pods for a while."""


def phase_of(state: RolloutState) -> Phase:
    """Return the phase of a state."""
    if state.canary is not None:
        return Phase.STARTING if state.stable is None else Phase.ROLLING_OUT
    if state.stable is None:
        return Phase.EMPTY
    return Phase.SERVING if state.previous is None else Phase.SCALING_DOWN


def advance(state: RolloutState, facts: RolloutFacts) -> Transition:
    """Advance the rollout by one step; every state and all facts have an answer.

    Advancing again from the new state, with the same facts, decides nothing more.
    """
    begun = _scaled_down(_corrected(state, facts), facts)
    confirmed = _confirm(begun, facts)
    step = _towards_target(confirmed.state, facts)
    delay = _until_scale_down(step.state, facts)
    delays = [d for d in (step.wake_after, delay) if d is not None]
    return replace(
        step,
        decisions=(*confirmed.decisions, *step.decisions),
        tracks=Tracks.of(step.state, _selected(step.state, facts)),
        wake_after=min(delays) if delays else None,
    )


def _corrected(state: RolloutState, facts: RolloutFacts) -> RolloutState:
    """Correct what an edited, a lost or an early status says."""
    state = _not_later(state, facts.now)
    canary, stable = state.canary, state.stable
    if not facts.is_reported and stable is not None and stable == facts.target:
        # It became ready before the first status: its promotion is still to be recorded.
        return replace(state, stable=None)
    is_left = facts.target is not None and canary not in (None, facts.target)
    has_clients = facts.traffic.leads_to(canary) > 0 and facts.ready_of(canary) > 0
    if stable is None and is_left and has_clients:
        # The first revision answers clients, who keep it until the next one is ready.
        return replace(state, stable=canary, canary=None, since=None, progress=0)
    return state


def _not_later(state: RolloutState, now: datetime) -> RolloutState:
    """Replace future times, which only an edited status has, by now, so that delays end."""
    since, promoted_at = state.since, state.promoted_at
    return replace(
        state,
        since=min(since, now) if since else None,
        promoted_at=min(promoted_at, now) if promoted_at else None,
    )


def _scaled_down(state: RolloutState, facts: RolloutFacts) -> RolloutState:
    """Drop the previous revision after its delay."""
    left = _until_scale_down(state, facts)
    is_over = left is not None and left <= timedelta(0)
    return replace(state, previous=None) if is_over else state


def _until_scale_down(state: RolloutState, facts: RolloutFacts) -> timedelta | None:
    if state.previous is None or state.promoted_at is None:
        return None
    return facts.settings.scale_down_delay - (facts.now - state.promoted_at)


def _confirm(state: RolloutState, facts: RolloutFacts) -> Transition:
    """Promote the canary if clients are led to it and its model answers on all replicas.

    A canary that the spec has left is promoted if it answers on more pods than the stable revision,
    which its clients would be sent back to.
    """
    canary, stable = state.canary, state.stable
    if canary is None or facts.traffic.selected != canary:
        return Transition(state)
    is_cancelled = facts.target is not None and facts.target == stable
    is_left = facts.target not in (None, canary)
    is_better = stable is not None and facts.ready_of(canary) > facts.ready_of(stable)
    if (facts.answers(canary) and not is_cancelled) or (is_left and is_better):
        return _promote(state, canary, facts)
    return Transition(state)


def _towards_target(state: RolloutState, facts: RolloutFacts) -> Transition:
    if facts.target is None:
        return Transition(state)
    if facts.target == state.stable:
        return _settle(state)
    if facts.settings.paused and state.stable is not None:
        return _pause(state, facts)
    if facts.target == state.canary:
        return _progress(state, facts)
    return _start(state, facts, facts.target)


def _settle(state: RolloutState) -> Transition:
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


def _pause(state: RolloutState, facts: RolloutFacts) -> Transition:
    # The deadline starts again when the pause ends.
    return Transition(
        replace(state, since=None),
        blocked_reason=f"revision {facts.target} waits because spec.rollout.paused is true;"
        f" revision {state.stable} continues to serve",
        paused=True,
    )


def _start(state: RolloutState, facts: RolloutFacts, target: str) -> Transition:
    begun = replace(state, canary=target, since=facts.now, progress=0)
    decision = Decision(
        Reason.REVISION_CREATED,
        f"revision {facts.name_of(target)} starts with {counted(facts.replicas, 'replica')}"
        + (f" beside revision {state.stable}" if state.stable else "")
        + (f": {facts.revision_cause}" if facts.revision_cause else ""),
        state.canary or state.stable,
        target,
    )
    then = _confirm(begun, facts)
    if then.state is begun:
        then = _progress(begun, facts)
    return replace(then, decisions=(decision, *then.decisions))


def _progress(state: RolloutState, facts: RolloutFacts) -> Transition:
    if facts.replicas == 0:
        # Stable means that it has answered. The deadline starts when the unit is scaled up.
        return Transition(replace(state, since=None))
    ready, since = facts.ready_of(state.canary), state.since or facts.now
    if facts.answers(state.canary):
        # The Service may still have to be created or moved. It may never be: its name may be taken.
        return Transition(replace(state, progress=max(state.progress, ready)))
    if ready > state.progress:
        since = facts.now
    # Keep the maximum: a pod that comes and goes is not progress.
    moved = replace(state, since=since, progress=max(state.progress, ready))
    deadline = facts.settings.progress_deadline
    left = deadline - (facts.now - since)
    if left > timedelta(0):
        return Transition(moved, wake_after=left)
    return Transition(
        moved,
        # Name no elapsed time: each change of the message is a write.
        blocked_reason=f"revision {state.canary} has made no progress since {format_time(since)}"
        f" (progressDeadline {int(deadline.total_seconds())} s):"
        f" its model answers on {ready} of {counted(facts.replicas, 'replica')}"
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


def _selected(state: RolloutState, facts: RolloutFacts) -> str | None:
    """Return the revision that the Service shall select.

    It is the stable one, until the canary answers on all replicas. Clients who have moved stay,
    unless the stable revision answers on more pods.
    """
    canary, stable = state.canary, state.stable
    if canary is None or stable is None:
        return state.serving
    if facts.traffic.leads_to(canary):
        return canary if facts.ready_of(canary) >= facts.ready_of(stable) else stable
    # Clients are moved from where they shall be; a Service that leads elsewhere is put back first.
    may_move = facts.target == canary and not facts.settings.paused
    return (
        canary if may_move and facts.traffic.leads_to(stable) and facts.answers(canary) else stable
    )
