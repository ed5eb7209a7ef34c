"""Checks of `spec.model.inputs` and `outputs`: dimensions, element types, ragged and optional."""

from collections.abc import Iterable, Iterator
from math import prod

from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.model import DataType, ModelFormat, Tensor
from inference_operator.api.problem import Problem
from model_builders.checks.data_types import data_type_problem

INPUTS = "spec.model.inputs"
OUTPUTS = "spec.model.outputs"


def all_tensors(spec: InferenceModelSpec) -> Iterator[tuple[str, Tensor]]:
    for path, tensors in ((INPUTS, spec.model.inputs), (OUTPUTS, spec.model.outputs)):
        for index, tensor in enumerate(tensors or ()):
            yield f"{path}[{index}]", tensor


def reshapes(spec: InferenceModelSpec) -> Iterator[Problem]:
    for path, tensor in all_tensors(spec):
        yield from reshape(path, tensor, spec.model.max_batch_size)


def reshape(path: str, tensor: Tensor, max_batch_size: int) -> Iterator[Problem]:
    """Check the reshape of a tensor of a model or a pipeline."""
    if tensor.reshape is None:
        return
    if not tensor.reshape and max_batch_size == 0:
        yield Problem(
            f"{path}.reshape",
            "[] with maxBatchSize 0",
            "at least one dimension",
            "a model without a batch dimension has no scalars: write reshape: [1] or remove it",
        )
    elif element_counts(tensor.shape) != element_counts(tensor.reshape):
        yield Problem(
            f"{path}.reshape",
            f"{_listed(tensor.reshape)} for shape {_listed(tensor.shape)}",
            "the same number of elements, with as many -1",
            "between two -1 the products of the dimensions must be equal",
        )


def element_counts(shape: Iterable[int]) -> list[int]:
    """Return element counts between variable dimensions: [8, 6] for [2, 4, -1, 6]."""
    pieces: list[list[int]] = [[]]
    for dim in shape:
        if dim == -1:
            pieces.append([])
        else:
            pieces[-1].append(dim)
    return [prod(piece) for piece in pieces]


def _listed(shape: Iterable[int]) -> str:
    return f"[{', '.join(map(str, shape))}]"


def data_types(spec: InferenceModelSpec, image: str | None) -> Iterator[Problem]:
    """Refuse data types that the backend does not take in this image of Triton."""
    for path, tensor in all_tensors(spec):
        problem = data_type_problem(
            f"{path}.dataType", tensor.data_type, spec.model.known_format, image
        )
        if problem is not None:
            yield problem


def strings(spec: InferenceModelSpec) -> Iterator[Problem]:
    """Refuse strings of several dimensions: LibTorch takes a flat list (ValidateInputs)."""
    if spec.model.known_format is not ModelFormat.TORCHSCRIPT:
        return
    batch = 1 if spec.model.max_batch_size else 0
    for path, tensor in all_tensors(spec):
        shape = tensor.shape if tensor.reshape is None else tensor.reshape
        if tensor.data_type is DataType.STRING and len(shape) + batch > 1:
            yield Problem(
                f"{path}.dataType",
                f"STRING of {len(shape) + batch} dimensions, the batch's included",
                "STRING of one dimension: TorchScript models take strings as a flat list",
                "with maxBatchSize of 1 or more write shape: [1] with reshape: []",
            )


def ragged_batches(spec: InferenceModelSpec) -> Iterator[Problem]:
    for index, tensor in enumerate(spec.model.inputs or ()):
        if tensor.allow_ragged_batch and spec.model.max_batch_size == 0:
            yield Problem(
                f"{INPUTS}[{index}].allowRaggedBatch",
                "true with maxBatchSize 0",
                "maxBatchSize of 1 or more: only batches can be ragged",
                "set model.maxBatchSize and triton.dynamicBatching, or remove it",
            )


def optional_in_batches(spec: InferenceModelSpec) -> Iterator[Problem]:
    """Refuse optional inputs of ONNX models with batches (ValidateInputs in onnxruntime.cc).

    An optional input of a graph is an initializer, which has no batch dimension.
    """
    if spec.model.known_format is not ModelFormat.ONNX or spec.model.max_batch_size == 0:
        return
    for index, tensor in enumerate(spec.model.inputs or ()):
        if tensor.optional:
            yield Problem(
                f"{INPUTS}[{index}].optional",
                "true for an onnx model with batches",
                "false: ONNX Runtime's backend takes optional inputs only without batches",
                "remove optional, or set model.maxBatchSize to 0",
            )


def optional_inputs(spec: InferenceModelSpec) -> Iterator[Problem]:
    """Require all inputs of a TensorRT engine. Others may have optional inputs only: Triton serves
    them, and each request must hold some input."""
    if spec.model.known_format is not ModelFormat.TENSORRT:
        return
    for index, tensor in enumerate(spec.model.inputs or ()):
        if tensor.optional:
            yield Problem(
                f"{INPUTS}[{index}].optional",
                "true for a tensorrt model",
                "false: a TensorRT engine runs with all of its inputs",
                "remove optional",
            )
