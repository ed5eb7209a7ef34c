"""Shapes of values with an API type: the same fields, but none of its rules. The record of an
older operator, whose API lacked a rule, stays acceptable."""

from enum import StrEnum
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

from inference_operator.api.base import ApiModel
from inference_operator.resources.shapes import (
    Mismatch,
    Shape,
    fields,
    items,
    one_of,
    table,
    text,
    whole,
)

_MOST_ITEMS = 1024


def shape_of(annotation: Any) -> Shape:
    """Return the shape of values of a type: no field is required, and null counts as absent."""
    if get_origin(annotation) is Annotated:
        return shape_of(get_args(annotation)[0])
    choices = [choice for choice in get_args(annotation) if choice is not NoneType]
    if NoneType in get_args(annotation):
        return _nullable(shape_of(choices[0]))
    if get_origin(annotation) is tuple:
        return items(shape_of(choices[0]), most=_MOST_ITEMS)
    if get_origin(annotation) is dict:
        return table(shape_of(choices[1]), most=_MOST_ITEMS)
    return _plain(annotation)


def _plain(annotation: type) -> Shape:
    if issubclass(annotation, ApiModel):
        shapes = {
            field.alias or name: _nullable(shape_of(field.annotation))
            for name, field in annotation.model_fields.items()
        }
        return fields({}, shapes)
    if issubclass(annotation, StrEnum):
        return one_of(*annotation)
    return whole(-(2**31), 2**31 - 1) if issubclass(annotation, int) else text()


def _nullable(shape: Shape) -> Shape:
    def check(value: object, path: str) -> Mismatch | None:
        return None if value is None else shape(value, path)

    return check
