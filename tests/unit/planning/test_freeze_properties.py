"""Frozen rollouts, whatever the state, the steps and the facts are."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from inference_operator.api.gateway import Gateway
from inference_operator.domain.commands import Commands
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.domain.traffic import Split
from inference_operator.planning.rollout.facts import RolloutFacts
from inference_operator.planning.rollout.state_machine import advance
from tests.unit.planning.test_step_properties import cases

GATEWAY = Gateway.model_validate(
    {"parentRefs": [{"name": "public"}], "http": {"hostnames": ["a.example.com"]}}
)
FORWARD = {"RevisionCreated", "SetWeight", "StepCompleted", "StepsChanged", "Promoted"}
Case = tuple[RolloutState, RolloutFacts]


def frozen(case: Case) -> Case:
    return case[0], replace(case[1], freeze="somebody freezes rollouts")


def going_on(case: Case) -> Case:
    """The same, where nothing but a freeze would hold the rollout of the canary `c`."""
    state, facts = case
    facts = replace(
        facts,
        target="c",
        settings=replace(facts.settings, paused=False),
        commands=Commands({}),
        traffic=replace(facts.traffic, effective=True),
    )
    hashed = facts.step_hash
    return replace(state, stable="s", canary="c", step_hash=hashed, aborted=None), facts


@given(cases() | cases().map(going_on))
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


@given(cases() | cases().map(going_on), st.booleans())
def test_the_weight_of_the_canary_never_rises(case: Case, by_route: bool) -> None:
    state, facts = frozen(case)
    if by_route:
        assert facts.settings.canary is not None
        routed = facts.settings.canary.model_copy(update={"gateway": GATEWAY})
        settings = replace(facts.settings, canary=routed)
        facts = replace(facts, settings=settings)
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
