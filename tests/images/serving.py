"""Tiny models, their config.pbtxt, and requests to a Triton that serves them."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import torch
import tritonclient.grpc as grpcclient
from onnx import TensorProto, helper
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

Tensors = dict[str, np.ndarray]
Declared = dict[str, tuple[str, list[int]]]

WEIGHTS = np.random.default_rng(3).normal(size=(4, 2)).astype(np.float32)
"""Of the model `matmul`."""


def config(
    backend: str, inputs: Declared, outputs: Declared, *, max_batch_size: int = 8, extra: str = ""
) -> str:
    lines = [f'backend: "{backend}"', f"max_batch_size: {max_batch_size}"]
    for side, tensors in (("input", inputs), ("output", outputs)):
        for name, (kind, dims) in tensors.items():
            lines.append(f'{side} {{ name: "{name}" data_type: TYPE_{kind} dims: {dims} }}')
    return "\n".join([*lines, extra])


def write_model(
    repository: Path, name: str, text: str, artifact: onnx.ModelProto | torch.nn.Module | None
) -> None:
    version = repository / name / "1"
    version.mkdir(parents=True)
    (repository / name / "config.pbtxt").write_text(text)
    if isinstance(artifact, onnx.ModelProto):
        onnx.save(artifact, version / "model.onnx")
    elif artifact is not None:
        torch.jit.script(artifact.eval()).save(version / "model.pt")


def onnx_model(
    nodes: Sequence[onnx.NodeProto],
    inputs: dict[str, tuple[int, list[object]]],
    outputs: dict[str, tuple[int, list[object]]],
    constants: Tensors | None = None,
) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info(n, kind, shape) for n, (kind, shape) in inputs.items()],
        [helper.make_tensor_value_info(n, kind, shape) for n, (kind, shape) in outputs.items()],
        [onnx.numpy_helper.from_array(array, n) for n, array in (constants or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def matmul(weights: np.ndarray) -> onnx.ModelProto:
    """y = x @ weights, batched."""
    return onnx_model(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        {"x": (TensorProto.FLOAT, ["batch", weights.shape[0]])},
        {"y": (TensorProto.FLOAT, ["batch", weights.shape[1]])},
        {"w": weights},
    )


def rows_in_run_onnx() -> onnx.ModelProto:
    """Says with each row how many rows its run had."""
    return onnx_model(
        [
            helper.make_node("Shape", ["x"], ["rows"], start=0, end=1),
            helper.make_node("Cast", ["rows"], ["count"], to=TensorProto.FLOAT),
            helper.make_node("Mul", ["x", "zero"], ["zeros"]),
            helper.make_node("Add", ["zeros", "count"], ["y"]),
        ],
        {"x": (TensorProto.FLOAT, ["batch", 1])},
        {"y": (TensorProto.FLOAT, ["batch", 1])},
        {"zero": np.zeros(1, np.float32)},
    )


class RowsInRun(torch.nn.Module):
    """Says with each row how many rows its run had."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.zeros_like(x) + x.shape[0]


class Forecast(torch.nn.Module):
    """An LSTM over a window of prices."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(7)
        self.lstm = torch.nn.LSTM(5, 16, 2, batch_first=True)
        self.head = torch.nn.Linear(16, 1)

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        states, _ = self.lstm(window)
        return self.head(states[:, -1])


class Subtract(torch.nn.Module):
    """Not symmetric, so that swapped arguments show; two outputs, so that their order does."""

    def forward(self, left: torch.Tensor, right: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return left - right, left + right


class PositiveOnly(torch.nn.Module):
    """Fails the whole run when one row is negative."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if bool((x < 0).any()):
            raise ValueError("a price is negative")
        return x


def infer(url: str, model: str, inputs: Tensors, outputs: Sequence[str] = ()) -> Tensors:
    """One request; all outputs unless some are named."""
    given = []
    for name, array in inputs.items():
        tensor = grpcclient.InferInput(name, array.shape, np_to_triton_dtype(array.dtype))
        tensor.set_data_from_numpy(array)
        given.append(tensor)
    requested = [grpcclient.InferRequestedOutput(name) for name in outputs] or None
    with grpcclient.InferenceServerClient(url) as client:
        result = client.infer(model, given, outputs=requested)
    return {o.name: result.as_numpy(o.name) for o in result.get_response().outputs}


def infer_together(url: str, model: str, requests: Sequence[Tensors]) -> list[Tensors | str]:
    """Return all requests at the same time; an error's message in the place of an answer."""

    def one(inputs: Tensors) -> Tensors | str:
        try:
            return infer(url, model, inputs)
        except InferenceServerException as error:
            return error.message()

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(one, requests))
