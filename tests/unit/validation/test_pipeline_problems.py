"""The problems of a pipeline that cannot be served: all at once, without their consequences."""

from dataclasses import replace

import pytest

from inference_operator.domain.pins import Pin
from inference_operator.domain.repository_plan import ArtifactFormat, PlannedModel, RepositoryPlan
from model_builders.file_names import PLAIN_NAME
from tests.fakes.bodies import step
from tests.unit.validation.pipelines import CONFIG, inline, pin, problems


def test_two_models_of_one_name_are_refused() -> None:
    other = step("other", "other", inputMap={"x": "x"}, outputMap={"y": "z"})
    outputs = [{"name": n, "dataType": "FP32", "shape": [1]} for n in ("y", "z")]
    changed = pin(CONFIG, "other", uri="https://store.example/fx/9/model.onnx")

    messages = problems(
        pins={"drift": pin(), "other": changed}, steps=[step(), other], outputs=outputs
    )

    assert messages == (
        "spec.steps[other]: found another model called drift in Triton than that of step drift,"
        " expected one model of each name in a pipeline, in upper or lower case; give one"
        " of them another name",
    )


def test_two_names_that_differ_by_case_are_refused() -> None:
    other = step("other", "other", inputMap={"x": "x"}, outputMap={"y": "z"})
    outputs = [{"name": n, "dataType": "FP32", "shape": [1]} for n in ("y", "z")]
    files = pin().repository
    upper = replace(
        pin(),
        model="DRIFT",
        repository={
            "plan.json": files["plan.json"].replace('"drift"', '"DRIFT"'),
            "DRIFT.config.pbtxt": CONFIG.replace("drift", "DRIFT"),
        },
    )

    (problem,) = problems(
        pins={"drift": pin(), "other": upper}, steps=[step(), other], outputs=outputs
    )

    assert problem.startswith("spec.steps[other]: found another model called DRIFT in Triton than")


def test_a_record_of_before_that_names_a_file_of_another_model_is_refused() -> None:
    leaves = pin(f'{CONFIG} default_model_filename: "../../fx/1/model.onnx"')

    assert problems(pins={"drift": leaves}) == (
        'spec.steps[drift]: found default_model_filename "../../fx/1/model.onnx" in revision aaa of'
        f" InferenceModel fx-drift, expected {PLAIN_NAME}; edit InferenceModel fx-drift to create a"
        " new revision",
    )


def test_no_model_that_another_pipeline_brings_may_be_called_like_this_one() -> None:
    inner = RepositoryPlan(
        (
            PlannedModel("fx-drift", 1, ArtifactFormat.ONNX, "https://store.example/m.onnx"),
            PlannedModel("inner", 2, ArtifactFormat.ENSEMBLE),
        )
    )
    files = {
        "plan.json": inner.to_json(),
        "fx-drift.config.pbtxt": CONFIG.replace("drift", "fx-drift"),
        "inner.config.pbtxt": CONFIG.replace("drift", "inner"),
    }
    pinned = Pin("EnsemblePipeline", "inner", "bbb", "inner", 2, "", "", None, files)

    (problem,) = problems(pins={"drift": pinned})

    assert problem.startswith(
        "spec.steps[drift]: found another model called fx-drift in Triton than that of the pipeline"
        " itself"
    )


def test_what_is_wrong_with_steps_and_with_the_graph_is_told_at_once() -> None:
    unbatched = pin(CONFIG.replace("8", "0"))
    wrong = step(triton={"dynamicBatching": {}})
    other = step("other", "other", inputMap={"x": "misspelt"}, outputMap={"y": "z"})
    outputs = [{"name": n, "dataType": "FP32", "shape": [1]} for n in ("y", "z")]

    messages = problems(
        pins={"drift": unbatched, "other": pin(name="other")},
        steps=[wrong, other],
        outputs=outputs,
        triton={"env": [{"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"}]},
    )

    assert [message.partition(": ")[0] for message in messages] == [
        "spec.steps[drift].triton.dynamicBatching",
        "spec.steps[other].inputMap[x]",
        "spec.triton.env[0].name",
    ]


def test_what_is_wrong_with_the_graph_hides_no_overrides() -> None:
    messages = problems(
        steps=[step(inputMap={"x": "misspelt"})],
        triton={"configOverrides": "max_batch_siz: 3"},
    )

    assert {message.partition(": ")[0] for message in messages} == {
        "spec.steps[drift].inputMap[x]",
        "spec.inputs[x]",
        "spec.triton.configOverrides",
    }


@pytest.mark.parametrize("size", [0, 4], ids=["rows", "batches"])
def test_what_follows_from_a_step_that_is_wrong_is_not_told(size: int) -> None:
    """The type, dimensions and batches of its output are unknown."""
    wrong = {**inline(), "triton": {"configOverrides": "max_batch_siz: 3"}}
    after = step("after", "after", inputMap={"x": "y"}, outputMap={"y": "z"})
    taken = CONFIG.replace("drift", "after").replace("FP32", "INT64")
    outputs = [{"name": "z", "dataType": "INT64", "shape": [1]}]

    messages = problems(
        pins={"after": pin(taken, name="after")},
        steps=[wrong, after],
        outputs=outputs,
        maxBatchSize=size,
    )

    assert [message.partition(": ")[0] for message in messages] == [
        "spec.steps[drift].triton.configOverrides"
    ]


def test_an_illegible_record_is_a_sentence() -> None:
    broken = pin()
    broken = Pin.from_data({**broken.to_data(), "repository": {"plan.json": "{}"}})

    (problem,) = problems(pins={"drift": broken})

    assert problem.startswith(
        "spec.steps[drift]: the record of revision aaa of InferenceModel fx-drift is not readable: "
    )
    assert problem.endswith("edit InferenceModel fx-drift to create a new revision")
