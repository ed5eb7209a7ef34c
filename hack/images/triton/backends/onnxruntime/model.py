"""`backend: "onnxruntime"` on CPUs, as a Python-based backend of Triton.

Honours and refuses what Triton's own ONNX Runtime backend does:
https://github.com/triton-inference-server/onnxruntime_backend
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import triton_python_backend_utils as pb_utils
from cpu_backend import (
    LoadError,
    ModelConfig,
    Tensor,
    check_output_type,
    load_errors,
    read_config,
    serve,
)
from request_batches import Tensors

_TYPES = {
    "tensor(bool)": "TYPE_BOOL",
    "tensor(uint8)": "TYPE_UINT8",
    "tensor(uint16)": "TYPE_UINT16",
    "tensor(uint32)": "TYPE_UINT32",
    "tensor(uint64)": "TYPE_UINT64",
    "tensor(int8)": "TYPE_INT8",
    "tensor(int16)": "TYPE_INT16",
    "tensor(int32)": "TYPE_INT32",
    "tensor(int64)": "TYPE_INT64",
    "tensor(float16)": "TYPE_FP16",
    "tensor(float)": "TYPE_FP32",
    "tensor(double)": "TYPE_FP64",
    "tensor(string)": "TYPE_STRING",
}
# `optimization.graph.level` of config.pbtxt; 0 (absent) is all.
_GRAPH_LEVELS = {
    -1: ort.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    0: ort.GraphOptimizationLevel.ORT_ENABLE_ALL,
    1: ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    2: ort.GraphOptimizationLevel.ORT_DISABLE_ALL,
}
# Threads that spin while they wait take the cores from the others of a busy node.
_NO_SPINNING = {"session.intra_op.allow_spinning": "0", "session.inter_op.allow_spinning": "0"}


class TritonPythonModel:
    @staticmethod
    def auto_complete_config(auto_complete_model_config: Any) -> Any:
        """Inputs and outputs that config.pbtxt leaves out, from the graph.

        `max_batch_size` stays as it is: the operator passes `default-max-batch-size=0`.
        """
        raw = auto_complete_model_config.as_dict()
        filename = raw.get("default_model_filename") or "model.onnx"
        artifact = Path(pb_utils.get_model_dir()) / filename
        if (raw["input"] and raw["output"]) or not artifact.exists():
            return auto_complete_model_config
        session = ort.InferenceSession(str(artifact), providers=["CPUExecutionProvider"])
        batched = raw["max_batch_size"] > 0
        if not raw["input"]:
            for node in session.get_inputs():
                auto_complete_model_config.add_input(_tensor_of(node, batched))
        if not raw["output"]:
            for node in session.get_outputs():
                auto_complete_model_config.add_output(_tensor_of(node, batched))
        return auto_complete_model_config

    def initialize(self, args: dict[str, str]) -> None:
        with load_errors():
            self._config = read_config(args, "model.onnx")
            self._session = _session(self._config)
            _compare("input", self._config, self._config.inputs, self._session.get_inputs())
            _compare("output", self._config, self._config.outputs, self._session.get_outputs())

    def execute(self, requests: list[Any]) -> list[Any]:
        return serve(requests, self._config, self._run)

    def _run(self, inputs: Tensors) -> Tensors:
        outputs = self._config.outputs
        feeds = {name: _text(array) for name, array in inputs.items()}
        arrays = self._session.run([tensor.name for tensor in outputs], feeds)
        return {t.name: check_output_type(t, a) for t, a in zip(outputs, arrays, strict=True)}


def _tensor_of(node: Any, batched: bool) -> dict[str, Any]:
    dims = [dim if isinstance(dim, int) else -1 for dim in node.shape]
    data_type = _TYPES.get(node.type, "TYPE_INVALID")
    return {"name": node.name, "data_type": data_type, "dims": dims[1:] if batched else dims}


def _text(array: np.ndarray) -> np.ndarray:
    """Return text for bytes: ONNX Runtime takes text, and Triton gives bytes."""
    if array.dtype != np.object_:
        return array
    texts = [item.decode() if isinstance(item, bytes) else item for item in array.flat]
    return np.array(texts, dtype=np.object_).reshape(array.shape)


def _session(config: ModelConfig) -> ort.InferenceSession:
    options = _options(config)
    try:
        return ort.InferenceSession(
            str(config.artifact), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:
        raise LoadError(f"onnx runtime error: {error}") from None


def _options(config: ModelConfig) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = config.count("intra_op_thread_count") or 0
    options.inter_op_num_threads = config.count("inter_op_thread_count") or 0
    if config.count("execution_mode") == 1:
        options.execution_mode = ort.ExecutionMode.ORT_PARALLEL
    options.enable_cpu_mem_arena = config.switch("enable_mem_arena", True)
    options.enable_mem_pattern = config.switch("enable_mem_pattern", True)
    for key, value in {**_NO_SPINNING, **config.parameters}.items():
        if key.startswith("session."):
            options.add_session_config_entry(key, value)
    optimization = config.raw.get("optimization") or {}
    level = int((optimization.get("graph") or {}).get("level", 0))
    if level not in _GRAPH_LEVELS:
        raise LoadError(f"optimization.graph.level of model '{config.name}' is {level}: -1, 1 or 2")
    options.graph_optimization_level = _GRAPH_LEVELS[level]
    accelerators = optimization.get("execution_accelerators") or {}
    for accelerator in accelerators.get("cpu_execution_accelerator", []):
        raise LoadError(f"unknown Execution Accelerator '{accelerator['name']}' is requested")
    return options


def _compare(
    side: str, config: ModelConfig, declared: tuple[Tensor, ...], graph: list[Any]
) -> None:
    """Refuse a config.pbtxt that is not the graph's: names, types, shapes."""
    nodes = {node.name: node for node in graph}
    if side == "input" and len(declared) != len(graph):
        raise LoadError(
            f"unable to load model '{config.name}', configuration expects {len(declared)} inputs, "
            f"model provides {len(graph)}"
        )
    for tensor in declared:
        if tensor.name not in nodes:
            raise LoadError(
                f"unable to load model '{config.name}', unexpected inference {side} "
                f"'{tensor.name}', allowed {side}s are: {', '.join(sorted(nodes))}"
            )
        _compare_tensor(side, config, tensor, nodes[tensor.name])


