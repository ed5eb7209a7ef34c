"""The question of a unit: what a pass asks about its tracks."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from inference_operator.api.analysis_status import AnalysisStatus, Verdict
from inference_operator.api.rollout_status import RolloutStatus
from inference_operator.api.status import InferenceModelStatus, RevisionStatus
from inference_operator.domain.analysis import (
    AnalysisQuestion,
    MeasuredPod,
    MeasuredTrack,
    StepQuestion,
)
from inference_operator.domain.observed import Container, Observed, Pod
from inference_operator.domain.serving_unit import ServedStep
from inference_operator.planning.analysis.question import question_of
from tests.fakes.bodies import spec
from tests.unit.planning.seen import NOON, OWNER, observed, record, with_children

ANALYSIS = {"metrics": [{"name": "errors", "type": "ErrorRate", "max": "1%"}]}
STEPS = [{"setWeight": 10}, {"analysis": {}}, {"analysis": {"metrics": ["errors"]}}]


def body(analysis: Any = ANALYSIS, steps: Any = STEPS) -> dict[str, Any]:
    canary = {"steps": steps, **({"analysis": analysis} if analysis is not None else {})}
    return {**spec(), "rollout": {"canary": canary}}


def pod(name: str, revision: str, **changes: Any) -> Pod:
    base = Pod(
        name,
        revision,
        ready=True,
        created=NOON - timedelta(seconds=40),
        ready_since=NOON - timedelta(seconds=10),
    )
    return replace(base, **changes)


def status(step: int = 1, **changes: Any) -> InferenceModelStatus:
    fields = {
        "stable": RevisionStatus(revision="aaa"),
        "canary": RevisionStatus(revision="bbb"),
        "rollout": RolloutStatus(current_step_index=step, step_since=NOON),
        "analysis": AnalysisStatus(revision="bbb", verdict=Verdict.PASS),
    }
    return InferenceModelStatus.model_validate({**fields, **changes})


def seen(**changes: Any) -> Observed:
    fields: dict[str, Any] = {
        "body": body(),
        "status": status(),
        "records": (record("aaa"), record("bbb", 2, version=4)),
        "pods": (pod("a-0", "aaa"), pod("b-0", "bbb")),
    }
    return observed(**{**fields, **changes})


def test_both_tracks_and_the_step_are_asked_about() -> None:
    question = question_of(seen())

    assert question is not None
    measured = MeasuredPod("b-0", NOON - timedelta(seconds=10), timedelta(seconds=30))
    assert question.canary == MeasuredTrack("bbb", "fx-drift", 4, (), (measured,))
    assert (question.unit, question.uid) == (OWNER.key, OWNER.uid)
    assert question.stable.revision == "aaa"
    assert question.step is not None
    assert question.step == StepQuestion(NOON, frozenset({"errors"}), 1)
    assert question.record is not None
    assert question.record.revision == "bbb"


@pytest.mark.parametrize("step", [0, 3, 31])
def test_other_steps_are_no_analysis(step: int) -> None:
    question = question_of(seen(status=status(step)))

    assert question is not None
    assert question.step is None


@pytest.mark.parametrize(
    "changes",
    [
        {"body": body(None)},
        {"body": body({"metrics": []})},
        {"body": body("text")},
        {"body": {**spec(), "rollout": "text"}},
        {"body": {**spec(), "rollout": {"canary": []}}},
        {"status": InferenceModelStatus()},
        {"records": (record("bbb"),)},
    ],
)
def test_nothing_is_asked_without_analysis_or_a_stable_revision(changes: Any) -> None:
    assert question_of(seen(**changes)) is None


COMPARED = {
    "metrics": [{"name": "errors", "type": "ErrorRate", "maxRelative": "150%"}],
    "comparedWith": "Baseline",
}
NEW_PODS = (pod("a-n0", "aaa"), pod("a-n1", "aaa", ready=False), pod("x-n0", "xxx"))


def with_baseline(baseline: Any = None, **changes: Any) -> AnalysisQuestion:
    base = seen(body=body(COMPARED), status=status(baseline=baseline, **changes))
    question = question_of(with_children(base, baseline_pods=NEW_PODS))
    assert question is not None
    return question


def test_the_pods_of_the_baseline_alone_are_compared_with() -> None:
    question = with_baseline({"revision": "aaa", "replicas": 2, "ready": 1})

    assert [each.name for each in question.stable.pods] == ["a-n0"]
    assert (question.stable.is_baseline, question.stable.words) == (True, "baseline")
    assert (question.stable.revision, question.lacks_baseline) == ("aaa", False)


def test_before_a_baseline_answers_no_pods_are_compared_with() -> None:
    base = seen(body=body(COMPARED))
    question = question_of(with_children(base, baseline_pods=(NEW_PODS[1],)))

    assert question is not None
    assert (question.stable.is_baseline, question.stable.pods) == (True, ())


def test_a_baseline_that_was_late_leaves_the_stable_revisions_own_pods() -> None:
    question = with_baseline({"revision": "aaa", "lateAt": NOON})

    assert [each.name for each in question.stable.pods] == ["a-0"]
    assert (question.stable.is_baseline, question.lacks_baseline) == (False, True)


def test_before_a_canary_the_own_pods_are_watched_whatever_it_will_be_compared_with() -> None:
    question = with_baseline(canary=None)

    assert [each.name for each in question.stable.pods] == ["a-0"]
    assert (question.stable.is_baseline, question.lacks_baseline) == (False, False)


def test_nothing_is_asked_of_a_unit_that_is_deleted() -> None:
    assert question_of(replace(seen(), deleting=True)) is None


@pytest.mark.parametrize(
    "changes", [{"status": status(canary=None)}, {"records": (record("aaa"),)}]
)
def test_without_a_canary_the_stable_revision_is_asked_about(changes: Any) -> None:
    question = question_of(seen(**changes))

    assert question is not None
    assert (question.canary, question.step) == (None, None)
    assert [each.name for each in question.stable.pods] == ["a-0"]


@pytest.mark.parametrize(
    "changes", [{"ready": False, "ready_since": None}, {"terminating": True}, {"finished": True}]
)
def test_pods_that_do_not_answer_are_left_out(changes: Any) -> None:
    question = question_of(seen(pods=(pod("b-0", "bbb", **changes),)))

    assert question is not None
    assert question.canary is not None
    assert question.canary.pods == ()


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ({}, 30),
        ({"created": NOON - timedelta(days=3)}, 600),
        ({"created": NOON + timedelta(days=3)}, 0),
        ({"created": None}, 0),
        ({"created": None, "ready_since": None}, 0),
        ({"triton": Container(restarts=1, running_since=NOON - timedelta(seconds=15))}, 5),
        ({"triton": Container(restarts=0, running_since=NOON - timedelta(seconds=15))}, 30),
    ],
)
def test_the_start_of_a_pod_takes_at_most_ten_minutes(changes: Any, seconds: int) -> None:
    question = question_of(seen(pods=(pod("b-0", "bbb", **changes),)))

    assert question is not None
    assert question.canary is not None
    assert question.canary.pods[0].start_time == timedelta(seconds=seconds)


def test_a_pipeline_s_other_models_are_named_once() -> None:
    steps = tuple(ServedStep(name, model, 1) for name, model in (("a", "x"), ("b", "x")))
    question = question_of(seen(records=(record("aaa", steps=steps, version=7),)))

    assert question is not None
    assert (question.stable.step_models, question.stable.version) == (("x",), 7)
