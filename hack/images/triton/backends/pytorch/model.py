"""`backend: "pytorch"` (TorchScript) on CPUs, as a Python-based backend of Triton.

Honours and refuses what Triton's own LibTorch backend does:
https://github.com/triton-inference-server/pytorch_backend
"""

import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

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

# Mounted by the container runtime; after the image's own packages, whose numpy 1 must win.
TORCH = "/opt/torch"
_INDEXED = re.compile(r"[^_](?:_?[^_])*__(\d+)")


class TritonPythonModel:
    def initialize(self, args: dict[str, str]) -> None:
        with load_errors():
            self._config = read_config(args, "model.pt")
            self._torch = _import_torch()
            self._model = _load(self._torch, self._config)
            _refuse_text(self._config)
            self._call = _binding(self._config, self._model)
            self._positions = _positions(self._config.outputs, "output", self._config.name)
            self._mode = _mode(self._torch, self._config)

    def execute(self, requests: list[Any]) -> list[Any]:
        return serve(requests, self._config, self._run)

    def _run(self, inputs: Tensors) -> Tensors:
        tensors = {name: self._torch.from_numpy(array) for name, array in inputs.items()}
        with self._mode():
            outputs = _as_list(self._torch, self._call(tensors))
        arrays = {}
        for tensor, position in zip(self._config.outputs, self._positions, strict=True):
            if position >= len(outputs):
                raise ValueError(
                    f"output '{tensor.name}' is number {position}: the model returned "
                    f"{len(outputs)} tensors"
                )
            array = outputs[position].detach().contiguous().numpy()
            arrays[tensor.name] = check_output_type(tensor, array)
        return arrays


def _import_torch() -> Any:
    if TORCH not in sys.path:
        sys.path.append(TORCH)
    # Read when OpenMP is loaded. Threads that spin while they wait take the cores from the others
    # of a busy node: on 2 busy cores a small LSTM had a p95 of 28 ms without, up to 1.4 s with it.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        import torch
    except ImportError as error:
        raise LoadError(
            f"torch is not in this image: the container runtime mounts it on {TORCH} ({error})"
        ) from None
    return torch


def _load(torch: Any, config: ModelConfig) -> Any:
    # Of the process, which serves this one model instance.
    if (threads := config.count("INTRA_OP_THREAD_COUNT")) is not None and threads > 0:
        torch.set_num_threads(threads)
    if (threads := config.count("INTER_OP_THREAD_COUNT")) is not None and threads > 0:
        torch.set_num_interop_threads(threads)
    if config.switch("DISABLE_OPTIMIZED_EXECUTION", False):
        torch._C._set_graph_executor_optimize(False)
    try:
        return torch.jit.load(str(config.artifact), map_location="cpu").eval()
    except Exception as error:
        raise LoadError(f"failed to load model '{config.name}': {error}") from None


def _mode(torch: Any, config: ModelConfig) -> Callable[[], Any]:
    inference = config.switch("INFERENCE_MODE", True)
    mode: Callable[[], Any] = torch.inference_mode if inference else torch.no_grad
    return mode


def _refuse_text(config: ModelConfig) -> None:
    for side, tensors in (("input", config.inputs), ("output", config.outputs)):
        for tensor in tensors:
            if tensor.data_type == "TYPE_STRING":
                raise LoadError(
                    f"unsupported datatype TYPE_STRING for {side} '{tensor.name}' for model "
                    f"'{config.name}': TorchScript on the CPU image takes numbers only"
                )


def _binding(config: ModelConfig, model: Any) -> Callable[[dict[str, Any]], Any]:
    """Return the order of arguments: by name, by `<name>__<index>`, or as in config.pbtxt."""
    arguments = model.forward.schema.arguments[1:]
    required = [a.name for a in arguments if not a.has_default_value()]
    names = [tensor.name for tensor in config.inputs]
    if not len(required) <= len(names) <= len(arguments):
        raise LoadError(
            f"unable to load model '{config.name}', configuration expects {len(names)} inputs, "
            f"model provides {len(arguments)}"
        )
    if all(name in {a.name for a in arguments} for name in names):
        if missing := sorted(set(required) - set(names)):
            raise LoadError(f"unable to load model '{config.name}': no input for {missing}")
        return lambda tensors: model(**tensors)
    positions = _positions(config.inputs, "input", config.name)
    order = [name for _, name in sorted(zip(positions, names, strict=True))]
    return lambda tensors: model(*[tensors[name] for name in order])


def _positions(tensors: Sequence[Tensor], side: str, model: str) -> list[int]:
    """Return the positions of `<name>__<index>`; if a name has no index, config.pbtxt's order."""
    matches = [_INDEXED.fullmatch(tensor.name) for tensor in tensors]
    positions = [int(match.group(1)) for match in matches if match]
    if len(positions) < len(tensors):
        return list(range(len(tensors)))
    if len(set(positions)) < len(positions):
        raise LoadError(f"two {side}s of model '{model}' have the same index")
    if side == "input" and sorted(positions) != list(range(len(positions))):
        raise LoadError(f"the indices of the inputs of model '{model}' are not 0 to n-1")
    return positions


def _as_list(torch: Any, result: Any) -> list[Any]:
    if isinstance(result, torch.Tensor):
        return [result]
    if isinstance(result, (tuple, list)) and all(isinstance(r, torch.Tensor) for r in result):
        return list(result)
    raise TypeError(f"unsupported output of forward: {type(result).__name__}, expecting tensors")
