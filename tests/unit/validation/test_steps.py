"""Overrides of a step: those that Triton or the pod cannot run are refused."""

from dataclasses import replace
from typing import Any

import pytest

from inference_operator.domain.accelerator import Mode
from inference_operator.domain.pins import Pin
from inference_operator.domain.repository_plan import ArtifactFormat, PlannedModel, RepositoryPlan
from model_builders.config import parse_pbtxt
from tests.fakes.bodies import step
from tests.unit.validation.pipelines import CONFIG, average, config, pin, problems, unit

ENSEMBLE = """
name: "mood" platform: "ensemble" max_batch_size: 8
input { name: "x" data_type: TYPE_FP32 dims: [4] }
output { name: "y" data_type: TYPE_FP32 dims: [1] }
ensemble_scheduling { step {
  model_name: "drift" model_version: 3
  input_map { key: "x" value: "x" } output_map { key: "y" value: "y" }
} }
"""
ACCELERATED = (
    CONFIG
    + 'optimization { execution_accelerators { gpu_execution_accelerator { name: "tensorrt" } } }'
)
WHENEVER = {"whenUnavailable": "UseCPU"}
ON_CPU = {"instanceGroups": [{"kind": "CPU"}]}
TWO_OUTPUTS = [{"name": name, "dataType": "FP32", "shape": [1]} for name in ("y", "z")]


def pipeline_pin() -> Pin:
    """Return a pin of a pipeline with one model."""
    plan = RepositoryPlan(
        (
            PlannedModel("drift", 3, ArtifactFormat.ONNX, "https://store.example/m.onnx"),
            PlannedModel("mood", 2, ArtifactFormat.ENSEMBLE),
        )
    )
    files = {
        "plan.json": plan.to_json(),
        "drift.config.pbtxt": CONFIG,
        "mood.config.pbtxt": ENSEMBLE,
    }
    return Pin("EnsemblePipeline", "mood", "bbb", "mood", 2, "", "", None, files)


def batching(**fields: Any) -> list[dict[str, Any]]:
    return [step(triton={"dynamicBatching": fields})]


