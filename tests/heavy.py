"""Objects within all limits of the decoder that are as heavy as objects can be."""

from collections.abc import Callable
from typing import Any

from inference_operator.adapters.kubernetes.decoding import CONTAINERS, VALUES
from inference_operator.domain.names import FIELD_MANAGER, MANAGED_BY_LABEL

Body = dict[str, Any]


def _record(number: int, data: Any) -> Body:
    meta = {
        "name": f"m-{number}",
        "namespace": "a",
        "uid": f"u{number}",
        "resourceVersion": str(number + 1),
        "labels": {MANAGED_BY_LABEL: FIELD_MANAGER},
    }
    return {"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": meta, "data": data}


def values(number: int) -> Body:
    """Return a record of as many values as may be."""
    return _record(number, [number] + [1] * (VALUES - 100))


def floats(number: int) -> Body:
    """Return a record of as many numbers of 22 characters."""
    return _record(number, [1.1234567890123456e-300 + number] * (VALUES - 100))


def maps(number: int) -> Body:
    """Return a record of as many maps as may be, of which none equals another."""
    first = number * CONTAINERS
    return _record(number, [{"a": first + n, "b": n} for n in range(CONTAINERS - 100)])


def labels(number: int) -> Body:
    """Return a model of which nearly every value is a label."""
    record = _record(number, None)
    record["metadata"]["labels"] |= {f"l{n}": "" for n in range(VALUES - 1000)} | {
        "me": str(number)
    }
    return {**record, "kind": "InferenceModel", "spec": {}}


HEAVY: dict[str, Callable[[int], Body]] = {
    made.__name__: made for made in (values, floats, maps, labels)
}
