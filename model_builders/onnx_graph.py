"""An ONNX graph's inputs and outputs against the config, as ONNX Runtime's backend compares them.

`onnx` (and numpy with it) is imported only when a graph is read.
"""

import mmap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference_operator.api.model import DataType
from model_builders.names import api_type
from model_builders.onnx_fields import NotOnnxError, read_graph, read_initializers
from model_builders.problem import Problem
from model_builders.protobuf import ModelConfig

# TensorProto.DataType; what is missing here (BFLOAT16, complex, float8) the backend cannot take.
_TYPES: Mapping[int, DataType] = {
    1: DataType.FP32,
    2: DataType.UINT8,
    3: DataType.INT8,
    4: DataType.UINT16,
    5: DataType.INT16,
    6: DataType.INT32,
    7: DataType.INT64,
    8: DataType.STRING,
    9: DataType.BOOL,
    10: DataType.FP16,
    11: DataType.FP64,
    12: DataType.UINT32,
    13: DataType.UINT64,
}
# A message has room for so many names, dimensions and problems of an artifact.
_SHOWN = 20
_SHOWN_LENGTH = 100
_EXPORT_AGAIN = "correct the spec, or export the model again"


@dataclass(frozen=True, slots=True)
class GraphTensor:
    """One input or output of a graph; dims None where the graph does not say its rank."""

    name: str
    data_type: DataType | None
    dims: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class OnnxSignature:
    """What a graph wants and gives; `initialized` inputs have a default and may be left out."""

    inputs: tuple[GraphTensor, ...]
    outputs: tuple[GraphTensor, ...]
    initialized: frozenset[str] = frozenset()
    external_files: tuple[str, ...] = ()
    """Files with the weights, relative to the graph's folder."""


def onnx_signature(path: Path) -> OnnxSignature:
    """Return inputs and outputs of the graph at `path`; weights and nodes are not read.

    Raises NotOnnxError.
    """
    from google.protobuf.message import DecodeError

    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _signature(data)
    except NotOnnxError:
        raise
    except (DecodeError, RuntimeError, ValueError) as error:
        raise NotOnnxError("no ONNX model, or one that is cut short") from error


def _signature(data: mmap.mmap) -> OnnxSignature:
    graph = read_graph(data)
    if not graph.outputs:
        raise NotOnnxError("an ONNX model without a graph")
    inputs = tuple(_tensor(encoded) for encoded in graph.inputs)
    outputs = tuple(_tensor(encoded) for encoded in graph.outputs)
    initialized, files = read_initializers(data, {tensor.name for tensor in inputs})
    return OnnxSignature(
        inputs=tuple(tensor for tensor in inputs if tensor.name not in initialized),
        outputs=outputs,
        initialized=frozenset(initialized),
        external_files=tuple(sorted(files)),
    )


def _tensor(encoded: bytes) -> GraphTensor:
    import onnx

    value = onnx.ValueInfoProto.FromString(encoded)
    tensor = value.type.tensor_type
    dims = None
    if tensor.HasField("shape"):
        dims = tuple(dim.dim_value if dim.HasField("dim_value") else -1 for dim in tensor.shape.dim)
    # protobuf returns the bytes of a name that cannot be decoded.
    name: str | bytes = value.name
    if isinstance(name, bytes):
        raise NotOnnxError("an input or output whose name is not UTF-8")
    return GraphTensor(name, _TYPES.get(tensor.elem_type), dims)


def check_onnx(file: Path, config: ModelConfig) -> list[Problem]:
    try:
        signature = onnx_signature(file)
    except NotOnnxError as error:
        return [Problem(file.name, str(error), error.expected, error.remedy)]
    missing = [name for name in signature.external_files if not (file.parent / name).is_file()]
    problems = compare(signature, config)
    if missing:
        found = f"no {_listed(missing)} beside it"
        remedy = "serve the folder that holds both, or save the model as one file"
        problems.append(Problem(file.name, found, "the files with its weights", remedy))
    return problems


def compare(signature: OnnxSignature, config: ModelConfig) -> list[Problem]:
    """Where the config and the graph differ; tensors that the config leaves out are Triton's."""
    return [
        *_inputs(signature, config),
        *_side("spec.model.outputs", config.output, signature.outputs, config),
        *_batching(signature, config),
    ]


