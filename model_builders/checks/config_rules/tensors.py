"""Rules for inputs and outputs (ValidateModelInput and ValidateModelOutput in core's
model_config_utils.cc, ValidateInputs in pytorch_backend and onnxruntime_backend)."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from inference_operator.api.model import ModelFormat
from inference_operator.api.problem import Problem
from inference_operator.api.quoting import quoted, short
from model_builders.checks.config_rules.subject import Subject
from model_builders.checks.data_types import CONVERT, data_type_problem
from model_builders.checks.tensors import element_counts
from model_builders.names import api_type
from model_builders.protobuf import model_config_pb2

_Input = model_config_pb2.ModelInput
_OF_IMAGES = (_Input.FORMAT_NHWC, _Input.FORMAT_NCHW)


def tensors(subject: Subject) -> Iterator[Problem]:
    for side in ("input", "output"):
        yield from _names(subject, side)
        for tensor in getattr(subject.config, side):
            if tensor.name:
                yield from _data_type(subject, side, tensor)
                yield from _dims(subject, side, tensor)
                yield from _reshape(subject, side, tensor)
                yield from _layout(subject, side, tensor)
    if subject.format is ModelFormat.ONNX and subject.config.max_batch_size:
        yield from _optional(subject)


def _names(subject: Subject, side: str) -> Iterator[Problem]:
    """Refuse tensors without a name, and names that stand for two tensors.

    Triton counts an input that is listed twice as two that each request must hold. It loads an
    output that is listed twice, and reads the first.
    """
    seen: dict[str, Any] = {}
    for index, tensor in enumerate(getattr(subject.config, side)):
        if not tensor.name:
            yield Problem(subject.at(side, f"[{index}].name"), "no name", "a name", "set name")
        elif tensor.name in seen and (side == "input" or tensor != seen[tensor.name]):
            yield Problem(
                subject.at_tensor(side, tensor.name),
                "the same name twice",
                f"each {side} once",
                "remove one of the two",
            )
        seen.setdefault(tensor.name, tensor)


def _data_type(subject: Subject, side: str, tensor: Any) -> Iterator[Problem]:
    data_type = api_type(tensor.data_type)
    if data_type is None:
        if not subject.completes_tensors:
            path = subject.at_tensor(side, tensor.name, "data_type")
            yield Problem(path, "no data type", "one such as TYPE_FP32", "set data_type")
        return
    if problem := data_type_problem("", data_type, subject.format, subject.image, "TYPE_"):
        # The path costs much more than the check.
        yield replace(problem, path=subject.at_tensor(side, tensor.name, "data_type"))
    elif data_type == "STRING" and subject.format is ModelFormat.TORCHSCRIPT:
        shape = tensor.reshape.shape if tensor.HasField("reshape") else tensor.dims
        dimensions = len(shape) + bool(subject.config.max_batch_size)
        if dimensions > 1:
            yield Problem(
                subject.at_tensor(side, tensor.name, "data_type"),
                f"TYPE_STRING of {dimensions} dimensions, the batch's included",
                "one dimension: TorchScript models take strings as a flat list",
                CONVERT,
            )


def _dims(subject: Subject, side: str, tensor: Any) -> Iterator[Problem]:
    if all(dim > 0 or dim == -1 for dim in tensor.dims) and (
        tensor.dims or subject.completes_tensors
    ):
        return
    yield Problem(
        subject.at_tensor(side, tensor.name, "dims"),
        str(list(tensor.dims)),
        "one or more dimensions, each 1 or more, or -1",
        "write -1 for a dimension that varies",
    )


def _reshape(subject: Subject, side: str, tensor: Any) -> Iterator[Problem]:
    if not tensor.HasField("reshape"):
        return
    shape = list(tensor.reshape.shape)
    if any(dim < 1 and dim != -1 for dim in shape):
        problem = (_listed(shape), "dimensions of 1 or more, or -1", "write -1 for one that varies")
    elif not shape and subject.config.max_batch_size == 0:
        problem = (
            "[] with model.maxBatchSize 0",
            "at least one dimension: a model without a batch dimension has no scalars",
            "write reshape { shape: [1] }, or remove it",
        )
    elif tensor.dims and element_counts(tensor.dims) != element_counts(shape):
        problem = (
            f"{_listed(shape)} for dims {_listed(tensor.dims)}",
            "the same number of elements, with as many -1",
            "between two -1 the products of the dimensions must be equal",
        )
    else:
        return
    yield Problem(subject.at_tensor(side, tensor.name, "reshape"), *problem)


def _layout(subject: Subject, side: str, tensor: Any) -> Iterator[Problem]:
    """Refuse layouts of three dimensions for other tensors, and those of TensorRT elsewhere."""
    is_completed = subject.completes_tensors and not tensor.dims
    is_image = side == "input" and tensor.format in _OF_IMAGES
    if is_image and len(tensor.dims) != 3 and not is_completed:
        yield Problem(
            subject.at_tensor(side, tensor.name, "format"),
            f"{_Input.Format.Name(tensor.format)} for {len(tensor.dims)} dims",
            "3 dims, those of an image",
            "remove format, or write height, width and channels as dims",
        )
    # The type of other Tritons may lack a field of a newer one.
    fields = tensor.DESCRIPTOR.fields_by_name
    for field in ("is_shape_tensor", "is_non_linear_format_io"):
        if field not in fields or not getattr(tensor, field):
            continue
        path = subject.at_tensor(side, tensor.name, field)
        if subject.format is not ModelFormat.TENSORRT:
            yield Problem(path, "true", "false: only TensorRT plans have it", "remove it")
        elif field == "is_non_linear_format_io" and len(tensor.dims) != 3:
            yield Problem(path, f"true for {len(tensor.dims)} dims", "3 dims", "remove it")


def _optional(subject: Subject) -> Iterator[Problem]:
    """Refuse optional inputs of ONNX models with batches (ValidateInputs in onnxruntime.cc)."""
    for tensor in subject.config.input:
        if tensor.optional:
            yield Problem(
                subject.at_tensor("input", tensor.name, "optional"),
                "true for an onnx model with batches",
                "false: ONNX Runtime's backend takes optional inputs only without batches",
                "remove optional, or set model.maxBatchSize to 0",
            )


def torchscript_names(subject: Subject) -> Iterator[Problem]:
    """Require `NAME__INDEX` for control inputs and states, which pytorch_backend reads by index.

    ValidateBooleanSequenceControl and ValidateTypedSequenceControl in its libtorch.cc: what follows
    the first `__` must be digits. The correlation id's type must have a type of torch.
    """
    if subject.format is not ModelFormat.TORCHSCRIPT:
        return
    batching = subject.config.sequence_batching
    for control in batching.control_input:
        if control.control and not _has_index(control.name):
            yield _no_index(
                subject.at("sequence_batching", f".control_input[{short(control.name)}].name"),
                control.name,
            )
    for index, state in enumerate(batching.state):
        for field in ("input_name", "output_name"):
            name = getattr(state, field)
            if name and not _has_index(name):
                yield _no_index(subject.at("sequence_batching", f".state[{index}].{field}"), name)


def _has_index(name: str) -> bool:
    _, separator, index = name.partition("__")
    return bool(separator and index and index.isascii() and index.isdigit())


def _no_index(path: str, name: str) -> Problem:
    return Problem(
        path,
        quoted(name),
        "NAME__INDEX: the PyTorch backend finds these tensors by their position",
        f"rename it, such as to {short(name)}__1, with its position among forward's arguments",
    )


def _listed(shape: Iterable[int]) -> str:
    return f"[{', '.join(map(str, shape))}]"
