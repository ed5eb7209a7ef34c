"""Inputs and outputs that an artifact declares, as the loader reports them to the operator."""

import re
from dataclasses import dataclass
from typing import Any

from inference_operator.api.quoting import short

MOST_TENSORS = 64
MOST_DIMS = 16
LONGEST_NAME = 253
_LARGEST = 2**31
# Any of the names in a spec; this module starts in every pod, and does not import the types.
_TYPE = re.compile(r"[A-Z0-9]{2,16}", re.ASCII)


@dataclass(frozen=True, slots=True)
class DeclaredTensor:
    """One tensor, with the shape that requests or answers have: the batch comes first."""

    name: str
    data_type: str
    """Name as in a spec: FP32, STRING."""

    shape: tuple[int, ...] | None
    """None if the artifact does not declare a rank."""


@dataclass(frozen=True, slots=True)
class DeclaredTensors:
    """The inputs and outputs of one artifact, at most `MOST_TENSORS` each."""

    inputs: tuple[DeclaredTensor, ...] = ()
    outputs: tuple[DeclaredTensor, ...] = ()

    def to_items(self) -> list[list[list[Any]]]:
        """Return both lists as JSON: [name, type, shape] for each tensor."""
        return [
            [[t.name, t.data_type, None if t.shape is None else list(t.shape)] for t in side]
            for side in (self.inputs, self.outputs)
        ]

    @classmethod
    def of_items(cls, items: Any) -> "DeclaredTensors":
        """Read the lists; ValueError or TypeError where they are not the loader's."""
        inputs, outputs = items
        return cls(_side(inputs), _side(outputs))


def declared_tensor(name: str, data_type: str, shape: tuple[int, ...] | None) -> DeclaredTensor:
    """Return the tensor with a name that fits into a status and can be printed."""
    kept = None if shape is None or len(shape) > MOST_DIMS else shape
    return DeclaredTensor(short(name, LONGEST_NAME), data_type, kept)


def _side(items: Any) -> tuple[DeclaredTensor, ...]:
    if not isinstance(items, list) or len(items) > MOST_TENSORS:
        raise TypeError("not a list of tensors")
    return tuple(_tensor(*item) for item in items)


def _tensor(name: Any, data_type: Any, shape: Any) -> DeclaredTensor:
    if (
        not isinstance(name, str)
        or not isinstance(data_type, str)
        or not _TYPE.fullmatch(data_type)
    ):
        raise TypeError("not a tensor")
    if shape is not None and not (isinstance(shape, list) and all(map(_is_dim, shape))):
        raise TypeError("not a shape")
    return declared_tensor(name, data_type, None if shape is None else tuple(shape))


def _is_dim(value: Any) -> bool:
    return type(value) is int and -1 <= value < _LARGEST
