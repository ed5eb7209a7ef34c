"""Graphs as ensembles of a real Triton's repository, and requests to them."""

import json
import math
import urllib.error
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from model_builders.config import config_pbtxt
from model_builders.graph import Graph
from model_builders.protobuf import ModelConfig
from model_builders.tensors import add_inputs, add_outputs
from tests.integration.model_builders.models import onnx_doubler
from tests.unit.model_builders.graphs import Request

# The declarations of tests.unit.model_builders.graphs.model.
_MODEL = """
import json

import numpy as np
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def initialize(self, args):
        self._config = json.loads(args["model_config"])
        self._adds = float(self._config["parameters"]["adds"]["string_value"])

    def execute(self, requests):
        return [self._answer(request) for request in requests]

    def _answer(self, request):
        names = [tensor["name"] for tensor in self._config["input"]]
        found = [pb_utils.get_input_tensor_by_name(request, name) for name in names]
        given = [tensor.as_numpy() for tensor in found if tensor is not None]
        return pb_utils.InferenceResponse(
            [self._output(tensor, given) for tensor in self._config["output"]]
        )

    def _output(self, tensor, given):
        dims = tensor.get("reshape", tensor).get("shape", tensor["dims"])
        dims = [int(dim) for dim in dims]
        if self._config["max_batch_size"] > 0:
            dims = [-1, *dims]
        whole = dims[0] != -1
        rows = 1 if whole else given[0].shape[0] if given else 1
        sums = np.full(rows, self._adds)
        for one in given:
            by_row = not whole and one.shape[0] == rows and one.ndim == given[0].ndim
            sums += one.reshape(rows, -1).mean(1) if by_row else one.mean()
        shape = [dims[0] if whole else rows, *dims[1:]]
        shape = [given[0].shape[-1] if dim == -1 else dim for dim in shape]
        column = sums.reshape([1 if whole else rows] + [1] * (len(shape) - 1))
        dtype = pb_utils.triton_string_to_numpy(tensor["data_type"])
        return pb_utils.Tensor(tensor["name"], np.broadcast_to(column, shape).astype(dtype))
"""


def ensemble(graph: Graph, name: str) -> ModelConfig:
    config = ModelConfig(name=name, platform="ensemble", max_batch_size=graph.max_batch_size)
    add_inputs(config, graph.inputs)
    add_outputs(config, graph.outputs)
    config.ensemble_scheduling.SetInParent()
    for step in graph.steps:
        added = config.ensemble_scheduling.step.add(model_name=step.model.name, model_version=-1)
        added.input_map.update(step.input_map)
        added.output_map.update(step.output_map)
    return config


def lay_out(repository: Path, models: Iterable[ModelConfig]) -> None:
    """Write one folder for each name; the last model of a name wins."""
    for config in models:
        version = repository / config.name / "1"
        version.mkdir(parents=True, exist_ok=True)
        (repository / config.name / "config.pbtxt").write_text(config_pbtxt(config))
        if config.backend == "python":
            (version / "model.py").write_text(_MODEL)
        elif config.backend == "onnxruntime":
            (version / "model.onnx").write_bytes(onnx_doubler())


def ask(host: str, name: str, graph: Graph, request: Request) -> dict[str, Any] | str:
    """Return shape and first number of each row of every output, or the client's error."""
    body: dict[str, Any] = {"inputs": list(_inputs(graph, request))}
    if request.outputs:
        body["outputs"] = [{"name": output} for output in request.outputs]
    if request.sequence:
        whole = {"sequence_start": True, "sequence_end": True}
        body["parameters"] = {"sequence_id": request.sequence, **whole}
    post = urllib.request.Request(
        f"http://{host}/v2/models/{name}/infer", data=json.dumps(body).encode()
    )
    try:
        with urllib.request.urlopen(post, timeout=20) as answer:
            outputs = json.loads(answer.read())["outputs"]
    except urllib.error.HTTPError as error:
        return f"{error.code}: {error.read().decode()}"
    except OSError as error:
        return f"no answer: {error}"
    return {output["name"]: (tuple(output["shape"]), _firsts(output)) for output in outputs}


def words(outcome: dict[str, Any] | str) -> str:
    """Describe the result of `ask` in one line."""
    if isinstance(outcome, str):
        return outcome
    return ", ".join(f"{name} {shape} {rows}" for name, (shape, rows) in outcome.items())


def _firsts(output: dict[str, Any]) -> list[float]:
    return [float(number) for number in output["data"][:: math.prod(output["shape"][1:])]]


def _inputs(graph: Graph, request: Request) -> Iterable[dict[str, Any]]:
    for tensor in graph.inputs:
        if tensor.name in request.without:
            continue
        size = request.sizes.get(tensor.name, 5)
        if graph.max_batch_size:
            shape = [request.rows, *(size if dim == -1 else dim for dim in tensor.shape)]
        else:
            first, *rest = tensor.shape
            rows = request.rows if rest else size
            shape = [rows if first == -1 else first]
            shape += [size if dim == -1 else dim for dim in rest]
        each = math.prod(shape[1:])
        data = [row + 1 for row in range(shape[0]) for _ in range(each)]
        yield {"name": tensor.name, "shape": shape, "datatype": tensor.data_type, "data": data}
