"""The problems of a model that a step holds itself: their messages name the step's fields."""

from typing import Any

import pytest

from inference_operator.api.ensemble_pipeline import EnsemblePipelineSpec, Step
from inference_operator.api.workload import Accelerator
from inference_operator.validation.steps import inline_spec
from model_builders.problem import ConfigError
from tests.unit.validation.pipelines import inline, problems


def test_an_inline_model_is_checked_like_an_inference_model() -> None:
    wrong = inline(outputs=[{"name": "y", "dataType": "BF16", "shape": [1]}])

    (problem,) = problems(pins={}, steps=[wrong])

    assert problem.startswith(
        "spec.steps[drift].model.outputs[0].dataType: found BF16, which Triton"
    )


def test_the_types_of_an_inline_model_are_those_of_the_pipelines_image() -> None:
    newer = inline(outputs=[{"name": "y", "dataType": "BF16", "shape": [1]}])

    left = problems(pins={}, steps=[newer], triton={"image": "registry.example/triton:26.03"})

    assert not any("which Triton's onnx backend cannot take" in problem for problem in left)


def test_overrides_of_an_inline_model_name_its_step() -> None:
    body = {**inline(), "triton": {"configOverrides": "max_batch_siz: 3"}}

    (problem,) = problems(pins={}, steps=[body])

    assert problem.startswith("spec.steps[drift].triton.configOverrides: found line 1, column 1")


@pytest.mark.parametrize(
    ("triton", "expected"),
    [
        ({"configOverrides": "max_batch_size: 3"}, "8 as in model.maxBatchSize"),
        (
            {"configOverrides": 'name: "other"'},
            "no name: it comes from model.name, or that of the resource or step",
        ),
        (
            {"configOverrides": "sequence_batching { }", "dynamicBatching": {}},
            "dynamic_batching as in triton.dynamicBatching",
        ),
    ],
)
def test_overrides_that_contradict_an_inline_model_name_the_fields_of_its_step(
    triton: dict[str, Any], expected: str
) -> None:
    (problem,) = problems(pins={}, steps=[{**inline(), "triton": triton}])

    assert problem.partition(", expected ")[2].startswith(f"{expected};")


def test_sections_of_an_inline_model_that_contradict_name_its_step() -> None:
    body = {**inline(), "triton": {"optimization": {"tensorrt": {}}}}
    spec = EnsemblePipelineSpec.model_construct(accelerator=None)
    with pytest.raises(ConfigError) as raised:
        inline_spec(spec, Step.model_validate(body))

    assert str(raised.value).startswith(
        "spec.steps[drift].triton.optimization.tensorrt: found tensorrt without spec.accelerator"
    )


def test_each_of_two_inline_models_is_named_with_its_own_step() -> None:
    wrong = inline(outputs=[{"name": "y", "dataType": "BF16", "shape": [1]}])
    other = {**wrong, "name": "other", "outputMap": {"y": "other"}}

    first, second, *_ = problems(pins={}, steps=[wrong, other])

    assert first.startswith("spec.steps[drift].model.outputs[0].dataType: found BF16")
    assert second.startswith("spec.steps[other].model.outputs[0].dataType: found BF16")


def test_what_the_pipeline_has_itself_keeps_its_place() -> None:
    body = inline(format="tensorrt")
    accelerator = Accelerator(when_unavailable="UseCPU")
    spec = EnsemblePipelineSpec.model_construct(accelerator=accelerator)
    with pytest.raises(ConfigError) as raised:
        inline_spec(spec, Step.model_validate(body))

    assert str(raised.value).startswith("spec.accelerator.whenUnavailable: found UseCPU")
