"""The inputs and outputs of an ONNX file, and the files of its weights.

`onnx` (and numpy with it) is imported only when a graph is read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from inference_operator.api.model import DataType
from model_builders.onnx_fields import BROKEN, FieldReader, NotOnnxError
from model_builders.onnx_weights import KEY, ExternalFiles

if TYPE_CHECKING:
    import onnx

# TensorProto.DataType; the backend does not support others (complex, float8). Only images that take
# BFLOAT16 get this far: checks/data_types.py refuses it for others.
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
    16: DataType.BF16,
}
# Limits on the graph's inputs and outputs.
_MAX_TENSORS = 20_000
_MAX_TENSOR = 16 << 10
_MAX_TENSORS_BYTES = 2 << 20
# An empty dimension has two bytes, and each one is read: a million take a second.
_MAX_DIMS = 100_000
# Numbers of fields in onnx.proto.
_GRAPH = 7
_INITIALIZER, _INPUT, _OUTPUT = 5, 11, 12
_NAME = 8


@dataclass(frozen=True, slots=True)
class GraphTensor:
    """One input or output of a graph; dims is None if the graph does not declare a rank."""

    name: str
    data_type: DataType | None
    dims: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class OnnxSignature:
    """Inputs and outputs of a graph; `initialized` inputs have a default and may be left out."""

    inputs: tuple[GraphTensor, ...]
    outputs: tuple[GraphTensor, ...]
    initialized: frozenset[str] = frozenset()
    external_files: tuple[str, ...] = ()
    """Files with the weights, relative to the graph's folder."""


def onnx_signature(path: Path) -> OnnxSignature:
    """Return inputs and outputs of the graph at `path`, and the files of its weights.

    Weights and nodes are stepped over. Raises NotOnnxError: broken, or too much to read.
    """
    with path.open("rb", buffering=0) as file:
        graph = _graph(FieldReader(file, KEY))
        if not graph.outputs:
            raise NotOnnxError("an ONNX model without a graph")
        tensors = _tensors([*graph.inputs, *graph.outputs])
        inputs, outputs = tensors[: len(graph.inputs)], tensors[len(graph.inputs) :]
        initialized = _initialized(FieldReader(file), {tensor.name for tensor in inputs})
    return OnnxSignature(
        inputs=tuple(tensor for tensor in inputs if tensor.name not in initialized),
        outputs=outputs,
        initialized=frozenset(initialized),
        external_files=tuple(sorted(graph.files)),
    )


@dataclass(slots=True)
class _Graph:
    """The inputs and outputs of a graph, as encoded ValueInfoProtos, and the files of weights."""

    inputs: list[bytes] = field(default_factory=list)
    outputs: list[bytes] = field(default_factory=list)
    files: set[str] = field(default_factory=set)


def _graph(reader: FieldReader) -> _Graph:
    external = ExternalFiles(reader)
    graph, size = _Graph(files=external.paths), 0
    for part, first, last in reader.fields(0, reader.size):
        if part != _GRAPH:
            external.look_into("ModelProto", part, first, last)
            continue
        # A graph in several parts is the parts put together.
        for number, start, end in reader.fields(first, last):
            if number in (_INPUT, _OUTPUT):
                size += end - start
                tensors = graph.inputs if number == _INPUT else graph.outputs
                _check_size(len(tensors), end - start, size)
                tensors.append(reader.content(start, end))
            else:
                external.look_into("GraphProto", number, start, end)
    return graph


def _check_size(count: int, size: int, total: int) -> None:
    if size > _MAX_TENSOR or total > _MAX_TENSORS_BYTES or count >= _MAX_TENSORS:
        raise _too_large()


def _too_large() -> NotOnnxError:
    return NotOnnxError(
        "inputs and outputs that are too large to be read",
        f"at most {_MAX_TENSORS:,} of them, with {_MAX_DIMS:,} dimensions in all,"
        f" {_MAX_TENSOR >> 10} KiB each and {_MAX_TENSORS_BYTES >> 20} MiB in all",
        "export the model with fewer inputs and outputs, or with shorter names",
    )


def _initialized(reader: FieldReader, names: set[str]) -> set[str]:
    """Return those of the names that have an initializer."""
    encoded = {name.encode(): name for name in names}
    initialized: set[str] = set()
    graphs = (place for number, *place in reader.fields(0, reader.size) if number == _GRAPH)
    for graph in graphs if names else ():
        for number, start, end in reader.fields(*graph):
            if number == _INITIALIZER and (name := _name(reader, start, end)) in encoded:
                initialized.add(encoded[name])
    return initialized


def _name(reader: FieldReader, start: int, end: int) -> bytes:
    """Return the name of a tensor; empty for one that no input can have."""
    for number, first, last in reader.fields(start, end):
        if number == _NAME:
            return reader.content(first, last) if last - first <= _MAX_TENSOR else b""
    return b""


def _tensors(encoded: Sequence[bytes]) -> tuple[GraphTensor, ...]:
    import onnx
    from google.protobuf.message import DecodeError

    tensors, dims = [], 0
    for message in encoded:
        try:
            value = onnx.ValueInfoProto.FromString(message)
        except (DecodeError, RuntimeError, ValueError) as error:
            raise NotOnnxError(BROKEN) from error
        dims += len(value.type.tensor_type.shape.dim)
        if dims > _MAX_DIMS:
            raise _too_large()
        tensors.append(_tensor(value))
    return tuple(tensors)


def _tensor(value: "onnx.ValueInfoProto") -> GraphTensor:
    tensor = value.type.tensor_type
    dims = None
    if tensor.HasField("shape"):
        dims = tuple(dim.dim_value if dim.HasField("dim_value") else -1 for dim in tensor.shape.dim)
    # protobuf returns the bytes of a name that cannot be decoded.
    name: str | bytes = value.name
    if isinstance(name, bytes):
        raise NotOnnxError("an input or output whose name is not UTF-8")
    return GraphTensor(name, _TYPES.get(tensor.elem_type), dims)
