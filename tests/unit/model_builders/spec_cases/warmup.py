"""Specs whose warm-up is a request that the model accepts, and specs whose warm-up is not."""

from typing import Any

from inference_operator.api.inference_model import InferenceModelSpec
from tests.unit.model_builders.specs import WINDOW, spec, tensors


def sample(**changes: Any) -> dict[str, Any]:
    tensor = {"name": "WINDOW__0", "dataType": "FP32", "shape": [60, 5]}
    inputs = changes.pop("inputs", [{**tensor, **changes.pop("tensor", {})}])
    return {"warmup": [{"name": "first", "inputs": inputs, **changes}]}


SOUND: dict[str, InferenceModelSpec] = {
    "a warm-up like a request": spec(triton=sample(batchSize=16)),
    "a warm-up without the optional input": spec(
        model_changes={"inputs": [WINDOW, *tensors("MASK__1", optional=True)]}, triton=sample()
    ),
    "a warm-up with a fixed size for a variable dimension": spec(
        model_changes={"inputs": [{**WINDOW, "shape": [-1, 5]}]}, triton=sample()
    ),
}

BAD: dict[str, tuple[InferenceModelSpec, str]] = {
    "a warm-up larger than a batch": (
        spec(triton=sample(batchSize=17)),
        "spec.triton.warmup[0].batchSize: found 17, expected 1 to 16 (model.maxBatchSize);"
        " lower it, or raise model.maxBatchSize",
    ),
    "a warm-up of two for a model without a batch": (
        spec(model_changes={"maxBatchSize": 0}, triton=sample(batchSize=2)),
        "spec.triton.warmup[0].batchSize: found 2, expected 1; lower it, or raise"
        " model.maxBatchSize",
    ),
    "a warm-up with a variable dimension": (
        spec(
            model_changes={"inputs": [{**WINDOW, "shape": [-1, 5]}]},
            triton=sample(tensor={"shape": [-1, 5]}),
        ),
        "spec.triton.warmup[0].inputs[0].shape[0]: found -1, expected 1 or more: a sample has"
        " one size; write a size that requests really have",
    ),
    "a warm-up of another input": (
        spec(triton=sample(inputs=[WINDOW, *tensors("VOLUME__1")])),
        'spec.triton.warmup[0].inputs[1].name: found "VOLUME__1", expected an input of the model'
        " (WINDOW__0); rename or remove it",
    ),
    "a warm-up without an input": (
        spec(model_changes={"inputs": [WINDOW, *tensors("MASK__1")]}, triton=sample()),
        "spec.triton.warmup[0].inputs: found no MASK__1, expected every input of the model that"
        " is not optional; add what is missing",
    ),
    "a warm-up of another type": (
        spec(triton=sample(tensor={"dataType": "FP16"})),
        "spec.triton.warmup[0].inputs[0].dataType: found FP16, expected FP32, as the model's"
        " input WINDOW__0 has it; use the model's type",
    ),
    "a warm-up with the batch in its shape": (
        spec(triton=sample(tensor={"shape": [1, 60, 5]})),
        "spec.triton.warmup[0].inputs[0].shape: found [1, 60, 5], expected [60, 5], as the"
        " model's input WINDOW__0 has it; leave the batch dimension out, and fix the variable"
        " ones",
    ),
}
