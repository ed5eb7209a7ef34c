"""A rollout while rollouts are frozen: it takes no step forward, and may go back. See ADR 0037."""

from inference_operator.api.quoting import counted
from inference_operator.api.reasons import Reason
from inference_operator.domain.rollout_state import Decision, RolloutState
from inference_operator.planning.rollout.facts import RolloutFacts
from inference_operator.planning.rollout.steps import position, shares_sentence
from inference_operator.planning.transition import Hold


def frozen(state: RolloutState, facts: RolloutFacts) -> Hold:
    """Return what holds the rollout of the target."""
    why = f"because {facts.freeze}"
    if facts.target != state.canary:
        still = facts.still_serves(state.stable)
        return Hold(Reason.FROZEN, f"revision {facts.target} waits {why}{still}")
    if facts.traffic.leads_to(state.canary) == 0:
        shares = f"revision {state.canary} gets no clients{facts.still_serves(state.stable)}"
    else:
        shares = shares_sentence(state, facts)
    is_at_step = facts.steps and state.step_hash == facts.step_hash
    where = f"{position(state, facts)} waits" if is_at_step else "the rollout waits"
    return Hold(Reason.FROZEN, f"{shares}; {where} {why}")


def is_not_promoted(state: RolloutState, facts: RolloutFacts) -> bool:
    """Return whether a freeze keeps the canary from being promoted. Where the stable revision has
    ended for the new one, the rollout goes on to its end: nobody is served in between."""
    has_ended = facts.settings.recreate is not None and facts.gives_way
    return bool(facts.freeze) and state.stable is not None and not has_ended


def may_take_over(state: RolloutState, facts: RolloutFacts) -> bool:
    """Return whether clients may be led to the canary: while rollouts are frozen, only if no pod of
    the stable revision answers."""
    return not facts.freeze or facts.is_alone(state.canary, state.stable)


def keeps_edited_steps(state: RolloutState, facts: RolloutFacts) -> bool:
    """Return whether the steps were edited while rollouts are frozen. Weight and pods then stay,
    because the position in other steps means other numbers."""
    is_meant = facts.target is not None and facts.target == state.canary
    is_edited = is_meant and state.stable is not None and state.step_hash != facts.step_hash
    return is_edited and bool(facts.freeze) and not facts.is_alone(state.canary, state.stable)


def replaced(state: RolloutState, facts: RolloutFacts) -> Decision:
    """Return the decision to end a canary that the spec has left, while the next one waits."""
    message = (
        f"the spec has left revision {state.canary}, which gets no clients and ends; revision"
        f" {facts.target} waits because {facts.freeze}; revision {state.stable} serves on"
        f" {counted(facts.ready_of(state.stable), 'pod')}"
    )
    return Decision(Reason.ABORTED, message, state.canary, state.stable)
