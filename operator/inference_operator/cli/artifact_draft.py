"""Draft of `spec.model` from an artifact on this machine, as far as the artifact says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inference_operator.api.model import ModelFormat
from inference_operator.api.quoting import listed
from model_builders.onnx_fields import NotOnnxError
from model_builders.onnx_signature import GraphTensor, OnnxSignature, onnx_signature
from model_builders.torchscript import forward_of

FILL_IN = "FILL_IN"
"""Value that the API refuses: a person must replace it."""

DEFAULT_BATCH = 8
_ENDINGS: Mapping[str, ModelFormat] = {
    ".onnx": ModelFormat.ONNX,
    ".pt": ModelFormat.TORCHSCRIPT,
    ".pth": ModelFormat.TORCHSCRIPT,
    ".py": ModelFormat.PYTHON,
    ".plan": ModelFormat.TENSORRT,
    ".engine": ModelFormat.TENSORRT,
}
_MAIN_FILES = ("model.onnx", "model.pt", "model.py", "model.plan")


class DraftError(Exception):
    """An artifact of which nothing can be drafted; the message is for the user."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What an artifact says about its model."""

    format: ModelFormat
    file: Path
    """The artifact's main file."""

    model: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `spec.model`: tensors and batch size."""

    notes: tuple[str, ...] = ()
    """Sentences about what the artifact does not say."""


def draft(path: Path, batch: int | None = None) -> Draft:
    """Return the draft; `batch` is the largest batch, if the user gives one.

    DraftError for a path that is not an artifact.
    """
    file = _main_file(path)
    model_format = _ENDINGS.get(file.suffix.lower())
    if model_format is None:
        raise DraftError(
            f"{file}: found the ending {file.suffix or '(none)'}, expected"
            f" {listed(_ENDINGS, show=str)}; rename the file, or write the manifest by hand"
        )
    if model_format is ModelFormat.ONNX:
        return _onnx(file, batch)
    if model_format is ModelFormat.TENSORRT:
        return Draft(model_format, file, _given(batch), (_PLAN,))
    names = _arguments(file) if model_format is ModelFormat.TORCHSCRIPT else ()
    note = _TORCHSCRIPT if model_format is ModelFormat.TORCHSCRIPT else _PYTHON
    outputs = ["OUTPUT__0" if model_format is ModelFormat.TORCHSCRIPT else FILL_IN]
    tensors = {"inputs": _blank(names or [FILL_IN]), "outputs": _blank(outputs)}
    return Draft(model_format, file, {**_given(batch), **tensors}, (note,))


_PLAN = "Triton reads tensors and the largest batch from the plan, which only its GPU can read"
_TORCHSCRIPT = (
    "a TorchScript file has no types and shapes: replace each FILL_IN, and name each output"
    " NAME__INDEX in the order of forward's results"
)
_PYTHON = "a Python model is not run here: replace each FILL_IN with its tensors"


def _main_file(path: Path) -> Path:
    if not path.exists():
        raise DraftError(f"{path}: found no such file, expected a model's file or folder")
    if path.is_file():
        return path
    if not path.is_dir():
        raise DraftError(f"{path}: found neither a file nor a folder, expected one of the two")
    for name in _MAIN_FILES:
        if (path / name).exists():
            return path / name
    files = listed(sorted(child.name for child in path.iterdir()), show=str) or "nothing"
    raise DraftError(
        f"{path}: found {files}, expected one of {listed(_MAIN_FILES, show=str)}; rename the"
        " model's main file"
    )


def _onnx(file: Path, batch: int | None) -> Draft:
    try:
        signature = onnx_signature(file / "model.onnx" if file.is_dir() else file)
    except NotOnnxError as error:
        raise DraftError(
            f"{file}: found {error}, expected {error.requirement}; {error.remedy}"
        ) from None
    tensors = (*signature.inputs, *signature.outputs)
    if any(
        tensor.dims is None or tensor.data_type is None or 0 in tensor.dims for tensor in tensors
    ):
        note = "a tensor has no rank, or a type that specs do not have: Triton reads the graph's"
        return Draft(ModelFormat.ONNX, file, _given(batch), (note,))
    is_batched = all(tensor.dims and tensor.dims[0] == -1 for tensor in tensors)
    if batch is not None and batch > 0 and not is_batched:
        raise DraftError(
            f"{file}: --max-batch-size: found {batch}, expected 0, since not every tensor has a"
            " variable first dimension; export the model with one"
        )
    most = (DEFAULT_BATCH if is_batched else 0) if batch is None else batch
    notes = (_batch_note(signature),) if most and batch is None else ()
    return Draft(ModelFormat.ONNX, file, {**_given(most), **_tensors(signature, most > 0)}, notes)


def _batch_note(signature: OnnxSignature) -> str:
    return (
        f"every tensor has a variable first dimension, which is taken for the batch:"
        f" maxBatchSize {DEFAULT_BATCH}; give --max-batch-size, and 0 if it is not"
    )


def _given(batch: int | None) -> dict[str, Any]:
    return {"maxBatchSize": batch} if batch else {}


def _tensors(signature: OnnxSignature, is_batched: bool) -> dict[str, Any]:
    sides = {"inputs": signature.inputs, "outputs": signature.outputs}
    return {
        side: [_tensor(tensor, is_batched) for tensor in tensors]
        for side, tensors in sides.items()
        if tensors
    }


def _tensor(tensor: GraphTensor, is_batched: bool) -> dict[str, Any]:
    dims = list(tensor.dims or ())[1 if is_batched else 0 :]
    body: dict[str, Any] = {"name": tensor.name, "dataType": f"{tensor.data_type}"}
    # Triton has no tensors without dimensions.
    return body | ({"shape": dims} if dims else {"shape": [1], "reshape": []})


def _arguments(file: Path) -> tuple[str, ...]:
    forward = forward_of(file)
    return forward.arguments if forward is not None and forward.plain else ()


def _blank(names: Iterable[str]) -> list[dict[str, Any]]:
    return [{"name": name, "dataType": FILL_IN, "shape": [FILL_IN]} for name in names]
