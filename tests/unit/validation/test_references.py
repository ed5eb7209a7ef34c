"""The pin of a `modelRef` whose resource gives no new revision."""

from dataclasses import replace

import pytest

from inference_operator.api.ensemble_pipeline import EnsemblePipelineSpec
from inference_operator.api.problem import Problem
from inference_operator.api.reasons import UNDER_WAY, Reason
from inference_operator.domain.observed import Observed, RevisionRecord
from inference_operator.domain.pins import Pin
from inference_operator.domain.references import Reference, Referenced
from inference_operator.domain.resolution import Unresolved
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.domain.serving_unit import ServedStep
from inference_operator.validation.references import (
    ReferenceOutcome,
    ResolvedSteps,
    describe_pin_changes,
    last_pin,
    resolve_references,
)
from tests.fakes.bodies import PIPELINE, epipe, step
from tests.unit.planning.seen import OWNER, observed, record, with_inputs

MODEL = Reference("InferenceModel", "fx-drift")


def pin(revision: str, kind: str = MODEL.kind, name: str = MODEL.name, plan: str = "") -> Pin:
    files = {"plan.json": plan or revision}
    return Pin(kind, name, revision, "drift", 1, "https://store.example/fx", "", None, files)


def pinned(revision: str, number: int, *pins: Pin) -> RevisionRecord:
    steps = tuple(ServedStep(f"s{i}", "drift", 1, pin=pin) for i, pin in enumerate(pins))
    return record(revision, number, steps=steps)


def seen(*records: RevisionRecord) -> Observed:
    return observed(records=records)


def test_the_canary_comes_before_the_stable_one() -> None:
    view = seen(pinned("old", 1, pin("a")), pinned("new", 2, pin("b")))

    assert last_pin(view, RolloutState(stable="old", canary="new"), MODEL) == pin("b")


def test_the_stable_one_comes_before_newer_ones_of_the_history() -> None:
    view = seen(pinned("old", 1, pin("a")), pinned("given-up", 2, pin("b")))

    assert last_pin(view, RolloutState(stable="old"), MODEL) == pin("a")


def test_of_the_history_the_newest_one_comes_first() -> None:
    view = seen(pinned("1st", 1, pin("a")), pinned("2nd", 2, pin("b")), pinned("now", 3))

    assert last_pin(view, RolloutState(stable="now"), MODEL) == pin("b")


@pytest.mark.parametrize(
    "other", [pin("a", kind="EnsemblePipeline"), pin("a", name="other")], ids=["kind", "name"]
)
def test_another_resource_is_another_one(other: Pin) -> None:
    view = seen(pinned("old", 1, other))

    assert last_pin(view, RolloutState(stable="old"), MODEL) is None


def test_what_moved_is_told_with_both_sides() -> None:
    view = seen(pinned("old", 1, pin("a")))
    state = RolloutState(stable="old")

    assert describe_pin_changes(view, state, {"s0": replace(pin("b"), version=2)}) == (
        "step s0: InferenceModel fx-drift changed from version 1 (revision a) to version 2"
        " (revision b)"
    )


INNER = Reference("EnsemblePipeline", "fx-inner")
BACK = Referenced(
    pin("c", INNER.kind, INNER.name), ready=True, path_back=("fx-inner", "fx-mid", "fx-drift")
)
PATH = "spec.steps[drift].modelRef"
ROUND = (
    "EnsemblePipeline fx-inner refers back to this pipeline (fx-drift -> fx-inner -> fx-mid ->"
    " fx-drift)"
)
REMEDY = "change the modelRef of one of these pipelines"


def settled(there: Referenced | None, *records: RevisionRecord) -> ResolvedSteps:
    """Resolve a pipeline that refers to another; the first of its records serves."""
    body = step(modelRef={"kind": INNER.kind, "name": INNER.name})
    asked = EnsemblePipelineSpec.model_validate(epipe(steps=[body])["spec"])
    view = with_inputs(seen(*records), references={INNER: there} if there else {})
    stable = records[0].revision if records else None
    return resolve_references(view, RolloutState(stable=stable), asked)


def test_nothing_is_taken_of_a_pipeline_that_leads_back() -> None:
    steps = settled(BACK)

    assert steps.pipeline is None
    problem = Problem(PATH, "", ROUND, REMEDY)
    assert steps.references == (ReferenceOutcome(None, str(problem), Reason.REFERENCE_CYCLE),)
    assert steps.unresolved == Unresolved(Reason.REFERENCE_CYCLE, (problem,))
    assert steps.unresolved.is_definite, "waiting does not help"


