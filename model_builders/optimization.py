"""Writer of `spec.triton.optimization` into a written config."""

from typing import Any

from inference_operator.api.base import parse_quantity
from inference_operator.api.triton import Optimization, TensorRTAcceleration
from model_builders.set_fields import copy_field


def write_optimization(message: Any, optimization: Optimization) -> None:
    message.SetInParent()
    if optimization.graph_level is not None:
        message.graph.level = optimization.graph_level
    if optimization.cuda_graphs is not None:
        message.cuda.graphs = optimization.cuda_graphs
    if optimization.pinned_memory is not None:
        message.input_pinned_memory.enable = optimization.pinned_memory
        message.output_pinned_memory.enable = optimization.pinned_memory
    copy_field(message, "eager_batching", optimization, "eager_batching")
    if optimization.tensorrt is not None:
        _write_tensorrt(message.execution_accelerators, optimization.tensorrt)


def _write_tensorrt(accelerators: Any, tensorrt: TensorRTAcceleration) -> None:
    message = accelerators.gpu_execution_accelerator.add(name="tensorrt")
    if "precision" in tensorrt.model_fields_set:
        message.parameters["precision_mode"] = tensorrt.precision.value
    if tensorrt.max_workspace_size is not None:
        size = int(parse_quantity(tensorrt.max_workspace_size))
        message.parameters["max_workspace_size_bytes"] = str(size)
