"""The wait for a gateway that may still lead clients to a revision that the spec has left."""

from datetime import timedelta

from inference_operator.api.conditions import format_time
from inference_operator.api.reasons import Reason
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.planning.rollout.facts import RolloutFacts
from inference_operator.planning.transition import Hold, Transition


def gives_back(state: RolloutState, facts: RolloutFacts) -> Transition:
    """Wait until a canary that the spec has left has no clients. After `progressDeadline` without
    an answer of the gateway, only a person can help."""
    message = (
        f"revision {state.canary}, which the spec has left, gives its clients back to revision"
        f" {state.stable} before revision {facts.target} starts"
    )
    left = _time_left(facts)
    if left is None or left > timedelta(0):
        trouble = f"; {facts.traffic.trouble}" if facts.traffic.trouble else ""
        return Transition(state, hold=Hold(Reason.PROGRESSING, message + trouble), wake_after=left)
    return _overdue(state, facts, message)


def with_leftovers(state: RolloutState, facts: RolloutFacts) -> Transition:
    """Wait until no gateway leads clients to a former revision any more.

    The stable revision serves meanwhile, and nothing is reported before `progressDeadline`.
    """
    leftovers = sorted(facts.answering.keys() - set(state.live))
    left = _time_left(facts)
    if not leftovers or left is None:
        return Transition(state)
    if left > timedelta(0):
        return Transition(state, wake_after=left)
    message = f"the gateway may still lead clients to revision {leftovers[0]}, whose pods stay"
    return _overdue(state, facts, message)


def _time_left(facts: RolloutFacts) -> timedelta | None:
    """Return how long the gateway may still take; None if it has taken over the routes."""
    if facts.gateway_late_since is None:
        return None
    return facts.settings.progress_deadline - (facts.now - facts.gateway_late_since)


def _overdue(state: RolloutState, facts: RolloutFacts, message: str) -> Transition:
    since = format_time(facts.gateway_late_since or facts.now)
    seconds = int(facts.settings.progress_deadline.total_seconds())
    late = f"{message}; no progress since {since} (progressDeadline {seconds} s): {lacks(facts)}"
    return Transition(state, hold=Hold(Reason.PROGRESS_DEADLINE_EXCEEDED, late))


def lacks(facts: RolloutFacts) -> str:
    """Return what the gateway has not done: its refusal, or what it has not reported."""
    traffic = facts.traffic
    return traffic.trouble or traffic.unreported or "the gateway did not take over the weights"
