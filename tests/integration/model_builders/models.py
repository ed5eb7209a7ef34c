"""Tiny models for a real Triton, and the repository that a rendered config makes of them."""

import json
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf import json_format

from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.model import ModelFormat
from model_builders.config import config_pbtxt, model_config
from model_builders.names import main_file_name
from model_builders.protobuf import ModelConfig

# Every output is the first input that the request holds, in the output's type and one row each.
ECHO = """
import json

import numpy as np
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def initialize(self, args):
        config = json.loads(args["model_config"])
        self._inputs = [tensor["name"] for tensor in config["input"]]
        self._outputs = [
            (tensor["name"], pb_utils.triton_string_to_numpy(tensor["data_type"]))
            for tensor in config["output"]
        ]

    def execute(self, requests):
        return [self._answer(request) for request in requests]

    def _answer(self, request):
        given = (pb_utils.get_input_tensor_by_name(request, name) for name in self._inputs)
        value = next(tensor for tensor in given if tensor is not None).as_numpy()
        return pb_utils.InferenceResponse(
            [pb_utils.Tensor(name, value.astype(dtype)) for name, dtype in self._outputs]
        )
"""


@dataclass(frozen=True)
class Case:
    """A spec, its artifact, and a request with its answer; no request where HTTP has none."""

    spec: dict[str, Any]
    artifact: bytes | str = ECHO
    inputs: list[dict[str, Any]] = field(default_factory=list)
    answer: list[Any] | None = None
    accelerated: bool = True
    version: int = 1

    @property
    def parsed(self) -> InferenceModelSpec:
        return InferenceModelSpec.model_validate(self.spec)

    def config(self, name: str) -> ModelConfig:
        return model_config(self.parsed, name=name, accelerated=self.accelerated)

    def lay_out(self, repository: Path, name: str) -> Path:
        """Write the model into the repository as the loader does; the version's folder."""
        config = self.config(name)
        version = repository / name / str(self.version)
        version.mkdir(parents=True)
        (repository / name / "config.pbtxt").write_text(config_pbtxt(config))
        content = self.artifact.encode() if isinstance(self.artifact, str) else self.artifact
        (version / main_file_name(self.parsed.model.format, config)).write_bytes(content)
        return version


def tensor(name: str, shape: list[int], data_type: str = "FP32", **flags: Any) -> dict[str, Any]:
    return {"name": name, "dataType": data_type, "shape": shape, **flags}


def value(name: str, shape: list[int], data: list[Any], data_type: str = "FP32") -> dict[str, Any]:
    """Return one input of a request, as Triton's HTTP endpoint takes it."""
    return {"name": name, "shape": shape, "datatype": data_type, "data": data}


def spec(
    model_format: ModelFormat = ModelFormat.PYTHON,
    *,
    model: dict[str, Any] | None = None,
    triton: dict[str, Any] | None = None,
    **top: Any,
) -> dict[str, Any]:
    """Return the spec of a model with one number in and out, changed; None removes a field."""
    fields = {
        "source": {"uri": "pvc://models/tiny"},
        "format": model_format.value,
        "maxBatchSize": 8,
        "inputs": [tensor("X", [2])],
        "outputs": [tensor("Y", [2])],
        **(model or {}),
    }
    kept = {key: entry for key, entry in fields.items() if entry is not None}
    return {"model": kept, "triton": triton or {}, **top}


def onnx_doubler(batched: bool = True, name: str = "X") -> bytes:
    """Return a model of Y = X + X over [batch, 2], or over [2]."""
    from onnx import TensorProto, helper

    shape = ["batch", 2] if batched else [2]
    graph = helper.make_graph(
        [helper.make_node("Add", [name, name], ["Y"])],
        "doubler",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("Y", TensorProto.FLOAT, shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    content: bytes = model.SerializeToString()
    return content


def torch_scaler(state_dict: bool = False) -> bytes:
    """forward(window, factor) -> (window * factor, window), as TorchScript or its mere weights."""
    import io
    import warnings

    import torch

    class Scaler(torch.nn.Module):
        def forward(
            self, window: torch.Tensor, factor: torch.Tensor
        ) -> tuple[torch.Tensor, torch.Tensor]:
            return window * factor, window

    buffer = io.BytesIO()
    if state_dict:
        torch.save(Scaler().state_dict(), buffer)
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            example = (torch.ones(1, 2), torch.ones(1, 2))
            torch.jit.save(torch.jit.trace(Scaler(), example), buffer)
    return buffer.getvalue()


def get(host: str, path: str) -> Any:
    with urllib.request.urlopen(f"http://{host}{path}", timeout=10) as answer:
        body = answer.read()
    return json.loads(body) if body else None


def infer(host: str, name: str, inputs: list[dict[str, Any]], **parameters: Any) -> dict[str, Any]:
    """Return outputs of one request by name, as flat lists."""
    body = {"inputs": inputs, "parameters": parameters}
    request = urllib.request.Request(
        f"http://{host}/v2/models/{name}/infer", data=json.dumps(body).encode()
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        outputs = json.loads(answer.read())["outputs"]
    return {output["name"]: output["data"] for output in outputs}


def loaded_config(host: str, name: str) -> ModelConfig:
    """Return the config with which Triton serves a model."""
    return json_format.ParseDict(get(host, f"/v2/models/{name}/config"), ModelConfig())