@pytest.mark.parametrize(
    "there",
    [BACK, replace(BACK, stable=None), replace(BACK, stable=None, ready=False, reason="Stalled")],
    ids=["serving", "without a record", "never Ready"],
)
def test_what_is_pinned_of_a_pipeline_that_leads_back_stays(there: Referenced) -> None:
    pinned_before = pin("b", INNER.kind, INNER.name)
    steps = settled(there, pinned("old", 1, pinned_before))

    message = f"{PATH}: {ROUND}; version 1 (revision b) stays pinned; {REMEDY}"
    assert steps.references == (ReferenceOutcome(pinned_before, message, Reason.REFERENCE_CYCLE),)
    assert steps.unresolved is None
    assert steps.pipeline is not None
    assert steps.pipeline.pins == {"drift": pinned_before}


@pytest.mark.parametrize(
    ("there", "reason", "text"),
    [
        (
            None,
            Reason.REFERENCE_NOT_FOUND,
            f"does not exist in namespace {OWNER.key.namespace}; create it, or change the step's",
        ),
        (Referenced(None), Reason.REFERENCE_NOT_READY, "has not been Ready yet; see `kubectl"),
        (
            Referenced(None, ready=True),
            Reason.REFERENCE_NOT_READY,
            "is missing or not readable; edit EnsemblePipeline fx-inner to create a new",
        ),
        (
            Referenced(None, ready=True, deleting=True),
            Reason.REFERENCE_NOT_FOUND,
            "is being deleted; create it again, or change the step's",
        ),
        (
            Referenced(None, deleting=True, reason="Progressing"),
            Reason.REFERENCE_NOT_FOUND,
            "is being deleted; create it again, or change the step's",
        ),
        (
            Referenced(
                None, unresolved=(Reason.REFERENCE_NOT_FOUND, "fx-inner is far", "go there")
            ),
            Reason.REFERENCE_NOT_FOUND,
            "fx-inner is far; go there",
        ),
    ],
    ids=[
        "missing",
        "never Ready",
        "without a record",
        "in the foreground",
        "on its way up",
        "nowhere to ask",
    ],
)
def test_what_gives_nothing_to_pin_says_why(
    there: Referenced | None, reason: Reason, text: str
) -> None:
    (outcome,) = settled(there).references

    assert outcome.reason is reason
    assert text in outcome.message


def test_a_cycle_that_is_broken_takes_what_is_stable() -> None:
    steps = settled(replace(BACK, path_back=()), pinned("old", 1, pin("b", INNER.kind, INNER.name)))

    assert steps.pipeline is not None
    assert steps.pipeline.pins == {"drift": BACK.stable}
    assert [reference.reason for reference in steps.references] == [Reason.RESOLVED]


@pytest.mark.parametrize("reason", sorted(UNDER_WAY))
def test_what_is_under_way_is_told_as_what_is_ready(reason: Reason) -> None:
    there = replace(BACK, path_back=())

    assert settled(replace(there, ready=False, reason=reason)) == settled(there)


def test_what_does_not_come_by_itself_is_told() -> None:
    (outcome,) = settled(replace(BACK, path_back=(), ready=False, reason="CrashLoop")).references

    assert outcome.resolves
    assert outcome.message.endswith(", which is not Ready now (CrashLoop)")


TWISTED = step(
    "twisted",
    modelRef=None,
    model={"source": {"uri": "https://store.example/m.onnx"}, "format": "onnx"},
    triton={"optimization": {"tensorrt": {}}},
)
ITSELF = step("itself", modelRef={"kind": PIPELINE.kind, "name": PIPELINE.name})


def test_every_step_that_can_stand_for_nothing_is_told_and_the_others_settled() -> None:
    steps = [TWISTED, step(), {**TWISTED, "name": "again"}, ITSELF]
    body = epipe(steps=steps, accelerator={})["spec"]
    # The rules of the API refuse such settings.
    asked = EnsemblePipelineSpec.model_validate(body).model_copy(update={"accelerator": None})
    there = {MODEL: Referenced(pin("a"), ready=True)}
    of_pipeline = replace(
        with_inputs(observed(), references=there), owner=replace(OWNER, key=PIPELINE)
    )
    resolved = resolve_references(of_pipeline, RolloutState(), asked)

    assert [problem.path for problem in resolved.problems] == [
        "spec.steps[twisted].triton.optimization.tensorrt",
        "spec.steps[again].triton.optimization.tensorrt",
        "spec.steps[itself].modelRef",
    ]
    assert resolved.pipeline is None
    assert resolved.partial.pins == {"drift": pin("a")}
    assert [reference.reason for reference in resolved.references] == [Reason.RESOLVED]


@pytest.mark.parametrize(
    "now",
    [pin("b", plan="a"), pin("b", name="other"), pin("b", kind="EnsemblePipeline")],
    ids=["the same content", "another name", "another kind"],
)
def test_what_is_no_new_version_is_not_told_as_one(now: Pin) -> None:
    assert (
        describe_pin_changes(
            seen(pinned("old", 1, pin("a"))), RolloutState(stable="old"), {"s0": now}
        )
        == ""
    )
