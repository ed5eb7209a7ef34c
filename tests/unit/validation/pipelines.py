"""Short builders of pipelines, and the models that their steps pin."""

from collections.abc import Mapping
from typing import Any

from inference_operator.api.ensemble_pipeline import EnsemblePipelineSpec
from inference_operator.domain.accelerator import Mode
from inference_operator.domain.pins import Pin
from inference_operator.domain.repository_plan import ArtifactFormat, PlannedModel, RepositoryPlan
from inference_operator.domain.serving_unit import ServingUnit
from inference_operator.validation.invalid import Invalid
from inference_operator.validation.pipeline import CompletedPipeline, pipeline_unit
from inference_operator.validation.signature import CompletedSpec
from inference_operator.validation.steps import inline_spec
from model_builders.config import parse_pbtxt
from tests.fakes.bodies import epipe, step
from tests.unit.planning.seen import DEFAULTS, OWNER

CONFIG = """
name: "drift" backend: "onnxruntime" max_batch_size: 8
input { name: "x" data_type: TYPE_FP32 dims: [4] }
output { name: "y" data_type: TYPE_FP32 dims: [1] }
"""


def pin(config: str = CONFIG, name: str = "fx-drift", **changes: Any) -> Pin:
    planned: dict[str, Any] = {
        "name": "drift",
        "version": 3,
        "format": ArtifactFormat.ONNX,
        "uri": "https://store.example/fx/7/model.onnx",
        **changes,
    }
    plan = RepositoryPlan((PlannedModel(**planned),))
    return Pin(
        kind="InferenceModel",
        name=name,
        revision="aaa",
        model="drift",
        version=3,
        uri=planned["uri"],
        run_id="",
        sha256="ab" * 32,
        repository={"plan.json": plan.to_json(), "drift.config.pbtxt": config},
    )


def made(
    pins: Mapping[str, Pin] | None = None, mode: Mode = Mode.CPU, **changes: Any
) -> ServingUnit | Invalid:
    body = {**epipe(maxBatchSize=4)["spec"], **changes}
    spec = EnsemblePipelineSpec.model_validate(body)
    inline = {}
    for each in spec.steps:
        if each.model is not None:
            model = inline_spec(spec, each)
            inline[each.name] = CompletedSpec(model, model)
    all_pins = {"drift": pin()} if pins is None else pins
    return pipeline_unit(OWNER, 1, CompletedPipeline(spec, all_pins, inline), mode, DEFAULTS)


def unit(**changes: Any) -> ServingUnit:
    served = made(**changes)
    assert isinstance(served, ServingUnit), served
    return served


def problems(**changes: Any) -> tuple[str, ...]:
    served = made(**changes)
    assert isinstance(served, Invalid), served
    return tuple(map(str, served.problems))


def config(of: ServingUnit, name: str) -> Any:
    return parse_pbtxt(next(m.config for m in of.models if m.name == name))


def inline(**model: Any) -> dict[str, Any]:
    tensor = {"name": "x", "dataType": "FP32", "shape": [4]}
    model_body = {
        "source": {"uri": "https://store.example/fx/1/model.onnx"},
        "format": "onnx",
        "maxBatchSize": 8,
        "inputs": [tensor],
        "outputs": [{"name": "y", "dataType": "FP32", "shape": [1]}],
        **model,
    }
    return {**step(modelRef=None), "model": model_body}


def average(**fields: Any) -> dict[str, Any]:
    """Return a pipeline with only a built-in step."""
    takes = {"price": 1, "interval": 2, "score": 1, "confidence": 1}
    only = step(
        "average",
        modelRef=None,
        builtin={"weightedAverage": {}},
        inputMap={name: name for name in takes},
        outputMap={"forecast": "y"},
        **fields,
    )
    inputs = [{"name": n, "dataType": "FP32", "shape": [size]} for n, size in takes.items()]
    return {"pins": {}, "steps": [only], "inputs": inputs}
