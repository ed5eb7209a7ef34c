"""Frozen rollouts, whatever the state, the steps and the facts are."""

from dataclasses import replace

from hypothesis import given

from inference_operator.domain.rollout_state import RolloutState
from inference_operator.domain.traffic import Split
from inference_operator.planning.rollout.facts import RolloutFacts
from inference_operator.planning.rollout.state_machine import advance
from tests.unit.planning.test_step_properties import cases

FORWARD = {"RevisionCreated", "SetWeight", "StepCompleted", "StepsChanged", "Promoted"}
Case = tuple[RolloutState, RolloutFacts]


def frozen(case: Case) -> Case:
    return case[0], replace(case[1], freeze="somebody freezes rollouts")


@given(cases())
def test_no_rollout_takes_a_step_forward(case: Case) -> None:
    state, facts = frozen(case)
    done = advance(state, facts)
    if state.stable is None:
        # The first deployment is not a rollout.
        return
    assert not FORWARD & {decision.reason for decision in done.decisions}
    assert done.state.stable == state.stable
    assert done.state.canary in (None, state.canary)
    if done.state.canary is not None:
        assert (done.state.step, done.state.step_hash) == (state.step, state.step_hash)


@given(cases())
def test_the_weight_of_the_canary_never_rises(case: Case) -> None:
    state, facts = frozen(case)
    tracks = advance(state, facts).tracks
    canary, stable, present = tracks.canary, state.stable, facts.traffic.leads_to(tracks.canary)
    if canary is None or stable is None or facts.is_alone(canary, stable):
        return
    by_pods = facts.settings.split is Split.REPLICAS
    # The pods divide the requests, and their numbers stay.
    assert tracks.weight_of(canary) <= present or (by_pods and present > 0)


@given(cases())
def test_a_target_that_does_not_serve_says_why_it_waits(case: Case) -> None:
    state, facts = frozen(case)
    done = advance(state, facts)
    if None in (state.stable, facts.target) or done.state.stable == facts.target:
        return
    assert done.hold is not None


@given(cases())
def test_a_freeze_changes_nothing_for_what_needs_no_step(case: Case) -> None:
    state, facts = case
    facts = replace(facts, target=state.stable)
    is_confirmed = facts.traffic.selected == state.canary is not None
    if state.stable is None or is_confirmed:
        return
    assert advance(*frozen((state, facts))) == advance(state, replace(facts, freeze=""))
