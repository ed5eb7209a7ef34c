"""Data types that each backend takes, by the model's format and Triton's version."""

import re
from collections.abc import Mapping

from inference_operator.api.model import DataType, ModelFormat
from inference_operator.api.problem import Problem

CONVERT = "convert in the model, or in a python model before it"

# Table "Datatypes" of Triton's model_configuration.md, ModelConfigDataTypeToTorchType in
# pytorch_backend's libtorch_utils.cc, and ModelConfigDataTypeToOnnxDataType in
# onnxruntime_backend's onnxruntime_utils.cc.
_UNSUPPORTED: Mapping[str, frozenset[DataType]] = {
    ModelFormat.TORCHSCRIPT: frozenset(
        {DataType.UINT16, DataType.UINT32, DataType.UINT64, DataType.BF16}
    ),
    ModelFormat.TENSORRT: frozenset(
        {
            DataType.UINT16,
            DataType.UINT32,
            DataType.UINT64,
            DataType.INT16,
            DataType.FP64,
            DataType.STRING,
        }
    ),
}
_ONNX_BF16 = (26, 3)
"""The release whose ONNX Runtime backend takes BF16 (server#8464, #8660)."""
_RELEASE = re.compile(r":([0-9]{2})\.([0-9]{2})(?:[-.@].*)?\Z", re.DOTALL)


def release(image: str | None) -> tuple[int, int] | None:
    """Return the release that an image's tag names, as (year, month); None if it names none.

    >>> release("registry/tritonserver:26.01-py3"), release("mirror/triton@sha256:12")
    ((26, 1), None)
    """
    match = _RELEASE.search(image or "")
    return (int(match.group(1)), int(match.group(2))) if match else None


def data_type_problem(
    path: str,
    data_type: DataType,
    model_format: str | None,
    image: str | None,
    prefix: str = "",
) -> Problem | None:
    """Return the problem of a tensor's data type for the backend of this format, if any.

    `image` is Triton's image. If it is not decided, the oldest supported release counts. An image
    whose tag does not name a release may be newer. `prefix` stands before the names of types, as
    config.pbtxt has it.
    """
    refused = _UNSUPPORTED.get(model_format or "", frozenset())
    remedy, where = CONVERT, ""
    if model_format == ModelFormat.ONNX and not _takes_onnx_bf16(image):
        refused = frozenset({DataType.BF16})
        since = "{:02}.{:02}".format(*_ONNX_BF16)
        remedy = f"set triton.image to a release from {since}, or {CONVERT}"
        where = f" before {since}"
    if data_type not in refused:
        return None
    taken = ", ".join(f"{prefix}{t.value}" for t in DataType if t not in refused)
    return Problem(
        path,
        f"{prefix}{data_type}, which Triton's {model_format} backend cannot take{where}",
        f"one of {taken}",
        remedy,
    )


def _takes_onnx_bf16(image: str | None) -> bool:
    version = release(image)
    return image is not None and (version is None or version >= _ONNX_BF16)
