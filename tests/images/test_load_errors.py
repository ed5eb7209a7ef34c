"""Models that do not fit do not load; the errors are those of NVIDIA's backends."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hack.console import StepError
from hack.images.local_triton import LocalTriton
from tests.images import serving as s

pytestmark = pytest.mark.integration

X, Y = {"x": ("FP32", [4])}, {"y": ("FP32", [2])}
GRAPH = s.matmul(np.ones((4, 2), np.float32))
PAIR = {"a__0": ("FP32", [3]), "b__1": ("FP32", [3])}
SUM = {"sum__0": ("FP32", [3])}
GPU = "instance_group { kind: KIND_GPU count: 1 }"


def _parameter(key: str, value: str) -> str:
    return f'parameters {{ key: "{key}" value {{ string_value: "{value}" }} }}'


# name -> (config.pbtxt, artifact, what Triton says)
CASES = {
    "input_name": (
        s.config("onnxruntime", {"price": ("FP32", [4])}, Y),
        GRAPH,
        "unexpected inference input 'price', allowed inputs are: x",
    ),
    "output_name": (
        s.config("onnxruntime", X, {"forecast": ("FP32", [2])}),
        GRAPH,
        "unexpected inference output 'forecast', allowed outputs are: y",
    ),
    "input_type": (
        s.config("onnxruntime", {"x": ("FP64", [4])}, Y),
        GRAPH,
        "unexpected datatype TYPE_FP64 for input 'x', expecting TYPE_FP32",
    ),
    "output_dims": (
        s.config("onnxruntime", X, {"y": ("FP32", [3])}),
        GRAPH,
        "the model expects 2 dimensions (shape [-1, 2]) but the model configuration specifies 2 "
        "dimensions, shape [-1, 3]",
    ),
    "input_count": (
        s.config("onnxruntime", {**X, "z": ("FP32", [1])}, Y),
        GRAPH,
        "configuration expects 2 inputs, model provides 1",
    ),
    "graph_without_batch": (
        s.config("onnxruntime", X, Y),
        s.onnx_model(
            GRAPH.graph.node,
            {"x": (1, [1, 4])},
            {"y": (1, [1, 2])},
            {"w": np.ones((4, 2), np.float32)},
        ),
        "for the model to support batching the shape should have at least 1 dimension and the "
        "first dimension must be -1; but shape expected by the model is [1, 4]",
    ),
    "thread_count": (
        s.config("onnxruntime", X, Y, extra=_parameter("intra_op_thread_count", "many")),
        GRAPH,
        "failed to convert parameter intra_op_thread_count='many' to a number",
    ),
    "onnx_missing": (s.config("onnxruntime", X, Y), None, "unable to find"),
    "onnx_gpu": (s.config("onnxruntime", X, Y, extra=GPU), GRAPH, "GPU"),
    "torch_missing": (s.config("pytorch", PAIR, SUM), None, "model.pt' for model 'torch_missing'"),
    "torch_gpu": (s.config("pytorch", PAIR, SUM, extra=GPU), s.Subtract(), "GPU"),
    "torch_text": (
        s.config("pytorch", PAIR, {"sum__0": ("STRING", [3])}),
        s.Subtract(),
        "unsupported datatype TYPE_STRING for output 'sum__0'",
    ),
    "torch_count": (
        s.config("pytorch", {"a__0": ("FP32", [3])}, SUM),
        s.Subtract(),
        "configuration expects 1 inputs, model provides 2",
    ),
    "torch_gap": (
        s.config("pytorch", {"a__0": ("FP32", [3]), "b__2": ("FP32", [3])}, SUM),
        s.Subtract(),
        "the indices of the inputs of model 'torch_gap' are not 0 to n-1",
    ),
    "torch_switch": (
        s.config("pytorch", PAIR, SUM, extra=_parameter("INFERENCE_MODE", "maybe")),
        s.Subtract(),
        "failed to convert parameter INFERENCE_MODE='maybe' to true or false",
    ),
}


@pytest.fixture(scope="module")
def reasons(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[str, str]]]:
    repository = tmp_path_factory.mktemp("misfits")
    for name, (text, artifact, _) in CASES.items():
        s.write_model(repository, name, text, artifact)
    with LocalTriton(repository, tolerate_failures=True) as server:
        yield server.index()


@pytest.mark.parametrize("name", CASES)
def test_says_why_a_model_does_not_load(reasons: dict[str, tuple[str, str]], name: str) -> None:
    state, reason = reasons[name]
    assert state == "UNAVAILABLE"
    assert CASES[name][2] in reason
    assert "Traceback" not in reason


def test_the_server_ends_when_its_model_does_not_load(tmp_path: Path) -> None:
    text, artifact, reason = CASES["input_name"]
    s.write_model(tmp_path, "input_name", text, artifact)
    with pytest.raises(StepError) as failure, LocalTriton(tmp_path):
        pass
    assert reason in str(failure.value)
