"""The progress of a canary through its steps, and what ends it early."""

from dataclasses import replace
from datetime import timedelta

from inference_operator.api.conditions import format_time
from inference_operator.api.quoting import counted
from inference_operator.api.reasons import Reason
from inference_operator.domain.delays import earliest
from inference_operator.domain.rollout_state import Decision, RolloutState
from inference_operator.domain.traffic import Split
from inference_operator.planning.rollout import late_gateway
from inference_operator.planning.rollout.aborts import abort
from inference_operator.planning.rollout.analysis import not_holding
from inference_operator.planning.rollout.facts import RolloutFacts
from inference_operator.planning.rollout.freezes import frozen, keeps_edited_steps
from inference_operator.planning.rollout.step_walk import restarted, walk
from inference_operator.planning.rollout.steps import (
    answers_on,
    needed_pods,
    position,
    weight_at,
)
from inference_operator.planning.transition import Hold, Transition

ALONE = timedelta(minutes=1)
"""Time after which a canary that answers on all replicas is promoted, if no pod of the stable
revision answers."""


def progress_by_steps(state: RolloutState, facts: RolloutFacts) -> Transition:
    """Go on through the steps; abort if the canary makes no progress for `progressDeadline`."""
    dated = replace(state, step_since=state.step_since or facts.now)
    begun = Transition(dated) if facts.freeze else restarted(dated, facts)
    if facts.is_alone(state.canary, state.stable):
        return _alone(begun, facts)
    walked = _walked(begun.state, facts)
    decisions = (*begun.decisions, *_stable_is_back(state, facts), *walked.decisions)
    if walked.state.canary is None:
        return replace(walked, decisions=decisions)
    moved, left = _towards_deadline(walked.state, facts)
    if left is not None and left <= timedelta(0):
        ended = abort(moved, facts, _overdue(moved, facts), Reason.PROGRESS_DEADLINE_EXCEEDED)
        return replace(ended, decisions=(*decisions, *ended.decisions))
    wake_after = earliest(walked.wake_after, left)
    return Transition(moved, decisions, hold=walked.hold, wake_after=wake_after)


def _walked(state: RolloutState, facts: RolloutFacts) -> Transition:
    """Go on through the steps; while rollouts are frozen, stay at the present one."""
    if facts.freeze:
        return Transition(not_holding(state, is_stopped=True), hold=frozen(state, facts))
    made = walk(state, facts)
    if made.state.canary is None:
        return made
    return replace(made, state=_without_previous(made.state, facts))


def _without_previous(state: RolloutState, facts: RolloutFacts) -> RolloutState:
    """Give up the previous revision where the Service would reach its pods too, as soon as the
    canary shall get clients."""
    is_due = facts.ready_of(state.canary) >= needed_pods(state, facts)
    is_reached = facts.settings.split is Split.REPLICAS and weight_at(facts.steps, state.step) > 0
    return replace(state, previous=None) if is_due and is_reached else state


def is_long_alone(facts: RolloutFacts) -> bool:
    """Return whether no pod of the stable revision has answered for a while."""
    return facts.alone_since is not None and facts.now - facts.alone_since >= ALONE


def _alone(begun: Transition, facts: RolloutFacts) -> Transition:
    """Lead all clients to the canary while no pod of the stable revision answers."""
    state = replace(begun.state, since=None)
    ready = f"{facts.ready_of(state.canary)} of {counted(facts.replicas, 'replica')}"
    canary = facts.short_name_of(state.canary or "")
    message = (
        f"no pod of revision {state.stable} answers: all clients are led to revision {canary},"
        f" which answers on {ready}; {position(state, facts)} waits"
    )
    decision = Decision(Reason.STABLE_UNAVAILABLE, message, state.stable, state.canary)
    return Transition(
        state,
        (*begun.decisions, *(() if facts.alone_since else (decision,))),
        hold=Hold(Reason.STABLE_UNAVAILABLE, message),
        wake_after=ALONE - (facts.now - facts.alone_since) if facts.alone_since else ALONE,
    )


def _stable_is_back(state: RolloutState, facts: RolloutFacts) -> tuple[Decision, ...]:
    if facts.alone_since is None:
        return ()
    pods = counted(facts.ready_of(state.stable), "pod")
    message = f"revision {state.stable} answers on {pods} and gets its share of the clients again"
    return (Decision(Reason.STABLE_AVAILABLE, message, state.canary, state.stable),)


def _towards_deadline(
    state: RolloutState, facts: RolloutFacts
) -> tuple[RolloutState, timedelta | None]:
    """Return how long the canary may still take; None while it lacks nothing.

    It lacks pods that answer, or a gateway that accepts its routes.
    """
    ready = facts.ready_of(state.canary)
    if keeps_edited_steps(state, facts):
        # The pods that its steps ask for are not requested yet.
        return replace(state, since=None), None
    if ready >= needed_pods(state, facts) and facts.traffic.effective:
        return replace(state, since=None, progress=ready), None
    since = facts.now if ready > state.progress else state.since or facts.now
    moved = replace(state, since=since, progress=max(state.progress, ready))
    return moved, facts.settings.progress_deadline - (facts.now - since)


def _overdue(state: RolloutState, facts: RolloutFacts) -> str:
    since = format_time(state.since or facts.now)
    ready, needed = facts.ready_of(state.canary), needed_pods(state, facts)
    lacks = answers_on(state, facts) if ready < needed else late_gateway.lacks(facts)
    seconds = int(facts.settings.progress_deadline.total_seconds())
    return f"no progress since {since} (progressDeadline {seconds} s): {lacks}{facts.reported}"
