"""Steps of a pipeline whose models have a foreign backend, or describe themselves."""

import pytest
from pydantic import ValidationError

from inference_operator.domain.repository_plan import ArtifactFormat
from tests.fakes.bodies import step
from tests.unit.validation.pipelines import config, inline, pin, problems, unit

CUSTOM = {"format": "custom", "backend": "fil"}
TENSORS = """
input { name: "x" data_type: TYPE_FP32 dims: 4 } output { name: "y" data_type: TYPE_FP32 dims: 1 }
"""


def test_a_pinned_custom_model_is_checked_by_its_declared_tensors() -> None:
    pinned = pin(
        f'name: "drift" backend: "fil" max_batch_size: 8 {TENSORS}', format=ArtifactFormat.CUSTOM
    )
    assert config(unit(pins={"drift": pinned}), "drift").backend == "fil"

    wrong = step(inputMap={"price": "x"})
    (problem,) = problems(pins={"drift": pinned}, steps=[wrong])[:1]
    assert 'an input that model "drift" does not have' in problem


def test_a_model_that_describes_itself_is_left_to_triton() -> None:
    described = pin('name: "drift" backend: "vllm" max_batch_size: 8', format=ArtifactFormat.CUSTOM)
    assert [model.name for model in unit(pins={"drift": described}).models] == ["drift", "fx-drift"]


def test_dims_that_triton_completes_fit_everything() -> None:
    text = TENSORS.replace("dims: 4", "").replace("dims: 1", "")
    partial = pin(f'name: "drift" backend: "tensorrt" max_batch_size: 8 {text}')
    assert unit(pins={"drift": partial}).entry == "fx-drift"


def test_an_inline_step_may_have_another_backend() -> None:
    whole = unit(pins={}, steps=[inline(**CUSTOM)])
    assert config(whole, "drift").backend == "fil"
    assert whole.models[0].planned.format == "custom"


def test_a_step_without_a_backend_names_its_field() -> None:
    with pytest.raises(ValidationError, match=r"add model\.backend, such as fil"):
        unit(pins={}, steps=[inline(format="custom")])
