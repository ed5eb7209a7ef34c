"""Pipelines as serving units: the models of each step, and new revisions."""

from dataclasses import replace
from typing import Any

import pytest

from inference_operator.domain.pins import Pin
from inference_operator.domain.repository_plan import ArtifactFormat, PlannedModel
from inference_operator.domain.serving_unit import ServedModel
from tests.fakes.bodies import step
from tests.unit.validation.pipelines import config, pin, unit


def test_the_ensemble_pins_the_versions_of_its_steps() -> None:
    (ensemble_step,) = config(unit(), "fx-drift").ensemble_scheduling.step

    assert (ensemble_step.model_name, ensemble_step.model_version) == ("drift", 3)
    assert dict(ensemble_step.input_map) == {"x": "x"}
    assert dict(ensemble_step.output_map) == {"y": "y"}


def test_the_repository_holds_each_model_and_the_ensemble() -> None:
    served = unit()

    assert [(m.name, m.version, m.planned.format) for m in served.models] == [
        ("drift", 3, "onnx"),
        ("fx-drift", 1, "ensemble"),
    ]
    assert served.entry == "fx-drift"


def test_two_steps_may_run_one_model() -> None:
    other = step("other", inputMap={"x": "x"}, outputMap={"y": "z"})
    outputs = [{"name": n, "dataType": "FP32", "shape": [1]} for n in ("y", "z")]

    served = unit(pins={"drift": pin(), "other": pin()}, steps=[step(), other], outputs=outputs)

    assert [model.name for model in served.models] == ["drift", "fx-drift"]


def test_the_number_of_the_revision_is_the_ensembles_own_version() -> None:
    numbered = unit().numbered(7)

    assert [m.version for m in numbered.models] == [3, 7]


def test_a_pipeline_within_keeps_the_version_that_it_was_given() -> None:
    inner = ServedModel(PlannedModel("inner", 5, ArtifactFormat.ENSEMBLE), "")
    numbered = replace(unit(), models=(inner, *unit().models)).numbered(7)

    assert [(m.name, m.version) for m in numbered.models] == [
        ("inner", 5),
        ("drift", 3),
        ("fx-drift", 7),
    ]


def test_an_artifact_that_nobody_pinned_is_the_one_that_the_model_serves() -> None:
    assert unit().models[0].planned.sha256 == "ab" * 32


def test_a_digest_of_the_models_own_stays() -> None:
    assert unit(pins={"drift": pin(sha256="cd" * 32)}).models[0].planned.sha256 == "cd" * 32


def test_what_was_fetched_makes_no_revision() -> None:
    assert replace(pin(), sha256="cd" * 32).content == pin().content


def test_what_the_model_pins_makes_a_revision() -> None:
    assert pin(sha256="cd" * 32).content != pin().content


def test_a_pin_is_read_back_as_it_was_kept() -> None:
    assert Pin.from_data(pin().to_data()) == pin()


def test_a_vocabulary_of_ones_own_is_fetched_with_its_secret() -> None:
    source = {
        "uri": "https://store.example/vocab.txt",
        "sha256": "ab" * 32,
        "secretRef": {"name": "store"},
    }
    tokens = step(
        modelRef=None,
        builtin={"tokenizer": {"vocabulary": source}},
        inputMap={"text": "x"},
        outputMap={"input_ids": "y"},
    )
    served = unit(
        pins={},
        steps=[tokens],
        inputs=[{"name": "x", "dataType": "STRING", "shape": [1]}],
        outputs=[{"name": "y", "dataType": "INT64", "shape": [-1]}],
    )

    planned = served.models[0].planned
    assert (planned.builtin, planned.uri) == ("tokenizer", "https://store.example/vocab.txt")
    assert (planned.sha256, planned.credentials) == ("ab" * 32, "store")


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        ({}, False),
        ({"replicas": 3}, False),
        ({"steps": [step(triton={"instanceGroups": []})]}, False),
        ({"steps": [step(triton={"instanceGroups": [{"kind": "CPU"}]})]}, True),
        ({"rollout": {"paused": True}}, False),
        ({"resources": {"requests": {"cpu": "2"}}}, True),
        ({"name": "other"}, True),
        ({"maxBatchSize": 2}, True),
        ({"triton": {"responseCache": {"size": "1Mi"}}}, True),
        ({"pins": {"drift": pin(uri="https://store.example/fx/8/model.onnx")}}, True),
    ],
)
def test_what_decides_how_pods_serve_makes_a_revision(
    changes: dict[str, Any], differs: bool
) -> None:
    assert (unit(**changes).revision != unit().revision) is differs
