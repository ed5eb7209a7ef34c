"""Names of config.pbtxt for those of the API: backends, file names, data types, kinds."""

from collections.abc import Mapping
from dataclasses import dataclass

from inference_operator.api.model import DataType, Model, ModelFormat
from model_builders.protobuf import DataType as ConfigDataType
from model_builders.protobuf import ModelConfig


@dataclass(frozen=True, slots=True)
class Backend:
    """Triton's names for a format: `backend`, the older `platform`, and the main file."""

    name: str
    platform: str | None
    file_name: str


BACKENDS: Mapping[ModelFormat, Backend] = {
    ModelFormat.TORCHSCRIPT: Backend("pytorch", "pytorch_libtorch", "model.pt"),
    ModelFormat.ONNX: Backend("onnxruntime", "onnxruntime_onnx", "model.onnx"),
    ModelFormat.TENSORRT: Backend("tensorrt", "tensorrt_plan", "model.plan"),
    ModelFormat.PYTHON: Backend("python", None, "model.py"),
}
PLATFORMS: Mapping[str, tuple[str, ...]] = {
    **{b.name: (b.platform,) if b.platform else () for b in BACKENDS.values()},
    "tensorflow": ("tensorflow_savedmodel", "tensorflow_graphdef"),
}
"""For backends that Triton knows, the platforms that stand for them."""


def backend_of(model: Model) -> str:
    """Return Triton's `backend`. Raises LookupError until a registry has reported the format."""
    if model.known_format is ModelFormat.CUSTOM:
        return model.backend or ""  # a rule of the API requires it
    return BACKENDS[model.known_format].name


def effective_format(model: Model) -> ModelFormat:
    """Return the format whose rules a model's backend has; custom for those of other backends."""
    if model.known_format is not ModelFormat.CUSTOM:
        return model.known_format
    formats = (f for f, backend in BACKENDS.items() if backend.name == model.backend)
    return next(formats, ModelFormat.CUSTOM)


def main_file_name(model_format: ModelFormat, config: ModelConfig) -> str | None:
    """Return the name of the file that Triton opens in a version's folder; None if only the
    backend knows it.

    `default_model_filename` is rendered only if configOverrides set it. Without it, Triton takes
    the backend's own name, and an imported config stays equal to the one written by hand.
    """
    backend = BACKENDS.get(model_format)
    return config.default_model_filename or (backend.file_name if backend else None)


def config_type(data_type: DataType) -> int:
    """Return the number of `TYPE_FP32` for `FP32`."""
    return int(ConfigDataType.Value(f"TYPE_{data_type.value}"))


def api_type(number: int) -> DataType | None:
    """Return `FP32` for the number of `TYPE_FP32`; None for TYPE_INVALID and unknown numbers."""
    try:
        return DataType(ConfigDataType.Name(number).removeprefix("TYPE_"))
    except ValueError:
        return None


def type_name(number: int) -> str:
    """Return the name `TYPE_FP32` for its number, as config.pbtxt writes it."""
    return str(ConfigDataType.Name(number)) if number in ConfigDataType.values() else str(number)
