"""Tensors on gRPC's wire: arrays in, arrays out."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tritonclient.grpc.aio as triton
from tritonclient.utils import np_to_triton_dtype

from serving.client.errors import ClientReason, Place, TritonError
from serving.records import Array


def inputs_of(arrays: Mapping[str, Array], place: Place) -> list[Any]:
    """Return the tensors of named arrays; texts are arrays of objects.

    Raises:
        TritonError: for an array of a type that Triton does not have.
    """
    made = []
    for name, array in arrays.items():
        datatype = np_to_triton_dtype(array.dtype)
        if datatype is None:
            raise TritonError(
                ClientReason.INPUT_REFUSED,
                Place(place.model, place.version, name, place.target),
                f"found an array of {array.dtype}",
                "send numbers, booleans, or texts as an array of objects",
            )
        tensor = triton.InferInput(name, list(array.shape), datatype)
        tensor.set_data_from_numpy(np.ascontiguousarray(array))
        made.append(tensor)
    return made


def outputs_of(result: Any, names: Sequence[str], place: Place) -> dict[str, Array]:
    """Return the named outputs of an answer, or all.

    Raises:
        TritonError: if one of them is missing.
    """
    given = [output.name for output in result.get_response().outputs]
    arrays: dict[str, Array] = {}
    for name in names or given:
        array = result.as_numpy(name)
        if array is None:
            raise TritonError(
                ClientReason.TENSOR_MISMATCH,
                Place(place.model, place.version, name, place.target),
                f"the model answers {', '.join(given) or 'nothing'}",
                "name its outputs in the settings of the route",
            )
        arrays[name] = array
    return arrays


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