def _inputs(signature: OnnxSignature, config: ModelConfig) -> Iterator[Problem]:
    known = {tensor.name for tensor in signature.inputs} | signature.initialized
    tensors = [t for t in config.input if t.name not in signature.initialized]
    yield from _side("spec.model.inputs", tensors, signature.inputs, config)
    if not config.input or any(tensor.name not in known for tensor in tensors):
        return  # a wrong name and a missing one are most often the same tensor
    given = {tensor.name for tensor in config.input} | _made_by_triton(config)
    left_out = [tensor.name for tensor in signature.inputs if tensor.name not in given]
    for name in left_out[:_SHOWN]:
        yield Problem(
            "spec.model.inputs",
            f"no {_cut(name)}",
            f"every input of the artifact's graph ({_names(signature.inputs)})",
            f"add {_cut(name)}, or leave inputs and outputs out: Triton reads the graph's",
        )
    for name in sorted(_made_by_triton(config) - known):
        yield Problem(
            "spec.triton.configOverrides",
            f'"{name}"',
            f"an input of the artifact's graph ({_names(signature.inputs)})",
            _EXPORT_AGAIN,
        )


def _made_by_triton(config: ModelConfig) -> set[str]:
    """Inputs that requests don't carry: controls and states of sequences, batch inputs."""
    sequences = config.sequence_batching
    names = {control.name for control in sequences.control_input}
    names |= {state.input_name for state in sequences.state}
    return names | {name for batch in config.batch_input for name in batch.target_name}


def _side(
    path: str, tensors: Iterable[Any], graph: tuple[GraphTensor, ...], config: ModelConfig
) -> Iterator[Problem]:
    known = {tensor.name: tensor for tensor in graph}
    kind = path.rpartition(".")[2].removesuffix("s")
    for tensor in tensors:
        where = f"{path}[{tensor.name}]"
        if tensor.name not in known:
            yield Problem(
                f"{where}.name",
                f'"{tensor.name}"',
                f"an {kind} of the artifact's graph ({_names(graph)})",
                _EXPORT_AGAIN,
            )
            continue
        yield from _same(where, tensor, known[tensor.name], config)


def _names(tensors: tuple[GraphTensor, ...]) -> str:
    return _listed([tensor.name for tensor in tensors]) or "it has none"


def _listed(texts: Sequence[str]) -> str:
    """Return the texts as a list, with the number of those that it has no room for."""
    shown = ", ".join(_cut(text) for text in texts[:_SHOWN])
    more = len(texts) - _SHOWN
    return f"{shown} and {more:,} more" if more > 0 else shown


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}…"


def _dims(tensor: GraphTensor) -> str:
    return f"[{_listed([str(dim) for dim in tensor.dims or ()])}]"


def _same(where: str, tensor: Any, graph: GraphTensor, config: ModelConfig) -> Iterator[Problem]:
    declared = api_type(tensor.data_type)
    if graph.data_type is None:
        remedy = "convert it within the model, and export it again"
        yield Problem(
            f"{where}.dataType", f"{declared}", "a type that ONNX Runtime's backend takes", remedy
        )
    elif declared is not graph.data_type:
        expected = f"{graph.data_type}, which the artifact's {graph.name} has"
        yield Problem(f"{where}.dataType", f"{declared}", expected, _EXPORT_AGAIN)
    shape = list(tensor.reshape.shape if tensor.HasField("reshape") else tensor.dims)
    full = [-1, *shape] if config.max_batch_size else shape
    if graph.dims is None or _is_unbatched(graph, config):
        return
    fits = len(full) == len(graph.dims) and all(
        wanted in (-1, dim) for wanted, dim in zip(graph.dims, full, strict=True)
    )
    if not fits:
        batch = " with the batch dimension first" if config.max_batch_size else ""
        yield Problem(
            f"{where}.shape",
            f"{shape}, which is {full}{batch}" if batch else str(shape),
            f"{_dims(graph)}, which the artifact's {graph.name} has",
            _EXPORT_AGAIN,
        )


def _is_unbatched(graph: GraphTensor, config: ModelConfig) -> bool:
    return bool(config.max_batch_size) and graph.dims is not None and graph.dims[:1] != (-1,)


def _batching(signature: OnnxSignature, config: ModelConfig) -> Iterator[Problem]:
    """With a batch size, every tensor's first dimension must be variable."""
    fixed = [t for t in (*signature.inputs, *signature.outputs) if _is_unbatched(t, config)]
    if fixed:
        shown = _listed([f"{_cut(tensor.name)} {_dims(tensor)}" for tensor in fixed])
        yield Problem(
            "spec.model.maxBatchSize",
            f"{config.max_batch_size}, but the artifact fixes the first dimension of {shown}",
            "a first dimension of -1 in every tensor",
            "export the model with a dynamic batch axis, or set maxBatchSize to 0",
        )
