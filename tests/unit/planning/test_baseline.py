"""The baseline of a canary as tables: each state with each input, and its number of pods."""

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from inference_operator.api.analysis_status import Verdict
from inference_operator.api.canary import Canary
from inference_operator.api.rollout_status import BaselineStatus
from inference_operator.api.status import InferenceModelStatus
from inference_operator.domain.analysis import AnalysisResult
from inference_operator.domain.observed import DeploymentView
from inference_operator.domain.rollout_state import BaselineState, RolloutState
from inference_operator.domain.serving_unit import RolloutSettings
from inference_operator.domain.traffic import Traffic
from inference_operator.planning.rollout.facts import RolloutFacts, hash_of
from inference_operator.planning.rollout.state_machine import advance
from inference_operator.planning.sizing import baseline_size
from tests.unit.planning.seen import NOON, observed, with_children

ERRORS = {"name": "errors", "type": "ErrorRate", "max": "1%", "maxRelative": "150%"}
ANALYSIS: dict[str, Any] = {"metrics": [ERRORS], "comparedWith": "Baseline"}
CANARY = Canary.model_validate({"steps": [{"setWeight": 25}, {"pause": {}}], "analysis": ANALYSIS})
STABLE = Canary.model_validate(
    {"steps": [{"setWeight": 25}, {"pause": {}}], "analysis": {"metrics": [ERRORS]}}
)
AGO = NOON - timedelta(minutes=5)
LONG_AGO = NOON - timedelta(hours=1)
STATE = RolloutState("s", "c", step=1, step_hash=hash_of(CANARY.steps), step_since=NOON)
FACTS = RolloutFacts(
    target="c",
    replicas=4,
    answering={"s": 4, "c": 1},
    settings=RolloutSettings(canary=CANARY),
    now=NOON,
    traffic=Traffic.by_pods({"s": 4, "c": 1}, "s"),
    analysis=AnalysisResult("c", "s", Verdict.LOW_TRAFFIC, "few", at=NOON),
)
WAITS = BaselineState("s", AGO)
STARTED = ["BaselineStarted"]


def told(state: RolloutState, facts: RolloutFacts) -> tuple[BaselineState | None, list[str]]:
    done = advance(state, facts)
    reasons = [str(each.reason) for each in done.decisions]
    return done.state.baseline, [each for each in reasons if each.startswith("Baseline")]


CASES: list[tuple[str, BaselineState | None, dict[str, Any], BaselineState | None, list[str]]] = [
    ("it starts once the canary answers", None, {}, BaselineState("s", NOON), STARTED),
    ("it is there already", None, {"baseline_ready": 1}, BaselineState("s"), STARTED),
    ("no pod of the canary", None, {"answering": {"s": 4, "c": 0}}, None, []),
    ("too few of the canary", None, {"answering": {"s": 4, "c": 0}, "freeze": "x"}, None, []),
    ("a freeze", None, {"freeze": "somebody freezes rollouts"}, None, []),
    ("a pause", None, {"settings": RolloutSettings(canary=CANARY, paused=True)}, None, []),
    ("no Prometheus", None, {"analysis": None}, None, []),
    ("another field", None, {"settings": RolloutSettings(canary=STABLE)}, None, []),
    ("no pod of stable", None, {"answering": {"s": 0, "c": 1}}, None, []),
    ("the spec is invalid", None, {"target": None}, None, []),
    ("no size", None, {"replicas": 0}, None, []),
    ("it answers", WAITS, {"baseline_ready": 1}, BaselineState("s"), []),
    ("it answers no more", BaselineState("s"), {}, BaselineState("s", NOON), []),
    ("it may still answer", WAITS, {}, WAITS, []),
    ("it is late", BaselineState("s", LONG_AGO), {}, None, ["BaselineLate"]),
    ("it was late", BaselineState("s", LONG_AGO, AGO), {}, None, []),
    ("it was late and answers", BaselineState("s", AGO, AGO), {"baseline_ready": 1}, None, []),
    ("a freeze of a baseline", WAITS, {"freeze": "somebody freezes rollouts"}, WAITS, []),
    ("an invalid spec", WAITS, {"target": None}, WAITS, []),
    ("alone", WAITS, {"answering": {"s": 0, "c": 1}}, WAITS, []),
    ("back to stable", WAITS, {"target": "s"}, None, ["BaselineEnded"]),
    ("field removed", WAITS, {"settings": RolloutSettings(canary=STABLE)}, None, ["BaselineEnded"]),
    ("scaled to zero", WAITS, {"replicas": 0}, None, ["BaselineEnded"]),
    ("a late one ends silently", BaselineState("s", AGO, AGO), {"target": "s"}, None, []),
]


