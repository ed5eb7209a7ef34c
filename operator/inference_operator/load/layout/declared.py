"""Tensors of a model that is laid out, for the loader's report."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inference_operator.domain.declared_tensors import (
    MOST_TENSORS,
    DeclaredTensor,
    DeclaredTensors,
    declared_tensor,
)
from inference_operator.domain.repository_plan import ArtifactFormat
from inference_operator.load.plan import ModelOrder

if TYPE_CHECKING:
    from model_builders.protobuf import ModelConfig


def declared_tensors(order: ModelOrder, version: Path) -> DeclaredTensors | None:
    """Return what the artifact declares, or else its config; None for unreadable or too many.

    People read the result, so an artifact that cannot be read again is not a failure.
    """
    from model_builders.config import parse_pbtxt
    from model_builders.problem import ConfigError

    try:
        config = parse_pbtxt(order.config)
        sides = _of_graph(version, config) if order.model.format is ArtifactFormat.ONNX else None
    except (ConfigError, OSError, ValueError):
        return None
    inputs, outputs = sides or (_of_config(config, config.input), _of_config(config, config.output))
    if not (0 < len(inputs) <= MOST_TENSORS and 0 < len(outputs) <= MOST_TENSORS):
        return None
    return DeclaredTensors(tuple(inputs), tuple(outputs))


def _of_graph(
    version: Path, config: "ModelConfig"
) -> tuple[list[DeclaredTensor], list[DeclaredTensor]]:
    from inference_operator.api.model import ModelFormat
    from model_builders.names import main_file_name
    from model_builders.onnx_signature import onnx_signature

    file = version / (main_file_name(ModelFormat.ONNX, config) or "model.onnx")
    signature = onnx_signature(file / "model.onnx" if file.is_dir() else file)
    inputs, outputs = (
        [declared_tensor(t.name, t.data_type or "UNKNOWN", t.dims) for t in side]
        for side in (signature.inputs, signature.outputs)
    )
    return inputs, outputs


def _of_config(config: "ModelConfig", tensors: Iterable[Any]) -> list[DeclaredTensor]:
    from model_builders.names import api_type

    batch = (-1,) if config.max_batch_size > 0 else ()
    return [
        declared_tensor(t.name, api_type(t.data_type) or "UNKNOWN", (*batch, *t.dims))
        for t in tensors
    ]
