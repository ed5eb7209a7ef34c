"""Copies of single fields of the API into a written config; unset fields are not copied."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from inference_operator.api.base import ApiModel


def identity(value: Any) -> Any:
    return value


def microseconds(value: timedelta) -> int:
    return value // timedelta(microseconds=1)


def copy_field(
    message: Any,
    field: str,
    model: ApiModel,
    attribute: str,
    convert: Callable[[Any], Any] = identity,
) -> None:
    """Write `field` of `message` from `model.attribute`, unless the spec leaves it to Triton.

    A default of ours that isn't zero is written as well: Triton's own may differ (two instances
    for ONNX on a CPU, where ours is one).
    """
    value = getattr(model, attribute)
    if value is not None and (attribute in model.model_fields_set or value):
        setattr(message, field, convert(value))
