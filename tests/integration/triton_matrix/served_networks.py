"""The shipped networks as exported folders, their files as `load` writes them, and requests."""

import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from hack.images.local_triton import LocalTriton
from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.domain.repository_plan import ArtifactFormat, PlannedModel
from inference_operator.load.loader import Folders, Loader
from inference_operator.load.plan import ModelOrder
from inference_operator.load.transfer.digest import digest_of
from model_builders.config import config_pbtxt, model_config
from training.exporting import export
from training.loop.samples import Samples
from training.models.catalog import MODELS
from training.models.price import PricePredictor
from training.models.probes import probes
from training.models.sentiment import SentimentTransformer
from training.models.signature import TensorSpec

MAX_BATCH = 32
BATCHING = {"dynamicBatching": {"maxQueueDelay": "500us"}}
SUFFIX = {"torchscript": "pt", "onnx": "onnx"}
REPORT = {"verdict": "untrained: it is to be served, and not to be good"}


@dataclass(frozen=True)
class Served:
    """One network in one format, under a name in Triton."""

    name: str
    format: str
    file: str = ""

    @property
    def in_triton(self) -> str:
        return f"{self.name}_{self.format}"

    @property
    def spec(self) -> InferenceModelSpec:
        signature = MODELS[self.name].signature
        model = {
            "source": {"uri": self.uri},
            "format": self.format,
            "maxBatchSize": MAX_BATCH,
            "inputs": [declared(tensor) for tensor in signature.inputs],
            "outputs": [declared(tensor) for tensor in signature.outputs],
        }
        return InferenceModelSpec.model_validate({"model": model, "triton": BATCHING})

    @property
    def version(self) -> int:
        """Return the registry's version: each format is a version, in their order here."""
        return list(SUFFIX).index(self.format) + 1

    @property
    def uri(self) -> str:
        return f"pvc://models/{self.name}/{self.file or f'model.{SUFFIX[self.format]}'}"

    @property
    def config(self) -> str:
        return config_pbtxt(model_config(self.spec, name=self.in_triton, accelerated=True))


def declared(tensor: TensorSpec) -> dict[str, Any]:
    return {"name": tensor.name, "dataType": tensor.data_type, "shape": list(tensor.shape)}


def network(name: str) -> nn.Module:
    """Return an untrained network with a real sentence encoder: only serving is tested."""
    torch.manual_seed(23)
    model = MODELS[name].create().eval()
    if isinstance(model, PricePredictor):
        model.quantile.fill_(2.0)
        nn.init.normal_(model.head.weight)
    if isinstance(model, SentimentTransformer):
        model.encoder.load_pretrained()
        nn.init.normal_(model.head.weight, std=0.1)
    return model


def export_network(name: str, model: nn.Module, folder: Path) -> None:
    names = [tensor.name for tensor in MODELS[name].signature.inputs]
    given = dict(zip(names, probes(model, 4, 1), strict=True))
    export(model, Samples(given, torch.zeros(4, 1)), folder)
    (folder / "report.json").write_text(json.dumps(REPORT))


def lay_out(models: list[Served], claims: Path, output: Path) -> None:
    """Write the repository as the init container does; the claim is called `models`."""
    orders = [
        ModelOrder(
            PlannedModel(
                served.in_triton,
                served.version,
                ArtifactFormat(served.format),
                served.uri,
                digest_of(claims / served.uri.removeprefix("pvc://")),
            ),
            served.config,
        )
        for served in models
    ]
    Loader(Folders(output, output, claims)).load(tuple(orders))


def ask(
    triton: LocalTriton, protocol: str, served: Served, inputs: Mapping[str, Tensor]
) -> tuple[Tensor, ...]:
    """Send one request over `http` or `grpc` to that version, and return outputs in order."""
    from tritonclient.utils import np_to_triton_dtype

    library: Any = importlib.import_module(f"tritonclient.{protocol}")
    tensors = []
    for name, values in inputs.items():
        array = values.numpy()
        tensor = library.InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype))
        tensors.append(tensor.set_data_from_numpy(array))
    names = [tensor.name for tensor in MODELS[served.name].signature.outputs]
    requested = [library.InferRequestedOutput(name) for name in names]
    with library.InferenceServerClient(getattr(triton, protocol)) as client:
        answer = client.infer(served.in_triton, tensors, str(served.version), outputs=requested)
        return tuple(torch.from_numpy(answer.as_numpy(name).copy()) for name in names)
