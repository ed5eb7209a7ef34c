"""A rollout without room for two revisions: the old one ends, then the new one starts."""

from dataclasses import replace

from inference_operator.api.conditions import format_time
from inference_operator.api.quoting import counted
from inference_operator.api.reasons import Reason
from inference_operator.api.rollout import OnFailure
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.domain.sizes import Pair
from inference_operator.planning.rollout.facts import RolloutFacts
from inference_operator.planning.transition import Hold

_MOST_NAMED = 3


def is_recreated(state: RolloutState, facts: RolloutFacts) -> bool:
    """Return whether the canary replaces a stable revision that must end first."""
    has_both = state.canary is not None and state.stable is not None
    is_meant = facts.target in (None, state.canary)
    may_begin = not facts.freeze and not facts.is_held
    has_setting = facts.settings.recreate is not None
    return has_both and is_meant and has_setting and (facts.gives_way or may_begin)


def recreated_pair(state: RolloutState, facts: RolloutFacts) -> Pair | None:
    """Return the pods of both revisions: those of the new one once the old one has none left.

    It is the same while a person holds the rollout, and while the spec is invalid.
    """
    if not is_recreated(state, facts):
        return None
    has_room = facts.pods.get(state.stable or "", 0) == 0
    return Pair(0, facts.replicas if has_room else 0)


def with_outage(state: RolloutState, facts: RolloutFacts) -> RolloutState:
    """Return the state with the time since which nobody is served."""
    if not is_recreated(state, facts):
        return state
    is_served = facts.ready_of(state.stable) > 0 or facts.ready_of(state.canary) > 0
    if is_served or state.step_since is not None:
        return state
    return replace(state, step_since=facts.now)


def unended_hold(state: RolloutState, facts: RolloutFacts) -> Hold | None:
    """Return that the canary waits for the end of the stable revision's pods; None if none is
    left."""
    if not is_recreated(state, facts) or not facts.unended:
        return None
    message = (
        f"revision {state.canary} starts once all pods of revision {state.stable} have ended"
        f"{unended_sentence(state, facts)}"
    )
    return Hold(Reason.PROGRESSING, message)


def unended_sentence(state: RolloutState, facts: RolloutFacts) -> str:
    """Return the pods that have not ended: `; pod linear-1-x has been ending since TIME`.

    Up to three are named. No duration is: each change of a message is a write.
    """
    if not is_recreated(state, facts):
        return ""
    pods = [
        f"; pod {pod.name} has been ending since {format_time(pod.ending_since)}"
        if pod.ending_since
        else f"; pod {pod.name} still runs"
        for pod in facts.unended[:_MOST_NAMED]
    ]
    more = len(facts.unended) - len(pods)
    return "".join(pods) + (f"; and {counted(more, 'other')}" if more else "")


def outage_sentence(state: RolloutState, facts: RolloutFacts) -> str:
    """Return for how long nobody was served: `; nobody was served for 42 s`."""
    if facts.settings.recreate is None or state.step_since is None:
        return ""
    seconds = int((facts.now - state.step_since).total_seconds())
    return f"; nobody was served for {seconds} s"


def is_restored(state: RolloutState, facts: RolloutFacts) -> bool:
    """Return whether the old revision returns if the new one does not answer in time."""
    recreate = facts.settings.recreate
    restores = recreate is not None and recreate.on_failure is OnFailure.RESTORE_PREVIOUS
    return restores and is_recreated(state, facts)
