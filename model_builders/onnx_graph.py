"""An ONNX graph's inputs and outputs against the config, as ONNX Runtime's backend compares them.

`onnx` (and numpy with it) is imported only when a graph is read.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from inference_operator.api.model import DataType
from inference_operator.api.quoting import listed, quoted, short
from model_builders.names import api_type
from model_builders.onnx_weights import check_external_files, external_files
from model_builders.problem import Problem, first
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


class NotOnnxError(ValueError):
    """The file is no ONNX model."""


def onnx_signature(path: Path) -> OnnxSignature:
    """Inputs and outputs of the graph at `path`; its external weights are not read."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load(str(path), load_external_data=False)
    except (DecodeError, RuntimeError, ValueError) as error:
        raise NotOnnxError("no ONNX model, or one that is cut short") from error
    graph = model.graph
    if not graph.output:
        raise NotOnnxError("an ONNX model without a graph")
    initialized = {tensor.name for tensor in graph.initializer}
    return OnnxSignature(
        inputs=tuple(_tensor(i) for i in graph.input if i.name not in initialized),
        outputs=tuple(_tensor(output) for output in graph.output),
        initialized=frozenset(i.name for i in graph.input if i.name in initialized),
        external_files=external_files(model),
    )


def _tensor(value: Any) -> GraphTensor:
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
        return [Problem(file.name, str(error), "an ONNX model", "upload the artifact again")]

    def is_there(name: str) -> bool:
        try:
            return (file.parent / name).is_file()
        except OSError:  # a name that the file system does not take
            return False

    weights = check_external_files(file.name, signature.external_files, is_there)
    return [*compare(signature, config), *weights]


def compare(signature: OnnxSignature, config: ModelConfig) -> list[Problem]:
    """Where the config and the graph differ; tensors that the config leaves out are Triton's."""
    return first(
        chain(
            _inputs(signature, config),
            _side("spec.model.outputs", config.output, signature.outputs, config),
            _batching(signature, config),
        )
    )


def _inputs(signature: OnnxSignature, config: ModelConfig) -> Iterator[Problem]:
    known = {tensor.name for tensor in signature.inputs} | signature.initialized
    tensors = [t for t in config.input if t.name not in signature.initialized]
    yield from _side("spec.model.inputs", tensors, signature.inputs, config)
    if not config.input or any(tensor.name not in known for tensor in tensors):
        return  # a wrong name and a missing one are most often the same tensor
    given = {tensor.name for tensor in config.input} | _made_by_triton(config)
    for tensor in signature.inputs:
        if tensor.name not in given:
            yield Problem(
                "spec.model.inputs",
                f"no {short(tensor.name)}",
                f"every input of the artifact's graph ({_names(signature.inputs)})",
                f"add {short(tensor.name)}, or leave inputs and outputs out: Triton reads the"
                " graph's",
            )
    for name in sorted(_made_by_triton(config) - known):
        yield Problem(
            "spec.triton.configOverrides",
            quoted(name),
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
                quoted(tensor.name),
                f"an {kind} of the artifact's graph ({_names(graph)})",
                _EXPORT_AGAIN,
            )
            continue
        yield from _same(where, tensor, known[tensor.name], config)


def _names(tensors: tuple[GraphTensor, ...]) -> str:
    return listed((tensor.name for tensor in tensors), "it has none", short)


def _same(where: str, tensor: Any, graph: GraphTensor, config: ModelConfig) -> Iterator[Problem]:
    declared = api_type(tensor.data_type)
    if graph.data_type is None:
        remedy = "convert it within the model, and export it again"
        yield Problem(
            f"{where}.dataType", f"{declared}", "a type that ONNX Runtime's backend takes", remedy
        )
    elif declared is not graph.data_type:
        expected = f"{graph.data_type}, which the artifact's {short(graph.name)} has"
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
            f"{list(graph.dims)}, which the artifact's {short(graph.name)} has",
            _EXPORT_AGAIN,
        )


def _is_unbatched(graph: GraphTensor, config: ModelConfig) -> bool:
    return bool(config.max_batch_size) and graph.dims is not None and graph.dims[:1] != (-1,)


def _batching(signature: OnnxSignature, config: ModelConfig) -> Iterator[Problem]:
    """With a batch size, every tensor's first dimension must be variable."""
    fixed = [t for t in (*signature.inputs, *signature.outputs) if _is_unbatched(t, config)]
    if fixed:
        shown = listed((f"{tensor.name} {list(tensor.dims or ())}" for tensor in fixed), show=short)
        yield Problem(
            "spec.model.maxBatchSize",
            f"{config.max_batch_size}, but the artifact fixes the first dimension of {shown}",
            "a first dimension of -1 in every tensor",
            "export the model with a dynamic batch axis, or set maxBatchSize to 0",
        )
