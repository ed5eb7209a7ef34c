"""The shares of the requests that the revisions of a unit shall get."""

from collections.abc import Mapping

from inference_operator.domain.rollout_state import RolloutState
from inference_operator.domain.traffic import Split
from inference_operator.planning.rollout.analysis import may_rise
from inference_operator.planning.rollout.facts import RolloutFacts
from inference_operator.planning.rollout.freezes import keeps_edited_steps, may_take_over
from inference_operator.planning.rollout.steps import needed_pods, weight_at


def shares(state: RolloutState, facts: RolloutFacts) -> Mapping[str, int]:
    """Return the wanted share of each revision in percent; together 100 once one serves.

    No share goes to a revision of which no pod answers, while another one answers.
    """
    canary, stable = state.canary, state.stable
    serving = state.serving
    if canary is None or stable is None:
        return {serving: 100} if serving else {}
    if not facts.steps and not state.step_hash:
        return {_selected(state, canary, stable, facts): 100}
    share = _share(state, canary, facts)
    return {stable: 100 - share, canary: share}


def _share(state: RolloutState, canary: str, facts: RolloutFacts) -> int:
    present = facts.traffic.leads_to(canary)
    if facts.ready_of(canary) == 0:
        return 0
    if facts.is_alone(canary, state.stable):
        return 100
    if facts.target is None:
        # An invalid spec changes nothing, and no other client gives more than the step does.
        is_known = bool(facts.steps) and state.step_hash == facts.step_hash
        by_route = facts.traffic.split is Split.ROUTE
        most = weight_at(facts.steps, state.step) if is_known and by_route else 100
        return min(present, most)
    if facts.target != canary:
        return 0
    if keeps_edited_steps(state, facts):
        return min(present, weight_at(facts.steps, 0))
    weight = weight_at(facts.steps, state.step) if facts.steps else 100
    if facts.settings.split is Split.REPLICAS and 0 < weight < 100 and present > 0:
        # The pods divide the requests, whatever the numbers are.
        return weight
    return weight if weight <= present or _may_rise(state, facts, weight) else present


def _may_rise(state: RolloutState, facts: RolloutFacts, weight: int) -> bool:
    """Return whether more clients may be led to the canary than now."""
    is_stopped = facts.is_held or not may_take_over(state, facts) or not may_rise(state, facts)
    if is_stopped or facts.ready_of(state.canary) < needed_pods(state, facts):
        return False
    if facts.settings.split is Split.REPLICAS:
        # A Service that selects all pods of the unit must not reach others.
        return weight == 100 or not facts.strangers
    return facts.traffic.effective


def _selected(state: RolloutState, canary: str, stable: str, facts: RolloutFacts) -> str:
    """Return the revision that gets all requests where there are no steps.

    It is the stable one, until the canary answers on all replicas. Clients who have moved stay,
    unless the stable revision answers on more pods.
    """
    if facts.traffic.leads_to(canary):
        # A freeze lets them move only while no stable pod answers.
        most = 0 if facts.freeze else facts.ready_of(canary)
        return canary if facts.ready_of(stable) <= most else stable
    # Clients are moved from where they shall be; a Service that leads elsewhere is put back first.
    is_meant = facts.target in (None, canary)
    if is_meant and facts.settings.recreate is not None and facts.is_alone(canary, stable):
        return canary
    is_stopped = facts.is_held or not may_take_over(state, facts)
    may_move = facts.target == canary and not is_stopped
    return (
        canary if may_move and facts.traffic.leads_to(stable) and facts.answers(canary) else stable
    )
