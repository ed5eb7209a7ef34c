"""A rollout that a person holds at its present step, or before its start."""

from dataclasses import replace

from inference_operator.api.reasons import Reason
from inference_operator.domain.commands import Verb
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.planning.rollout.analysis import not_holding
from inference_operator.planning.rollout.facts import RolloutFacts
from inference_operator.planning.rollout.steps import position, shares_sentence
from inference_operator.planning.transition import Hold, Transition


def paused(state: RolloutState, facts: RolloutFacts) -> Transition:
    """Return the state with its deadline stopped, and what holds it."""
    why = (
        "spec.rollout.paused is true"
        if facts.settings.paused
        else f"somebody paused it ({Verb.PAUSE.annotation}{facts.commands.set_by(Verb.PAUSE)})"
    ) + (f", and because {facts.freeze}" if facts.freeze else "")
    if facts.target == state.canary and facts.steps:
        where = f"{shares_sentence(state, facts)}; {position(state, facts)}"
        message = f"{where} is held because {why}"
    else:
        message = f"revision {facts.target} waits because {why}" + facts.still_serves(state.stable)
    # The deadlines start again when the pause ends.
    stopped = not_holding(replace(state, since=None), is_stopped=True)
    return Transition(stopped, hold=Hold(Reason.PAUSED, message))
