"""The measured networks, the repository that serves them, and the requests."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from inference_operator.api.inference_model import InferenceModelSpec
from model_builders.config import config_pbtxt, model_config
from training.exporting import write_torchscript
from training.models.catalog import MODELS
from training.models.price import PricePredictor
from training.models.probes import probes
from training.onnx_export import write_onnx
from training.precision import Precision, write_graph

# Speed does not depend on weights: these are as they were drawn.
_SEED = 5
TOKENS = 32
_THREADS = {"torchscript": "INTRA_OP_THREAD_COUNT", "onnx": "intra_op_thread_count"}


@dataclass(frozen=True, slots=True)
class Case:
    """A network in a format, one thread, with requests gathered into batches of up to `batch`."""

    network: str
    batch: int
    format: str = "torchscript"
    precision: Precision | None = None

    @property
    def name(self) -> str:
        precision = f"_{self.precision}" if self.precision else ""
        return f"{self.network}_{self.format}{precision}"

    def spec(self) -> InferenceModelSpec:
        signature = MODELS[self.network].signature
        sides = {"inputs": signature.inputs, "outputs": signature.outputs}
        tensors = {
            side: [
                {"name": each.name, "dataType": each.data_type, "shape": list(each.shape)}
                for each in tensors
            ]
            for side, tensors in sides.items()
        }
        model = {
            "source": {"uri": f"pvc://models/{self.name}"},
            "format": self.format,
            "maxBatchSize": self.batch,
            **tensors,
        }
        triton = {
            "dynamicBatching": {"maxQueueDelay": "500us"},
            "instanceGroups": [{"kind": "CPU", "count": 1}],
            "parameters": {_THREADS[self.format]: "1"},
        }
        return InferenceModelSpec.model_validate({"model": model, "triton": triton})


CASES = (
    Case("lstm_price_predictor", 32),
    Case("lstm_price_predictor", 32, "onnx"),
    Case("sentiment_transformer", 16, "onnx"),
    Case("sentiment_transformer", 16, "onnx", Precision.INT8),
)


def network(name: str) -> nn.Module:
    torch.manual_seed(_SEED)
    model = MODELS[name].create().eval()
    if isinstance(model, PricePredictor):
        model.quantile.fill_(2.0)
    return model


def inputs(name: str, rows: int) -> dict[str, Tensor]:
    """Return rows that take the whole path: prices that can be read, texts of 32 tokens."""
    names = [tensor.name for tensor in MODELS[name].signature.inputs]
    if name == "sentiment_transformer":
        ids = torch.randint(1000, 30000, (rows, TOKENS), generator=torch.manual_seed(_SEED))
        return dict(zip(names, (ids, torch.ones_like(ids)), strict=True))
    return {
        key: each[:1].expand(rows, -1, -1).clone()
        for key, each in zip(names, probes(network(name), 3), strict=True)
    }


def lay_out(folder: Path, cases: tuple[Case, ...] = CASES) -> Path:
    """Return a model repository of the cases, made once."""
    repository = folder / "repository"
    for case in cases:
        version = repository / case.name / "1"
        path = version / ("model.pt" if case.format == "torchscript" else "model.onnx")
        config = model_config(case.spec(), name=case.name, accelerated=True)
        version.mkdir(parents=True, exist_ok=True)
        (repository / case.name / "config.pbtxt").write_text(config_pbtxt(config))
        if not path.exists():
            _write(case, path)
    return repository


def _write(case: Case, path: Path) -> None:
    model, part = network(case.network), path.with_name(path.name + ".part")
    if case.format == "torchscript":
        write_torchscript(model, part)
    else:
        write_onnx(model, MODELS[case.network].signature, probes(model, 3), part)
    if case.precision:
        part = write_graph(part, case.precision)
    part.replace(path)


def request_file(case: Case, folder: Path) -> Path:
    """Return perf_analyzer's JSON of one row."""
    path = folder / f"{case.network}.json"
    row: Mapping[str, Any] = {
        name: {"content": each[0].flatten().tolist(), "shape": list(each.shape[1:])}
        for name, each in inputs(case.network, 1).items()
    }
    path.write_text(json.dumps({"data": [row]}))
    return path
