"""Tensors of questions and answers: their types, names and sizes."""

from collections.abc import Mapping, Sequence

import numpy as np
from tritonclient.utils import np_to_triton_dtype

from serving.client.errors import ClientReason, Place, TritonError
from serving.records import Array


def check_types(arrays: Mapping[str, Array], place: Place) -> None:
    """Check that Triton has the type of each array; texts are arrays of objects.

    Raises:
        TritonError: for the first array of another type.
    """
    for name, array in arrays.items():
        if np_to_triton_dtype(array.dtype) is None:
            raise TritonError(
                ClientReason.INPUT_REFUSED,
                Place(place.model, place.version, name, place.target),
                f"found an array of {array.dtype}",
                "send numbers, booleans, or texts as an array of objects",
            )


def outputs_of(given: Mapping[str, Array], names: Sequence[str], place: Place) -> dict[str, Array]:
    """Return the named outputs of an answer, or all.

    Raises:
        TritonError: if one of them is missing.
    """
    for name in names:
        if name not in given:
            raise TritonError(
                ClientReason.TENSOR_MISMATCH,
                Place(place.model, place.version, name, place.target),
                f"the model answers {', '.join(given) or 'nothing'}",
                "name its outputs in the settings of the route",
            )
    return {name: given[name] for name in names or given}


def number(outputs: Mapping[str, Array], name: str, row: int, place: Place) -> float:
    """Return the one number of a row of an output.

    Raises:
        TritonError: if the row has another size.
    """
    values = np.ravel(outputs[name][row])
    if values.size != 1:
        raise _wrong_shape(outputs[name], name, "[batch, 1]", place)
    return float(values[0])


def pair(outputs: Mapping[str, Array], name: str, row: int, place: Place) -> tuple[float, float]:
    """Return the two numbers of a row of an output.

    Raises:
        TritonError: if the row has another size.
    """
    values = np.ravel(outputs[name][row])
    if values.size != 2:
        raise _wrong_shape(outputs[name], name, "[batch, 2]", place)
    return float(values[0]), float(values[1])


def _wrong_shape(array: Array, name: str, expected: str, place: Place) -> TritonError:
    return TritonError(
        ClientReason.TENSOR_MISMATCH,
        Place(place.model, place.version, name, place.target),
        f"found shape {list(array.shape)}, expected {expected}",
        "serve a model with the tensors of the route, or change the route",
    )
