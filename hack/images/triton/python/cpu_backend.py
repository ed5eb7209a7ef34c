"""Common code of the Python-based backends: config.pbtxt as a value, load errors, requests."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils
from request_batches import Answer, Run, Tensors, answer_all

# BF16 has no numpy type; this version of Triton's Python backend cannot hand it over.
_UNSUPPORTED_TYPES = {"TYPE_INVALID", "TYPE_BF16"}
_UNSUPPORTED_SECTIONS = ("sequence_batching", "batch_input", "batch_output")


class LoadError(Exception):
    """The model cannot be served as its configuration says."""


@dataclass(frozen=True)
class Tensor:
    """One input or output of config.pbtxt; `dims` as the model sees them, without the batch's."""

    name: str
    data_type: str
    dims: tuple[int, ...]


@dataclass(frozen=True)
class ModelConfig:
    """The part of config.pbtxt that a backend needs, and where the model's file is."""

    name: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    max_batch_size: int
    artifact: Path
    parameters: dict[str, str]
    raw: dict[str, Any]

    @property
    def batched(self) -> bool:
        return self.max_batch_size > 0

    def count(self, key: str) -> int | None:
        """Return a parameter that is a whole number >= 0; None when it is absent."""
        text = self.parameters.get(key)
        if text is None:
            return None
        if not text.isdigit():
            raise LoadError(f"failed to convert parameter {key}='{text}' to a number")
        return int(text)

    def switch(self, key: str, default: bool) -> bool:
        """Return a parameter that is true or false."""
        text = self.parameters.get(key, str(default)).lower()
        if text not in ("true", "false", "1", "0"):
            raise LoadError(f"failed to convert parameter {key}='{text}' to true or false")
        return text in ("true", "1")


def read_config(args: dict[str, str], default_filename: str) -> ModelConfig:
    """Check and return what Triton passes to `initialize`; raises LoadError with the reason."""
    raw = json.loads(args["model_config"])
    name = raw["name"]
    if args["model_instance_kind"] == "GPU":
        raise LoadError(f"model '{name}' has an instance group of KIND_GPU: this is the CPU image")
    for section in _UNSUPPORTED_SECTIONS:
        if raw.get(section):
            raise LoadError(f"'{section}' of model '{name}' is not supported by the CPU image")
    filename = raw.get("default_model_filename") or default_filename
    artifact = Path(args["model_repository"]) / args["model_version"] / filename
    if not artifact.exists():
        raise LoadError(f"unable to find '{artifact}' for model '{name}'")
    return ModelConfig(
        name=name,
        inputs=tuple(_tensor(name, "input", each) for each in raw["input"]),
        outputs=tuple(_tensor(name, "output", each) for each in raw["output"]),
        max_batch_size=int(raw["max_batch_size"]),
        artifact=artifact,
        parameters={k: v["string_value"] for k, v in raw.get("parameters", {}).items()},
        raw=raw,
    )


def _tensor(model: str, side: str, raw: dict[str, Any]) -> Tensor:
    name, data_type = raw["name"], raw["data_type"]
    if data_type in _UNSUPPORTED_TYPES:
        raise LoadError(f"unsupported datatype {data_type} for {side} '{name}' for model '{model}'")
    if raw.get("allow_ragged_batch"):
        raise LoadError(f"allow_ragged_batch of '{model}' is not supported by the CPU image")
    dims = raw["reshape"]["shape"] if raw.get("reshape") else raw["dims"]
    return Tensor(name, data_type, tuple(int(dim) for dim in dims))


@contextmanager
def load_errors() -> Iterator[None]:
    """Show a LoadError as Triton shows its own: the message, and no Python traceback."""
    try:
        yield
    except LoadError as error:
        raise pb_utils.TritonModelException(str(error)) from None


def serve(requests: list[Any], config: ModelConfig, run: Run) -> list[Any]:
    """Answer the requests of one `execute()`."""
    results = [_read(request, config) for request in requests]
    sound = {index: read for index, read in enumerate(results) if isinstance(read, dict)}
    answers = answer_all(list(sound.values()), run, batched=config.batched)
    for index, answer in zip(sound, answers, strict=True):
        results[index] = answer
    return [_response(request, result) for request, result in zip(requests, results, strict=True)]


def check_output_type(tensor: Tensor, array: np.ndarray) -> np.ndarray:
    """Return `array` if it is as in config.pbtxt; raise TypeError as the C++ backends do."""
    expected = pb_utils.triton_string_to_numpy(tensor.data_type)
    if array.dtype != expected and tensor.data_type != "TYPE_STRING":
        raise TypeError(
            f"unexpected datatype {array.dtype} for inference output '{tensor.name}', "
            f"expecting {tensor.data_type}"
        )
    return array


def _read(request: Any, config: ModelConfig) -> Answer:
    tensors: Tensors = {}
    for tensor in config.inputs:
        given = pb_utils.get_input_tensor_by_name(request, tensor.name)
        if given is None:
            return ValueError(f"input '{tensor.name}' is missing in the request")
        tensors[tensor.name] = given.as_numpy()
    return tensors


def _response(request: Any, result: Answer) -> Any:
    if isinstance(result, Exception):
        return pb_utils.InferenceResponse(error=pb_utils.TritonError(str(result)))
    requested = request.requested_output_names()
    outputs = [pb_utils.Tensor(n, array) for n, array in result.items() if n in requested]
    return pb_utils.InferenceResponse(output_tensors=outputs)