def _compare_tensor(side: str, config: ModelConfig, tensor: Tensor, node: Any) -> None:
    expected = _TYPES.get(node.type)
    if expected is None:
        raise LoadError(f"unsupported datatype '{node.type}' for {side} '{tensor.name}' ")
    if expected != tensor.data_type:
        raise LoadError(
            f"unable to load model '{config.name}', unexpected datatype {tensor.data_type} for "
            f"{side} '{tensor.name}', expecting {expected}"
        )
    shape = [dim if isinstance(dim, int) else -1 for dim in node.shape]
    where = f"model '{config.name}', tensor '{tensor.name}'"
    if config.batched and (not shape or shape[0] != -1):
        raise LoadError(
            f"{where}: for the model to support batching the shape should have at least 1 "
            "dimension and the first dimension must be -1; but shape expected by the model is "
            f"{shape}"
        )
    full = [-1, *tensor.dims] if config.batched else list(tensor.dims)
    if not _fits(shape, full):
        note = " (a batch dimension of -1, because max_batch_size > 0, and dims)"
        raise LoadError(
            f"{where}: the model expects {len(shape)} dimensions (shape {shape}) but the model "
            f"configuration specifies {len(full)} dimensions, shape {full}"
            f"{note if config.batched else ''}"
        )


def _fits(shape: list[int], full: list[int]) -> bool:
    if len(shape) != len(full):
        return False
    return all(-1 in pair or pair[0] == pair[1] for pair in zip(shape, full, strict=True))
