"""Baselines of canaries, whatever the state, the steps and the facts are."""

from hypothesis import given, settings

from inference_operator.domain.rollout_state import BASELINE_REASONS, RolloutState
from inference_operator.planning.rollout.baseline import may_grow
from inference_operator.planning.rollout.facts import RolloutFacts
from inference_operator.planning.rollout.state_machine import advance
from inference_operator.planning.rollout.steps import needed_pods, pair_at, weight_at
from inference_operator.planning.sizing import baseline_size, sizes
from tests.examples import examples
from tests.unit.planning.seen import observed, with_children
from tests.unit.planning.test_step_properties import cases


@settings(max_examples=examples(60))
@given(cases())
def test_a_baseline_is_of_the_stable_revision_beside_a_canary_and_decided_once(
    case: tuple[RolloutState, RolloutFacts],
) -> None:
    done, facts = advance(*case), case[1]
    baseline, before = done.state.baseline, case[0].baseline
    reasons = [each.reason for each in done.decisions if each.reason in BASELINE_REASONS]
    assert len(set(reasons)) == len(reasons)
    if baseline is None:
        assert reasons == (["BaselineEnded"] if before and not before.late_at else [])
        return
    assert done.state.canary is not None
    assert baseline.revision == done.state.stable
    if "BaselineStarted" in reasons:
        assert not facts.freeze
        assert not facts.settings.paused
        assert facts.ready_of(done.state.canary) >= needed_pods(done.state, facts) > 0
    pair = pair_at(done.state, facts)
    asked = {name: (ready, ready) for name, ready in facts.answering.items()}
    seen = with_children(observed(ready=asked), traffic=facts.traffic)
    weight = weight_at(facts.steps, done.state.step)
    of_canary = sizes(seen, done.tracks, facts.replicas, pair, weight).of[done.state.canary]
    size = baseline_size(seen, done.state, of_canary, may_grow=may_grow(done.state, facts))
    assert 0 <= size <= of_canary
