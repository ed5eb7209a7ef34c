"""Descriptions of shapes and models, and suggestions of names, in problems of a graph."""

from collections.abc import Iterable

from inference_operator.api.quoting import quoted
from inference_operator.api.suggestions import closest
from model_builders.graph.model import Port

BATCH = 0
"""The leading dimension that is the request's batch; no other dimension is 0."""


def describe_shape(shape: Iterable[int]) -> str:
    return f"[{', '.join('batch' if dim == BATCH else str(dim) for dim in shape)}]"


def describe_model(port: Port) -> str:
    return "the pipeline" if port.step is None else f"model {quoted(port.step.model.name)}"


def suggestion(name: str, names: Iterable[str], otherwise: str) -> str:
    """Return a remedy: the name that was probably meant, or else `otherwise`."""
    candidates = sorted(set(names) - {name})
    meant = closest(name, candidates)
    if meant is None:
        folded = name.casefold()
        meant = next((other for other in candidates if other.casefold() == folded), None)
    return otherwise if meant is None else f"did you mean {quoted(meant)}?"