@pytest.mark.parametrize(
    ("before", "changes", "after", "reasons"),
    [each[1:] for each in CASES],
    ids=[c[0] for c in CASES],
)
def test_each_input_has_one_answer(
    before: BaselineState | None,
    changes: dict[str, Any],
    after: BaselineState | None,
    reasons: list[str],
) -> None:
    kept, decided = told(replace(STATE, baseline=before), replace(FACTS, **changes))
    assert decided == reasons
    if kept is not None and kept.late_at is not None:
        assert kept.late_at == (before.late_at if before and before.late_at else NOON)
    else:
        assert kept == after


def test_a_baseline_of_another_revision_ends_and_a_new_one_starts() -> None:
    kept, decided = told(replace(STATE, baseline=BaselineState("p")), FACTS)
    assert (kept, decided) == (BaselineState("s", NOON), ["BaselineEnded", "BaselineStarted"])


def test_a_second_pass_decides_nothing_about_it() -> None:
    baselines = [None, WAITS, BaselineState("s"), BaselineState("s", LONG_AGO), BaselineState("p")]
    answers = itertools.product(baselines, ("c", "s", None), (0, 1), ("", "frozen"), (0, 1, 4))
    for baseline, target, ready, freeze, canary in answers:
        facts = replace(
            FACTS,
            target=target,
            baseline_ready=ready,
            freeze=freeze,
            answering={"s": 4, "c": canary},
        )
        done = advance(replace(STATE, baseline=baseline), facts)
        again = advance(done.state, facts)
        assert (again.state, again.decisions) == (done.state, ()), facts


def test_a_time_in_the_future_is_one_of_an_edited_status() -> None:
    later = NOON + timedelta(days=1)
    kept, _ = told(replace(STATE, baseline=BaselineState("s", later)), FACTS)
    assert kept == BaselineState("s", NOON)
    kept, _ = told(replace(STATE, baseline=BaselineState("s", later, later)), FACTS)
    assert kept == BaselineState("s", NOON, NOON)


SIZES = [
    # canary wants, its ready pods, reported, live, may grow, expected
    (2, 2, 0, None, True, 2),
    (2, 1, 0, None, True, 0),
    (4, 2, 2, 2, True, 2),
    (4, 4, 2, 2, True, 4),
    (4, 4, 2, 2, False, 2),
    (4, 1, 2, 9, True, 2),
    (4, 1, 0, 9, True, 4),
    (1, 1, 2, 2, True, 1),
    (0, 0, 2, 2, False, 0),
]


@pytest.mark.parametrize(("asked", "ready", "reported", "live", "grows", "expected"), SIZES)
def test_it_has_as_many_pods_as_the_canary_and_never_more(
    asked: int, ready: int, reported: int, live: int | None, grows: bool, expected: int
) -> None:
    shown = BaselineStatus(revision="s", replicas=reported) if reported else None
    seen = observed(ready={"c": (ready, asked)}, status=InferenceModelStatus(baseline=shown))
    views = {"s": DeploymentView(live, 0)} if live is not None else {}
    seen = with_children(seen, baselines=views)
    state = replace(STATE, baseline=BaselineState("s"))
    assert baseline_size(seen, state, asked, may_grow=grows) == expected


@pytest.mark.parametrize("baseline", [None, BaselineState("s", AGO, NOON)])
def test_without_a_baseline_or_after_a_late_one_there_are_no_pods(
    baseline: BaselineState | None,
) -> None:
    seen = observed(ready={"c": (2, 2)})
    state = replace(STATE, baseline=baseline)
    assert baseline_size(seen, state, 2, may_grow=True) == 0
