"""The state machine of a rollout, which advances once a pass.

A new revision, the canary, starts beside the stable one. It gets clients by its steps; without
steps, all of them when its model answers on all replicas. It is promoted when a later pass observes
that all clients are led to it. The previous revision keeps its pods for `scaleDownDelay`.
"""

from dataclasses import replace
from datetime import timedelta
from enum import StrEnum

from inference_operator.api.quoting import counted
from inference_operator.api.reasons import Reason
from inference_operator.domain.delays import earliest
from inference_operator.domain.rollout_state import Decision, RolloutState
from inference_operator.domain.tracks import Tracks
from inference_operator.planning.rollout import analysis
from inference_operator.planning.rollout.aborts import (
    handled_before,
    lingering,
    obeyed,
    refused_rollback,
    remembered,
    rolled_back,
    until_abort_is_over,
    went_back,
)
from inference_operator.planning.rollout.baseline import with_baseline
from inference_operator.planning.rollout.corrections import corrected
from inference_operator.planning.rollout.facts import RolloutFacts
from inference_operator.planning.rollout.freezes import frozen, is_not_promoted, replaced
from inference_operator.planning.rollout.late_gateway import gives_back, with_leftovers
from inference_operator.planning.rollout.pauses import paused
from inference_operator.planning.rollout.progress_at_once import progress_at_once
from inference_operator.planning.rollout.recreation import outage_sentence
from inference_operator.planning.rollout.shares import shares
from inference_operator.planning.rollout.step_progress import is_long_alone, progress_by_steps
from inference_operator.planning.rollout.steps import needed_pods
from inference_operator.planning.transition import Hold, Transition


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
    done = _advanced(state, facts, is_renewed=False)
    if not done.decisions or facts.analysis is None:
        return done
    # A decision is recorded with the numbers that it rests on.
    return _advanced(state, facts, is_renewed=True)


