"""The measured variants: the sample's pipeline, its models alone, and other settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hack.cache import cache_root
from hack.demo.trading import Trading
from hack.demo.trained_models import trained_model
from hack.images import store
from inference_operator.api.ensemble_pipeline import EnsemblePipelineSpec
from inference_operator.api.inference_model import InferenceModelSpec
from training.precision import Precision, write_graph

MODELS_ALONE = "models-alone"
_SENTIMENT = "sentiment_transformer"


@dataclass(frozen=True, slots=True)
class Variant:
    """The sample with other settings."""

    name: str
    about: str
    steps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """`triton` of steps, by their names, in place of the sample's."""
    parameters: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """`triton.parameters` of models, by their names, in place of the sample's."""
    int8: bool = False

    def trading(self) -> Trading:
        sample = Trading.of_sample()
        models = {name: self._model(name, spec) for name, spec in sample.models.items()}
        body = sample.pipeline.model_dump(mode="json", by_alias=True, exclude_unset=True)
        for step in body["steps"]:
            if step["name"] in self.steps:
                step["triton"] = dict(self.steps[step["name"]])
        spec = EnsemblePipelineSpec.model_validate(body)
        return replace(sample, pipeline=spec, models=models)

    def _model(self, name: str, spec: InferenceModelSpec) -> InferenceModelSpec:
        body = spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
        if name in self.parameters:
            body["triton"]["parameters"] = dict(self.parameters[name])
        if self.int8 and body["model"]["format"] == "onnx":
            body["model"]["source"]["uri"] = f"pvc://{int8().relative_to(cache_root())}"
        return InferenceModelSpec.model_validate(body)


def _copies(count: int) -> dict[str, Any]:
    return {"instanceGroups": [{"kind": "CPU", "count": count}]}


_GATHER: Mapping[str, Any] = {"dynamicBatching": {}}
_BUILTINS = ("bars", "words", "average")
SAMPLE = Variant("sample", "the sample as it is")
SAMPLE_INT8 = Variant("int8", "the transformer's matrix products in 8 bits", int8=True)
TRIED = (
    SAMPLE,
    Variant(
        "transformer's threads",
        "as many threads as cores for the transformer",
        parameters={"sentiment-transformer": {}},
    ),
    Variant(
        "LSTM's threads",
        "as many threads as cores for the LSTM",
        parameters={"lstm-price-predictor": {}},
    ),
    Variant("two", "two instances of the transformer", {"sentiment": _copies(2)}),
    Variant("gather", "the built-in steps gather requests", dict.fromkeys(_BUILTINS, _GATHER)),
    Variant("all", "two instances of each built-in step", dict.fromkeys(_BUILTINS, _copies(2))),
)


def models_alone(trading: Trading) -> Trading:
    """Return the steps with models; the client gives them the tensors of the built-in steps."""
    steps = [step for step in trading.pipeline.steps if step.model_ref is not None]
    body = trading.pipeline.model_dump(mode="json", by_alias=True, exclude_unset=True)
    named = {step.name for step in steps}
    declared = {
        step.name: trading.models[step.model_ref.name].model for step in steps if step.model_ref
    }
    body["steps"] = [step for step in body["steps"] if step["name"] in named]
    for side, mapping in (("inputs", "input_map"), ("outputs", "output_map")):
        body[side] = [
            {
                "name": getattr(step, mapping)[tensor.name],
                "dataType": tensor.data_type,
                "shape": list(tensor.shape),
            }
            for step in steps
            for tensor in getattr(declared[step.name], side)
            if tensor.name in getattr(step, mapping)
        ]
    return Trading(MODELS_ALONE, EnsemblePipelineSpec.model_validate(body), trading.models)


def int8() -> Path:
    """Return the trained transformer's model.onnx with 8-bit matrix products, in the cache."""
    trained = trained_model(_SENTIMENT)

    def make(partial: Path) -> None:
        partial.mkdir(parents=True)
        copy = partial / "model.onnx"
        copy.write_bytes((trained / "model.onnx").read_bytes())
        write_graph(copy, Precision.INT8).replace(copy)

    folder = cache_root() / "trained"
    made = store.published(folder / f"int8-{trained.name}", make)
    store.keep_newest(folder, "int8-", 1)
    return made / "model.onnx"
