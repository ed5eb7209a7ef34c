"""Diagnoses of models in a pipeline, at the path of the step or the resource."""

import pytest

from inference_operator.api.problem import Problem
from inference_operator.api.reasons import Reason
from inference_operator.domain.load_report import LoadReport
from inference_operator.domain.pins import Pin
from inference_operator.domain.serving_unit import ServedStep
from inference_operator.observation.observe import pod_view
from inference_operator.planning.status.diagnosis import diagnose
from tests.fakes import bodies
from tests.fakes.bodies import terminated, waiting
from tests.unit.planning.seen import case, record

LOG = "model_lifecycle.cc:654] \"failed to load 'fx-drift' version 1: Invalid argument: x\""
PINNED_URI = "https://store.example/fx/3/model.onnx"


def pinned(kind: str, model: str, *files: str) -> ServedStep:
    """Return a step that runs the served revision of the resource `fx`."""
    repository = {f"{name}.config.pbtxt": "" for name in files}
    uri = PINNED_URI if kind == "InferenceModel" else ""
    return ServedStep(
        "s", model, 3, uri, Pin(kind, "fx", "bbb", model, 3, uri, "", None, repository)
    )


def told_of(steps: tuple[ServedStep, ...], model: str, *problems: Problem) -> str:
    report = LoadReport(
        Reason.ARTIFACT_NOT_FOUND, f"{model}: text", model=model, problems=problems
    ).to_json()
    state = {"state": waiting("CrashLoopBackOff"), "lastState": terminated(3, message=report)}
    failed = pod_view(bodies.pod("aaa", load=state))
    diagnosis = diagnose(case(record(version=2, uri="", steps=steps)), None, (failed,))
    assert diagnosis is not None
    assert diagnosis.reason is Reason.ARTIFACT_NOT_FOUND
    return diagnosis.message


OWN = ServedStep("own", "lstm", 3, "https://store.example/lstm.pt")
OTHER = ServedStep("other", "lstm-2", 3, "https://store.example/lstm.pt")
GONE = Problem("spec.model.source.uri", "", "404", "correct it")
EMPTY = Problem("model.pt", "an empty file", "a model")
FULL = Problem("", "", "no space", "free disk")
WORDS = Problem("spec.builtin.tokenizer.vocabulary.uri", "", "404", "correct it")


@pytest.mark.parametrize(
    ("step", "model", "problem", "message"),
    [
        (OWN, "lstm", GONE, "spec.steps[own].model.source.uri: 404; correct it"),
        (OWN, "lstm", EMPTY, "spec.steps[own]: model.pt: found an empty file, expected a model"),
        (OWN, "lstm", FULL, "spec.steps[own]: no space; free disk"),
        (
            ServedStep("words", "words", 1),
            "words",
            WORDS,
            "spec.steps[words].builtin.tokenizer.vocabulary.uri: 404; correct it",
        ),
        (
            pinned("InferenceModel", "drift", "drift"),
            "drift",
            GONE,
            "spec.model.source.uri of InferenceModel fx: 404; correct it",
        ),
        (
            pinned("InferenceModel", "drift", "drift"),
            "drift",
            FULL,
            "InferenceModel fx: no space; free disk",
        ),
        (
            pinned("EnsemblePipeline", "inner", "inner", "drift"),
            "drift",
            GONE,
            "spec.steps[].model.source.uri of model drift of EnsemblePipeline fx: 404; correct it",
        ),
        (
            pinned("InferenceModel", "drift", "drift"),
            "nobody's",
            GONE,
            "spec.steps[].model.source.uri: 404; correct it",
        ),
    ],
)
def test_what_a_loader_reports_of_a_model_is_named_at_its_step(
    step: ServedStep, model: str, problem: Problem, message: str
) -> None:
    assert told_of((OTHER, step), model, problem) == message


def test_each_of_two_inline_models_is_named_at_its_own_step() -> None:
    problems = (GONE, Problem("spec.model.inputs[x].shape", "[2]", "[3]"))

    assert told_of((OWN, OTHER), "lstm", *problems) == (
        "spec.steps[own].model.source.uri: 404; correct it;"
        " spec.steps[own].model.inputs[x].shape: found [2], expected [3]"
    )
    assert told_of((OWN, OTHER), "lstm-2", GONE) == (
        "spec.steps[other].model.source.uri: 404; correct it"
    )


def test_a_model_of_two_resources_is_named_in_both() -> None:
    model_step = pinned("InferenceModel", "drift", "drift")
    two = pinned("EnsemblePipeline", "inner", "inner", "drift")

    assert told_of((model_step, model_step, two), "drift", GONE) == (
        "spec.model.source.uri of InferenceModel fx and spec.steps[].model.source.uri of model"
        " drift of EnsemblePipeline fx: 404; correct it"
    )


def test_a_model_of_its_own_resource_is_named_by_its_field() -> None:
    assert told_of((), "fx-drift", GONE) == "spec.model.source.uri: 404; correct it"


@pytest.mark.parametrize(
    ("steps", "place"), [((), ""), ((OWN, OTHER), "in a step: ")], ids=["a model", "a pipeline"]
)
def test_the_sentence_of_an_older_loader_is_kept(steps: tuple[ServedStep, ...], place: str) -> None:
    message = "lstm: 404; check spec.model.source.uri"
    text = f'{{"reason":"ArtifactNotFound","message":"{message}"}}'
    failed = pod_view(bodies.pod("aaa", load={"state": terminated(3, message=text)}))
    diagnosis = diagnose(case(record(uri="", steps=steps)), None, (failed,))

    assert diagnosis is not None
    assert (diagnosis.reason, diagnosis.message) == (Reason.ARTIFACT_NOT_FOUND, place + message)


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("pvc://models/lstm.pt", "spec.steps[price].model.source.uri"),
        ("pvc://models-2/lstm.pt", "spec.steps[].model.source.uri"),
    ],
)
def test_a_missing_claim_is_named_at_the_step_whose_model_is_on_it(uri: str, path: str) -> None:
    steps = (OWN, ServedStep("price", "price", 3, uri))
    pending = pod_view(bodies.pod("aaa", unschedulable='persistentvolumeclaim "models" not found'))
    diagnosis = diagnose(case(record(uri="", steps=steps)), None, (pending,))

    assert diagnosis is not None
    assert diagnosis.message.startswith(f"{path}: PersistentVolumeClaim models does not exist")


def test_a_referenced_model_that_triton_cannot_load_is_named_with_its_resource() -> None:
    step = pinned("InferenceModel", "fx-drift", "fx-drift")
    failed = pod_view(bodies.pod("aaa", triton={"state": terminated(1, message=LOG)}))
    diagnosis = diagnose(case(record(uri="", steps=(OWN, step))), None, (failed,))

    assert diagnosis is not None
    assert diagnosis.message.startswith(
        "spec.model of InferenceModel fx: Triton cannot load model fx-drift version 1: Invalid"
    )


def test_a_loader_that_says_nothing_is_told_of_the_set() -> None:
    pipeline = record(version=2, uri="", steps=(OWN,))
    unclear = pod_view(bodies.pod("aaa", load={"state": terminated(137)}))
    diagnosis = diagnose(case(pipeline), None, (unclear,))

    assert diagnosis is not None
    assert "while it loaded set 2 (own:3);" in diagnosis.message