def _advanced(state: RolloutState, facts: RolloutFacts, *, is_renewed: bool) -> Transition:
    present = _scaled_down(corrected(state, facts), facts)
    begun = obeyed(analysis.with_verdict(present, facts, is_renewed=is_renewed), facts)
    judged = analysis.failed(begun.state, facts)
    confirmed = _confirm(judged.state, facts)
    step = with_baseline(present.baseline, _towards_target(confirmed.state, facts), facts)
    ends = (
        step.wake_after,
        _until_scale_down(step.state, facts),
        until_abort_is_over(step.state, facts),
        analysis.next_look(step.state, facts),
    )
    coming = (left for left in ends if left is not None and left > timedelta(0))
    return replace(
        step,
        # An abort at the deadline is said by the same pass.
        hold=step.hold or remembered(step.state, facts) or refused_rollback(facts),
        decisions=(*begun.decisions, *judged.decisions, *confirmed.decisions, *step.decisions),
        tracks=Tracks.of(step.state, shares(step.state, facts), lingering(step.state, facts)),
        wake_after=earliest(*coming),
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
    if canary is None or facts.traffic.selected != canary or is_not_promoted(state, facts):
        return Transition(state)
    is_cancelled = facts.target is not None and facts.target == stable
    is_left = facts.target not in (None, canary)
    is_better = stable is not None and facts.ready_of(canary) > facts.ready_of(stable)
    if (state.step_hash or facts.steps) and stable is not None:
        # By steps: clients go back to the stable revision as soon as one of its pods answers.
        is_over = state.step_hash == facts.step_hash and state.step >= len(facts.steps)
        has_all = facts.traffic.leads_to(canary) == 100 and facts.traffic.effective
        is_complete = (
            facts.answers(canary) and is_over and has_all and analysis.may_rise(state, facts)
        )
        is_long = is_long_alone(facts) and facts.answers(canary) and not facts.is_held
        is_alone = facts.is_alone(canary, stable) and not is_cancelled and (is_left or is_long)
        return _promote(state, canary, facts) if is_complete or is_alone else Transition(state)
    if (facts.answers(canary) and not is_cancelled) or (is_left and is_better):
        return _promote(state, canary, facts)
    return Transition(state)


def _towards_target(state: RolloutState, facts: RolloutFacts) -> Transition:
    if facts.target is None:
        return Transition(state)
    if facts.target == state.stable:
        settled = _settle(state, facts)
        return replace(settled, hold=settled.hold or rolled_back(facts))
    if (hold := remembered(state, facts)) is not None:
        return Transition(state, hold=hold)
    if facts.is_held and state.stable is not None:
        return paused(state, facts)
    if facts.freeze and state.stable is not None:
        return _frozen(state, facts)
    if facts.target == state.canary:
        return _progress(state, facts)
    if state.step_hash and state.stable is not None and _has_clients(state, facts):
        return gives_back(state, facts)
    return _start(state, facts, facts.target)


def _has_clients(state: RolloutState, facts: RolloutFacts) -> bool:
    """Return whether a canary that the spec has left may still get requests."""
    return facts.traffic.leads_to(state.canary) > 0 or not facts.traffic.effective


def _frozen(state: RolloutState, facts: RolloutFacts) -> Transition:
    """Take no step forward; end a canary that the spec has left, once it serves nobody."""
    canary, hold = state.canary, frozen(state, facts)
    if canary is not None and facts.target == canary:
        made = _progress(state, facts)
        if made.state.canary is None:
            return made
        # If it answers now and fails later, its deadline starts then.
        is_well = not state.step_hash and facts.answers(canary)
        kept = replace(made.state, since=None) if is_well else made.state
        return replace(made, state=kept, hold=made.hold or hold)
    serves = _has_clients(state, facts) and (bool(state.step_hash) or facts.ready_of(canary) > 0)
    if canary is None or serves:
        waits = gives_back(state, facts) if canary and state.step_hash else Transition(state)
        is_late = waits.hold and waits.hold.reason is Reason.PROGRESS_DEADLINE_EXCEEDED
        shown = waits.hold if is_late else hold
        return Transition(replace(state, since=None), hold=shown, wake_after=waits.wake_after)
    return Transition(without_canary(state), (replaced(state, facts),), hold=hold)


def _settle(state: RolloutState, facts: RolloutFacts) -> Transition:
    if state.canary is None:
        return with_leftovers(state, facts)
    if state.step_hash and facts.is_alone(state.canary, state.stable):
        message = (
            f"revision {state.stable} shall serve again, and no pod of it answers; all clients stay"
            f" with revision {state.canary} until one does"
        )
        return Transition(state, hold=Hold(Reason.STABLE_UNAVAILABLE, message))
    decision = Decision(
        Reason.ABORTED,
        f"{went_back(facts)}, which answers on {counted(facts.ready_of(state.stable), 'pod')};"
        f" revision {state.canary} is cancelled",
        state.canary,
        state.stable,
    )
    return replace(with_leftovers(without_canary(state), facts), decisions=(decision,))


def without_canary(state: RolloutState) -> RolloutState:
    """Return the state without its canary, and without its position in the steps."""
    return replace(
        state,
        canary=None,
        since=None,
        progress=0,
        step=0,
        step_hash="",
        step_since=None,
        analysis=None,
        cleared=None,
    )


def _start(state: RolloutState, facts: RolloutFacts, target: str) -> Transition:
    begun = replace(
        without_canary(state),
        canary=target,
        since=facts.now,
        handled=handled_before(state, facts, target),
        step_hash=facts.step_hash if state.stable else "",
        step_since=facts.now if facts.step_hash and state.stable else None,
    )
    why = went_back(facts) if facts.rolled_back_from else facts.revision_cause
    decision = Decision(
        Reason.REVISION_CREATED,
        f"revision {facts.name_of(target)} starts with"
        f" {counted(needed_pods(begun, facts), 'replica')}"
        + (f" beside revision {state.stable}" if state.stable else "")
        + (f": {why}" if why else ""),
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
        # A pause of a step starts again, too.
        return Transition(replace(state, since=None, step_since=None))
    if state.stable is not None and (facts.steps or state.step_hash):
        made = progress_by_steps(state, facts)
        confirmed = _confirm(made.state, facts)
        if confirmed.state is made.state:
            return made
        return replace(confirmed, decisions=(*made.decisions, *confirmed.decisions))
    return progress_at_once(state, facts)


def _promote(state: RolloutState, canary: str, facts: RolloutFacts) -> Transition:
    answering = f"{facts.ready_of(canary)} of {counted(facts.replicas, 'replica')}"
    decision = Decision(
        Reason.PROMOTED,
        f"revision {facts.name_of(canary)} answers on {answering}"
        + (
            f"; clients moved to it from revision {state.stable}"
            if state.stable
            else "; clients are sent to it"
        )
        + outage_sentence(state, facts)
        + analysis.numbers_sentence(state, facts),
        state.stable,
        canary,
    )
    promoted = RolloutState(
        stable=canary,
        previous=state.stable,
        promoted_at=facts.now,
        # After a rollback, the revision that the spec wants may be one that was aborted.
        aborted=state.aborted if facts.rolled_back_from else None,
        handled=state.handled,
    )
    return Transition(promoted, (decision,))
