"""Writers of `spec.model.inputs` and `outputs` into a written config."""

from collections.abc import Iterable
from typing import Any

from inference_operator.api.model import InputTensor, Tensor
from model_builders.names import config_type
from model_builders.set_fields import copy_field


def add_inputs(config: Any, tensors: Iterable[InputTensor]) -> None:
    for tensor in tensors:
        message = config.input.add()
        _write(message, tensor)
        copy_field(message, "optional", tensor, "optional")
        copy_field(message, "allow_ragged_batch", tensor, "allow_ragged_batch")


def add_outputs(config: Any, tensors: Iterable[Tensor]) -> None:
    for tensor in tensors:
        _write(config.output.add(), tensor)


def _write(message: Any, tensor: Tensor) -> None:
    message.name = tensor.name
    message.data_type = config_type(tensor.data_type)
    message.dims.extend(tensor.shape)
    if tensor.reshape is not None:
        message.reshape.SetInParent()
        message.reshape.shape.extend(tensor.reshape)
