"""The trading ensemble of manifests/samples as a model repository on this machine: the operator's
own way from manifests to the init container, but for the cluster and the registry."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import yaml

from hack.cache import cache_root
from hack.demo.trained_models import trained_model
from hack.product import ROOT
from inference_operator.api.base import API_VERSION
from inference_operator.api.builtin import WeightedAverage
from inference_operator.api.ensemble_pipeline import KIND, EnsemblePipelineSpec
from inference_operator.api.inference_model import KIND as MODEL
from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.domain.accelerator import Mode
from inference_operator.domain.names import UnitKey
from inference_operator.domain.pins import Pin
from inference_operator.domain.resolution import RegistryUri
from inference_operator.domain.serving_unit import Owner, ServingUnit
from inference_operator.load.loader import Folders, Loader
from inference_operator.load.plan import ModelOrder
from inference_operator.resources.config_map import config_map
from inference_operator.validation.defaults import Defaults
from inference_operator.validation.pipeline import CompletedPipeline, serving_unit
from inference_operator.validation.signature import CompletedSpec
from training.models.catalog import MODELS
from training.models.signature import TensorSpec
from training.served_file import Format

SAMPLE = ROOT / "manifests" / "samples" / "ensemble-predictor.yaml"
# As `training.all` registers them.
FORMATS = {"lstm_price_predictor": Format.TORCHSCRIPT, "sentiment_transformer": Format.ONNX}


@dataclass(frozen=True, slots=True)
class Trading:
    """A pipeline, and by their names the models that it refers to, with their trained files."""

    name: str
    pipeline: EnsemblePipelineSpec
    models: Mapping[str, InferenceModelSpec]

    @classmethod
    def of_sample(cls) -> Self:
        bodies = list(yaml.safe_load_all(SAMPLE.read_text()))
        (pipeline,) = (body for body in bodies if body["kind"] == KIND)
        models = {b["metadata"]["name"]: completed(b["spec"]) for b in bodies if b is not pipeline}
        spec = EnsemblePipelineSpec.model_validate(pipeline["spec"])
        return cls(str(pipeline["metadata"]["name"]), spec, models)

    @property
    def average(self) -> WeightedAverage:
        """Return the settings of its last step."""
        builtins = (step.builtin for step in self.pipeline.steps if step.builtin is not None)
        return next(b.weighted_average for b in builtins if b.weighted_average is not None)

    def unit(self) -> ServingUnit:
        """Return the unit that the operator makes of it. Raises ValueError with its problems."""
        pins = {
            step.name: self._pin(step.model_ref.name)
            for step in self.pipeline.steps
            if step.model_ref is not None
        }
        return _unit(KIND, self.name, CompletedPipeline(self.pipeline, pins))

    def lay_out(self, repository: Path, number: int = 1) -> None:
        """Write every step and the ensemble of that revision, as the init container does it."""
        repository.mkdir(parents=True, exist_ok=True)
        models = self.unit().numbered(number).models
        orders = tuple(ModelOrder(model.planned, model.config) for model in models)
        Loader(Folders(repository, repository, cache_root())).load(orders)

    def _pin(self, name: str) -> Pin:
        spec = self.models[name]
        unit = _unit(MODEL, name, CompletedSpec(spec, spec))
        model, repository = unit.entry_model, config_map(unit)["data"]
        pin = (model.name, model.version, model.uri)
        return Pin(MODEL, name, unit.revision, *pin, "", None, repository)


def completed(body: Mapping[str, Any]) -> InferenceModelSpec:
    """Return the spec of a registered model with the registry's answer, and the trained file."""
    registered = RegistryUri.of(body["model"]["source"]["uri"])
    assert registered is not None, f"{body['model']} is not a model of the registry"
    name = registered.name
    shipped, form = MODELS[name], FORMATS[name]
    file = (trained_model(name) / form.file).relative_to(cache_root())
    model = {
        "source": {"uri": f"pvc://{file}"},
        "format": form.value,
        "maxBatchSize": shipped.max_batch_size,
        "inputs": [_declared(tensor) for tensor in shipped.signature.inputs],
        "outputs": [_declared(tensor) for tensor in shipped.signature.outputs],
    }
    return InferenceModelSpec.model_validate({**body, "model": {**body["model"], **model}})


def _declared(tensor: TensorSpec) -> dict[str, Any]:
    return {"name": tensor.name, "dataType": tensor.data_type, "shape": list(tensor.shape)}


def _unit(kind: str, name: str, completed: CompletedSpec | CompletedPipeline) -> ServingUnit:
    owner = Owner(UnitKey(kind, "trading", name), API_VERSION, "uid-of-none")
    unit = serving_unit(owner, 1, completed, Mode.CPU, Defaults("triton", "loader"))
    if not isinstance(unit, ServingUnit):
        raise ValueError(f"{name}: {unit.message}")
    return unit
