"""The progress of a revision that gets all clients at once, when its model answers everywhere."""

from dataclasses import replace
from datetime import timedelta

from inference_operator.api.conditions import format_time
from inference_operator.api.quoting import counted
from inference_operator.api.reasons import Reason
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.planning.rollout.aborts import abort
from inference_operator.planning.rollout.facts import RolloutFacts
from inference_operator.planning.rollout.recreation import (
    is_restored,
    outage_sentence,
    unended_hold,
    unended_sentence,
    with_outage,
)
from inference_operator.planning.transition import Hold, Transition


def progress_at_once(state: RolloutState, facts: RolloutFacts) -> Transition:
    """Wait until the canary answers; after `progressDeadline`, restore the former revision or
    wait for a person."""
    state = with_outage(state, facts)
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
        return Transition(moved, wake_after=left, hold=unended_hold(state, facts))
    if is_restored(state, facts):
        lacking = unended_sentence(state, facts) + outage_sentence(state, facts)
        why = f"no progress since {format_time(since)}{lacking}{facts.reported}"
        return abort(moved, facts, why, Reason.PROGRESS_DEADLINE_EXCEEDED)
    # Name no elapsed time: each change of the message is a write.
    message = (
        f"revision {state.canary} has made no progress since {format_time(since)}"
        f" (progressDeadline {int(deadline.total_seconds())} s):"
        f" its model answers on {ready} of {counted(facts.replicas, 'replica')}"
        + unended_sentence(state, facts)
        + facts.still_serves(state.stable)
    )
    return Transition(moved, hold=Hold(Reason.PROGRESS_DEADLINE_EXCEEDED, message))
