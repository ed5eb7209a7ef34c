"""Comparison of an ONNX graph's inputs and outputs with the config, as in ONNX Runtime."""

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from inference_operator.api.problem import Problem, first
from inference_operator.api.quoting import listed, quoted, short
from model_builders.names import api_type
from model_builders.onnx_fields import NotOnnxError
from model_builders.onnx_signature import GraphTensor, OnnxSignature, onnx_signature
from model_builders.onnx_weights import check_external_files
from model_builders.protobuf import ModelConfig

# A message has room for so many dimensions of a tensor.
_SHOWN = 20
_EXPORT_AGAIN = "correct the spec, or export the model again"


def check_onnx(file: Path, config: ModelConfig) -> list[Problem]:
    try:
        signature = onnx_signature(file)
    except NotOnnxError as error:
        return [Problem(file.name, str(error), error.requirement, error.remedy)]

    def is_there(name: str) -> bool:
        try:
            return (file.parent / name).is_file()
        except OSError:  # a name that the file system does not take
            return False

    weights = check_external_files(file.name, signature.external_files, is_there)
    return [*compare(signature, config), *weights]


def compare(signature: OnnxSignature, config: ModelConfig) -> list[Problem]:
    """Return the differences; Triton completes tensors that the config leaves out."""
    return first(
        chain(
            _inputs(signature, config),
            _side("spec.model.outputs", config.output, signature.outputs, config),
            _batching(signature, config),
        )
    )


def _inputs(signature: OnnxSignature, config: ModelConfig) -> Iterator[Problem]:
    names = {tensor.name for tensor in signature.inputs} | signature.initialized
    tensors = [t for t in config.input if t.name not in signature.initialized]
    yield from _side("spec.model.inputs", tensors, signature.inputs, config)
    if not config.input or any(tensor.name not in names for tensor in tensors):
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
    for name in sorted(_made_by_triton(config) - names):
        yield Problem(
            "spec.triton.configOverrides",
            quoted(name),
            f"an input of the artifact's graph ({_names(signature.inputs)})",
            _EXPORT_AGAIN,
        )


def _made_by_triton(config: ModelConfig) -> set[str]:
    """Return inputs that requests don't hold: controls and states of sequences, batch inputs."""
    sequences = config.sequence_batching
    names = {control.name for control in sequences.control_input}
    names |= {state.input_name for state in sequences.state}
    return names | {name for batch in config.batch_input for name in batch.target_name}


def _side(
    path: str, tensors: Iterable[Any], graph: tuple[GraphTensor, ...], config: ModelConfig
) -> Iterator[Problem]:
    by_name = {tensor.name: tensor for tensor in graph}
    kind = path.rpartition(".")[2].removesuffix("s")
    for tensor in tensors:
        where = f"{path}[{tensor.name}]"
        if tensor.name not in by_name:
            yield Problem(
                f"{where}.name",
                quoted(tensor.name),
                f"an {kind} of the artifact's graph ({_names(graph)})",
                _EXPORT_AGAIN,
            )
            continue
        yield from _same(where, tensor, by_name[tensor.name], config)


def _names(tensors: tuple[GraphTensor, ...]) -> str:
    return listed((tensor.name for tensor in tensors), "it has none", short)


def _dims(tensor: GraphTensor) -> str:
    dims = tensor.dims or ()
    more = len(dims) - _SHOWN
    shown = ", ".join(map(str, dims[:_SHOWN]))
    return f"[{shown} and {more:,} more]" if more > 0 else f"[{shown}]"


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
        expected_dim in (-1, dim) for expected_dim, dim in zip(graph.dims, full, strict=True)
    )
    if not fits:
        batch = " with the batch dimension first" if config.max_batch_size else ""
        yield Problem(
            f"{where}.shape",
            f"{shape}, which is {full}{batch}" if batch else str(shape),
            f"{_dims(graph)}, which the artifact's {short(graph.name)} has",
            _EXPORT_AGAIN,
        )


def _is_unbatched(graph: GraphTensor, config: ModelConfig) -> bool:
    return bool(config.max_batch_size) and graph.dims is not None and graph.dims[:1] != (-1,)


def _batching(signature: OnnxSignature, config: ModelConfig) -> Iterator[Problem]:
    """Require a variable first dimension of every tensor if there is a batch size."""
    fixed = [t for t in (*signature.inputs, *signature.outputs) if _is_unbatched(t, config)]
    if fixed:
        shown = listed((f"{short(tensor.name)} {_dims(tensor)}" for tensor in fixed), show=str)
        yield Problem(
            "spec.model.maxBatchSize",
            f"{config.max_batch_size}, but the artifact fixes the first dimension of {shown}",
            "a first dimension of -1 in every tensor",
            "export the model with a dynamic batch axis, or set maxBatchSize to 0",
        )
