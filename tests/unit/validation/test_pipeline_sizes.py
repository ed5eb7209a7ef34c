"""The largest pipelines: the API server must store the record of each valid one."""

import json
from typing import Any

import pytest

from inference_operator.api.ensemble_pipeline import EnsemblePipelineSpec
from inference_operator.domain.serving_unit import ServingUnit
from inference_operator.resources.controller_revision import controller_revision, new_record
from inference_operator.validation.invalid import Invalid
from inference_operator.validation.pipeline import MOST_RECORDED, _too_many_overrides
from tests.fakes.bodies import step
from tests.unit.validation.pipelines import CONFIG, inline, made, pin, problems

MOST_STORED = 1_572_864
"""Of one object, in bytes: etcd's limit."""


def steps_on_one_model(count: int, size: int) -> dict[str, Any]:
    """Return steps on one model, whose config.pbtxt has about `size` bytes."""
    overrides = f'parameters {{ key: "k" value {{ string_value: "{"x" * size}" }} }}'
    names = [f"s{number}" for number in range(count)]
    return {
        "pins": {name: pin(CONFIG + overrides) for name in names},
        "steps": [step(name, outputMap={"y": f"y-{name}"}) for name in names],
        "outputs": [{"name": f"y-{n}", "dataType": "FP32", "shape": [1]} for n in names],
    }


def stored(unit: ServingUnit) -> int:
    return len(json.dumps(controller_revision(unit.owner, new_record(unit, 1))))


@pytest.mark.parametrize(("count", "size"), [(20, 60_000), (5, 215_000), (2, 395_000)])
def test_the_record_of_what_nearly_is_too_large_can_be_stored(count: int, size: int) -> None:
    served = made(**steps_on_one_model(count, size))

    assert isinstance(served, ServingUnit), served
    assert 0.75 * MOST_RECORDED < stored(served) < MOST_STORED


@pytest.mark.parametrize(("count", "size"), [(20, 63_000), (5, 380_000)])
def test_what_is_pinned_counts_for_each_step(count: int, size: int) -> None:
    (problem,) = problems(**steps_on_one_model(count, size))

    assert problem.startswith("spec.steps: found ")
    assert problem.endswith(
        " bytes to record: config.pbtxt, once more for each step with modelRef, expected 1300000 at"
        " most: the API server stores no more of one revision; shorten configOverrides of what they"
        " refer to, or split the pipeline"
    )


def test_one_config_that_is_too_large_for_a_config_map() -> None:
    served = made(**steps_on_one_model(1, 400_001))

    assert isinstance(served, Invalid)
    assert "bytes of config.pbtxt in all, expected 400000 at most" in served.message


@pytest.mark.parametrize(("size", "is_refused"), [(6_400, False), (6_700, True)])
def test_all_overrides_together_are_read_in_bounded_time(size: int, is_refused: bool) -> None:
    text = f'parameters {{ key: "k" value {{ string_value: "{"x" * size}" }} }}'
    spec = EnsemblePipelineSpec.model_validate(
        {
            "steps": [
                {
                    "name": f"s{number}",
                    "model": {"source": {"uri": "https://h/a.onnx"}, "format": "onnx"},
                    "triton": {"configOverrides": text},
                    "inputMap": {"x": "x"},
                    "outputMap": {"y": f"y{number}"},
                }
                for number in range(20)
            ],
            "inputs": [{"name": "x", "dataType": "FP32", "shape": [1]}],
            "outputs": [{"name": "y0", "dataType": "FP32", "shape": [1]}],
        }
    )
    messages = [str(problem) for problem in _too_many_overrides(spec)]

    assert bool(messages) is is_refused
    assert all(
        "characters of configOverrides in all, expected 131072 at most" in f for f in messages
    )


def wide_step(number: int, tensors: int) -> dict[str, Any]:
    """Return a step with a model of its own, which has so many inputs and as many outputs."""
    sides = {
        side: [{"name": f"{side}{n}", "dataType": "FP32", "shape": [4]} for n in range(tensors)]
        for side in ("inputs", "outputs")
    }
    produced = "y" if number == 0 else f"y{number}"
    inputs = {tensor["name"]: "x" for tensor in sides["inputs"]}
    maps = {"inputMap": inputs, "outputMap": {"outputs0": produced}}
    return {**inline(**sides), **maps, "name": f"s{number}"}


def test_many_tensors_of_inline_models_are_refused_before_any_is_rendered() -> None:
    first, *_ = problems(steps=[wide_step(number, 512) for number in range(3)])

    assert first == (
        "spec.steps: found 3,072 tensors of inline models in all, expected 2,560 at most; split the"
        " pipeline"
    )
