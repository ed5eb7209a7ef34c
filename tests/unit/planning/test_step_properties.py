"""Rollouts by steps, whatever the state, the steps and the facts are."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from inference_operator.api.analysis_status import Verdict
from inference_operator.api.canary import Canary
from inference_operator.api.rollout_status import AbortStatus
from inference_operator.domain.analysis import AnalysisResult
from inference_operator.domain.commands import Commands, Verb, promote_all, promote_step, retry_of
from inference_operator.domain.rollout_state import BaselineState, RolloutState
from inference_operator.domain.serving_unit import RolloutSettings
from inference_operator.domain.traffic import Split, Traffic
from inference_operator.planning.rollout.facts import RolloutFacts, hash_of
from inference_operator.planning.rollout.state_machine import advance
from inference_operator.planning.rollout.steps import needed_pods, pair_at, weight_at
from inference_operator.planning.sizing import replica_split, sizes
from tests.examples import examples
from tests.unit.planning.seen import NOON, observed, with_children

REVISIONS = ("s", "c", "n")
WEIGHTS = st.lists(st.integers(1, 100), min_size=1, max_size=4).map(sorted)


@st.composite
def canaries(draw: st.DrawFn) -> Canary:
    """Return steps with weights that do not fall, and others between them."""
    others: list[dict[str, Any]] = [
        {"pause": {}},
        {"pause": {"duration": "2m"}},
        {"analysis": {}},
        {"setCanaryScale": {"replicas": 2}},
        {"setCanaryScale": {"weight": 40}},
        {"setCanaryScale": {"matchTrafficWeight": True}},
    ]
    steps: list[dict[str, Any]] = []
    for weight in draw(WEIGHTS):
        steps += [*draw(st.lists(st.sampled_from(others), max_size=2)), {"setWeight": weight}]
    dynamic = draw(st.sampled_from(["Never", "WhenWeighted"]))
    metric = {"name": "errors", "type": "ErrorRate", "max": "1%", "maxRelative": "150%"}
    analysis = {
        "metrics": [metric],
        "startingStep": draw(st.integers(0, len(steps) - 1)),
        "onTimeout": draw(st.sampled_from(["Pause", "Abort", "Promote"])),
        "comparedWith": draw(st.sampled_from(["Stable", "Baseline"])),
    }
    has_analysis = any("analysis" in step for step in steps) or draw(st.booleans())
    return Canary.model_validate(
        {
            "steps": steps,
            "dynamicStableScale": dynamic,
            **({"analysis": analysis} if has_analysis else {}),
        }
    )


def baselines(since: datetime) -> list[BaselineState]:
    """Return baselines that answer, that do not, that ended, and one of another revision."""
    late = BaselineState("s", since, NOON)
    return [BaselineState("s"), BaselineState("s", since), late, BaselineState("n", since)]


@st.composite
def results(draw: st.DrawFn, since: datetime, canary: str | None) -> AnalysisResult | None:
    """Return an answer about the metrics, mostly of the canary."""
    if draw(st.integers(0, 4)) == 0:
        return None
    verdict = draw(st.sampled_from([Verdict.PASS, *Verdict]))
    return AnalysisResult(
        draw(st.sampled_from([canary, canary, "other", None])),
        "s",
        verdict,
        f"errors: {verdict.value}",
        at=draw(st.sampled_from([NOON, NOON, None])),
        step_since=since,
        step_passes=draw(st.integers(0, 2)),
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[RolloutState, RolloutFacts]:
    canary = draw(canaries())
    unit = draw(st.sampled_from([0, 1, 2, 3, 4, 6, 6, 6]))
    ready = {revision: draw(st.integers(0, 6)) for revision in REVISIONS}
    share = draw(st.sampled_from([0, 0, 100]) | st.integers(0, 100))
    weights = {"s": 100 - share, "c": share}
    step = draw(st.integers(0, len(canary.steps) + 1))
    since = NOON - timedelta(minutes=draw(st.integers(0, 20)))
    is_running = draw(st.sampled_from([True, True, False]))
    aborted = AbortStatus(
        revision=draw(st.sampled_from(REVISIONS)), time=since, reason="R", message="m"
    )
    steps_hash = draw(st.sampled_from([*[hash_of(canary.steps)] * 4, "other", ""]))
    state = RolloutState(
        stable=draw(st.sampled_from(["s", "s", None])),
        canary="c" if is_running else None,
        since=since,
        progress=draw(st.integers(0, 3)),
        step=step,
        step_hash=steps_hash if is_running else "",
        step_since=since,
        cleared=draw(st.none() | st.integers(0, step + 1)),
        aborted=None if is_running else draw(st.sampled_from([aborted, None])),
        baseline=draw(st.sampled_from([None, None, *baselines(since)])),
    )
    given_commands = st.fixed_dictionaries(
        {},
        optional={
            Verb.PROMOTE: st.sampled_from([promote_step("c", step), promote_all("c")]),
            Verb.ABORT: st.just("c"),
            Verb.PAUSE: st.just("c"),
            Verb.RETRY: st.just(retry_of("c", since)),
        },
    )
    facts = RolloutFacts(
        target=draw(st.sampled_from(["c", *REVISIONS, None])),
        replicas=unit,
        answering=ready,
        settings=RolloutSettings(canary=canary, paused=draw(st.booleans())),
        now=NOON,
        traffic=Traffic(
            {name: weight for name, weight in weights.items() if weight},
            draw(st.sampled_from(list(Split))),
            draw(st.booleans()),
        ),
        commands=Commands(draw(given_commands)),
        alone_since=draw(st.sampled_from([None, NOON - timedelta(minutes=5)])),
        strangers=draw(st.sampled_from([frozenset(), frozenset({"p"})])),
        analysis=draw(results(since, state.canary)),
        baseline_ready=draw(st.integers(0, 2)),
        freeze=draw(st.sampled_from(["", "somebody freezes rollouts"])),
    )
    return state, facts


@given(cases())
def test_the_shares_are_100_as_soon_as_a_revision_serves(
    case: tuple[RolloutState, RolloutFacts],
) -> None:
    done = advance(*case)
    total = sum(track.weight for track in done.tracks.items)
    assert total == (100 if done.state.serving else 0)
    assert all(0 <= track.weight <= 100 for track in done.tracks.items)


@given(cases())
def test_no_share_goes_to_a_canary_of_which_no_pod_answers(
    case: tuple[RolloutState, RolloutFacts],
) -> None:
    done = advance(*case)
    tracks, facts = done.tracks, case[1]
    if done.state.stable is not None and tracks.weight_of(tracks.canary) > 0:
        assert facts.ready_of(tracks.canary) > 0


@given(cases())
def test_no_share_stays_with_a_stable_revision_of_which_no_pod_answers(
    case: tuple[RolloutState, RolloutFacts],
) -> None:
    done = advance(*case)
    canary, stable = done.state.canary, done.state.stable
    if done.state.step_hash and stable is not None and case[1].is_alone(canary, stable):
        assert done.tracks.weight_of(canary) == 100


@given(cases())
def test_the_stable_revision_asks_for_all_its_pods_unless_it_may_give_some(
    case: tuple[RolloutState, RolloutFacts],
) -> None:
    done, facts = advance(*case), case[1]
    pair, canary = pair_at(done.state, facts), facts.settings.canary
    if pair is None or canary is None or canary.dynamic_stable_scale != "Never":
        return
    asked = {name: (ready, ready) for name, ready in facts.answering.items()}
    seen = with_children(observed(ready=asked), traffic=facts.traffic)
    weight = weight_at(facts.steps, done.state.step)
    numbers = sizes(seen, done.tracks, facts.replicas, pair, weight)
    assert numbers.of[done.state.stable or ""] >= facts.replicas


@settings(max_examples=examples(400))
@given(cases())
def test_more_clients_are_led_to_a_canary_only_with_all_pods_that_it_needs(
    case: tuple[RolloutState, RolloutFacts],
) -> None:
    state, facts = case
    done = advance(state, facts)
    canary = done.tracks.canary
    if canary is None or done.state.stable is None or not done.state.step_hash:
        return
    rises = facts.traffic.leads_to(canary) == 0 and done.tracks.weight_of(canary) > 0
    if rises and not facts.is_alone(canary, done.state.stable):
        assert facts.ready_of(canary) >= needed_pods(done.state, facts)
        assert not facts.settings.paused
        assert facts.target == canary


@given(cases())
def test_the_stable_revision_keeps_its_pods_unless_it_may_give_some(
    case: tuple[RolloutState, RolloutFacts],
) -> None:
    done, facts = advance(*case), case[1]
    pair = pair_at(done.state, facts)
    if pair is None:
        return
    canary = facts.settings.canary
    assert canary is not None
    if canary.dynamic_stable_scale == "Never":
        assert pair.stable == facts.replicas
    if facts.replicas:
        assert min(pair.stable, pair.canary) >= 1
        assert pair.total >= facts.replicas


@given(cases())
def test_equal_facts_give_equal_decisions_and_a_second_pass_none(
    case: tuple[RolloutState, RolloutFacts],
) -> None:
    state, facts = case
    first = advance(state, facts)
    assert advance(state, facts) == first

    reasons = {decision.reason for decision in first.decisions}
    if reasons & {"StableUnavailable", "StableAvailable"}:
        # The next pass reads from the status that it was said.
        facts = replace(facts, alone_since=NOON if "StableUnavailable" in reasons else None)
    again = advance(first.state, facts)
    assert again.decisions == ()
    assert again.state == first.state


def test_the_previous_revision_goes_in_the_pass_in_which_a_step_gives_its_clients() -> None:
    steps = [{"setCanaryScale": {"replicas": 1}}, {"setWeight": 25}]
    canary = Canary.model_validate({"steps": steps})
    state = RolloutState("s", "c", previous="p", step_hash=hash_of(canary.steps), step_since=NOON)
    facts = RolloutFacts(
        target="c",
        replicas=3,
        answering={"s": 3, "c": 1},
        settings=RolloutSettings(canary=canary),
        now=NOON,
        traffic=Traffic.to("s"),
    )
    done = advance(state, facts)

    assert (done.state.step, done.state.previous) == (1, None)
    assert advance(done.state, facts).state == done.state


@given(cases())
def test_every_decision_has_its_numbers(case: tuple[RolloutState, RolloutFacts]) -> None:
    for decision in advance(*case).decisions:
        assert re.search(r"\d", decision.message), decision


@given(cases())
def test_the_step_is_never_beyond_the_steps(case: tuple[RolloutState, RolloutFacts]) -> None:
    done, facts = advance(*case), case[1]
    if done.state.step_hash == facts.step_hash and facts.target == done.state.canary:
        assert 0 <= done.state.step <= len(facts.steps) or case[0].step > len(facts.steps)


@given(st.integers(1, 40), st.integers(1, 99), st.booleans())
def test_no_other_numbers_of_pods_are_nearer_to_the_weight(
    unit: int, weight: int, may_shrink: bool
) -> None:
    pair = replica_split(unit, weight, may_shrink=may_shrink)
    error = abs(100 * pair.share - weight)
    stable_pods = range(1 if may_shrink else unit, unit + 1)
    others = [
        abs(100 * canary / (stable + canary) - weight)
        for stable in stable_pods
        for canary in range(1, unit + 1)
        if stable + canary >= unit
    ]
    assert error <= min(others) + 1e-9