def twice(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Return two steps on one model, with these `triton` sections."""
    other = step("other", inputMap={"x": "x"}, outputMap={"y": "z"}, triton=second)
    return {
        "pins": {"drift": pin(), "other": pin()},
        "steps": [step(triton=first), other],
        "outputs": TWO_OUTPUTS,
    }


def test_preferred_sizes_fit_the_batches_of_the_model() -> None:
    assert problems(steps=batching(preferredBatchSizes=[8, 64])) == (
        "spec.steps[drift].triton.dynamicBatching.preferredBatchSizes: found [8, 64], expected"
        " sizes up to the maxBatchSize of drift, which is 8; remove 64, or raise maxBatchSize",
    )


def test_preferred_sizes_fit_the_batches_of_a_built_in() -> None:
    (problem,) = problems(**average(triton={"dynamicBatching": {"preferredBatchSizes": [5]}}))

    assert problem.startswith(
        "spec.steps[average].triton.dynamicBatching.preferredBatchSizes: found [5], expected sizes"
        " up to the maxBatchSize of average, which is 4"
    )


def test_as_large_a_batch_as_the_model_takes_may_be_preferred() -> None:
    served = unit(steps=batching(preferredBatchSizes=[8]))

    assert list(config(served, "drift").dynamic_batching.preferred_batch_size) == [8]


def test_a_model_that_batches_sequences_gathers_no_requests() -> None:
    written = CONFIG + "sequence_batching { max_sequence_idle_microseconds: 5 }"

    (problem,) = problems(pins={"drift": pin(written)}, steps=batching())

    assert problem == (
        "spec.steps[drift].triton.dynamicBatching: found dynamicBatching of drift, which has"
        " sequence_batching, expected one of them: Triton batches requests in one way only; remove"
        " it, or take sequence_batching out of the model's configOverrides"
    )


def test_order_and_priorities_contradict_for_a_referenced_model_too() -> None:
    levels = {"levels": 2, "default": 1}

    (problem,) = problems(steps=batching(preserveOrdering=True, priorities=levels))

    path = "spec.steps[drift].triton.dynamicBatching"
    assert problem == (
        f"{path}.priorities.levels: found 2 with preserveOrdering, expected 1: priorities let"
        " requests overtake; remove triton.dynamicBatching.preserveOrdering, or this"
    )


@pytest.mark.parametrize("word", ["dynamicBatching", "instanceGroups"])
def test_a_model_that_is_an_ensemble_has_no_instances_and_no_batches(word: str) -> None:
    section: dict[str, Any] = {"dynamicBatching": {}, **ON_CPU}

    (problem,) = problems(
        pins={"drift": pipeline_pin()}, steps=[step(triton={word: section[word]})]
    )

    assert problem == (
        f"spec.steps[drift].triton: found {word} for the ensemble mood, expected no value, since an"
        " ensemble has no instances or batches of its own; set them where its steps are described"
    )


def test_on_the_cpu_models_of_a_referenced_pipeline_move_and_its_ensemble_stays() -> None:
    served = unit(pins={"drift": pipeline_pin()}, accelerator=WHENEVER)

    assert config(served, "mood") == parse_pbtxt(ENSEMBLE)
    assert [group.kind for group in config(served, "drift").instance_group] == [2], "KIND_CPU"


def test_an_engine_never_goes_to_the_cpu() -> None:
    (problem,) = problems(pins={"drift": pin(format=ArtifactFormat.TENSORRT)}, accelerator=WHENEVER)

    assert problem == (
        "spec.steps[drift]: found drift, a TensorRT engine, expected"
        " spec.accelerator.whenUnavailable Wait, since it runs on a GPU only; remove"
        " spec.accelerator.whenUnavailable"
    )


def test_an_engine_waits_for_its_gpu_where_there_is_one_too() -> None:
    engine = {"drift": pin(format=ArtifactFormat.TENSORRT)}

    (problem,) = problems(pins=engine, mode=Mode.ACCELERATOR, accelerator=WHENEVER)

    assert "expected spec.accelerator.whenUnavailable Wait" in problem


@pytest.mark.parametrize(
    ("pinned", "kinds", "words"),
    [
        (pin(format=ArtifactFormat.TENSORRT), ["CPU"], "groups"),
        (pin(format=ArtifactFormat.TENSORRT), ["GPU", "CPU"], "groups"),
        (pin(ACCELERATED), ["CPU"], "a group"),
    ],
)
def test_a_step_takes_no_gpu_from_a_model_that_needs_one(
    pinned: Pin, kinds: list[str], words: str
) -> None:
    (problem,) = problems(
        pins={"drift": pinned},
        steps=[step(triton={"instanceGroups": [{"kind": kind} for kind in kinds]})],
        mode=Mode.ACCELERATOR,
        accelerator={},
    )

    assert problem.startswith("spec.steps[drift].triton.instanceGroups: found drift, ")
    assert problem.endswith(
        f", with instances off the GPU, expected {words} of kind GPU or Auto; change kind, or"
        " remove the groups"
    )


def test_a_model_that_tensorrt_accelerates_may_have_an_instance_on_the_cpu_too() -> None:
    groups = [{"kind": "GPU"}, {"kind": "CPU"}]
    served = unit(
        pins={"drift": pin(ACCELERATED)},
        steps=[step(triton={"instanceGroups": groups})],
        mode=Mode.ACCELERATOR,
        accelerator=WHENEVER,
    )

    assert config(served, "drift").HasField("optimization")


def test_only_engines_have_profiles() -> None:
    (problem,) = problems(steps=[step(triton={"instanceGroups": [{"profiles": ["0"]}]})])

    assert problem == (
        "spec.steps[drift].triton.instanceGroups[0].profiles: found profiles for a onnx model,"
        " expected no value, since only TensorRT plans have optimization profiles; remove it"
    )


def test_an_engine_has_the_profiles_that_the_step_says() -> None:
    served = unit(
        pins={"drift": pin(format=ArtifactFormat.TENSORRT)},
        steps=[step(triton={"instanceGroups": [{"profiles": ["0"]}]})],
        mode=Mode.ACCELERATOR,
        accelerator={},
    )

    assert [list(group.profile) for group in config(served, "drift").instance_group] == [["0"]]


def test_a_model_that_tensorrt_accelerates_needs_an_accelerator() -> None:
    assert problems(pins={"drift": pin(ACCELERATED)}) == (
        "spec.steps[drift]: found drift, which TensorRT accelerates, expected spec.accelerator,"
        " since it runs on a GPU only; add it",
    )


def test_a_model_that_tensorrt_accelerates_may_fall_back_to_the_cpu() -> None:
    served = unit(pins={"drift": pin(ACCELERATED)}, accelerator=WHENEVER)

    assert not config(served, "drift").HasField("optimization")


def test_an_accelerated_model_of_a_referenced_pipeline_needs_an_accelerator() -> None:
    inner = pipeline_pin()
    inner = replace(inner, repository={**inner.repository, "drift.config.pbtxt": ACCELERATED})

    (problem,) = problems(pins={"drift": inner})

    assert "found drift, which TensorRT accelerates, expected spec.accelerator" in problem


@pytest.mark.parametrize("first", [{}, {"dynamicBatching": {}}])
def test_two_steps_on_one_model_say_the_same_of_it(first: dict[str, Any]) -> None:
    assert problems(**twice(first, ON_CPU)) == (
        "spec.steps[other].triton: found other settings for drift than those of step drift,"
        " expected the same, since Triton runs one model for both; give both steps the same"
        " triton",
    )


def test_two_steps_on_one_model_may_both_override_it() -> None:
    served = unit(**twice(ON_CPU, ON_CPU))

    assert [group.kind for group in config(served, "drift").instance_group] == [2], "KIND_CPU"


def test_two_steps_on_one_model_may_say_what_it_has_anyway() -> None:
    written = {"drift": pin(CONFIG + "instance_group { kind: KIND_CPU count: 1 }")}
    body = twice({}, ON_CPU)

    served = unit(**{**body, "pins": {**written, "other": written["drift"]}})

    assert [group.kind for group in config(served, "drift").instance_group] == [2], "KIND_CPU"


def test_what_else_is_wrong_with_two_steps_on_one_model_is_told_at_once() -> None:
    wrong = {"dynamicBatching": {"preferredBatchSizes": [64]}}

    first, second = problems(**twice(wrong, ON_CPU))

    assert first.startswith("spec.steps[drift].triton.dynamicBatching.preferredBatchSizes")
    assert second.startswith("spec.steps[other].triton: found other settings")
