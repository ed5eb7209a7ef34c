"""How the checks of a graph speak of shapes, of names, and of names that come close."""

from collections.abc import Iterable

from inference_operator.api.quoting import quoted
from inference_operator.api.suggestions import closest
from model_builders.graph.model import Port

BATCH = 0
"""The leading dimension that is the request's batch; no other dimension is 0."""


def describe_shape(shape: Iterable[int]) -> str:
    return f"[{', '.join('batch' if dim == BATCH else str(dim) for dim in shape)}]"


def describe_model(port: Port) -> str:
    """The model at this end."""
    return "the pipeline" if port.step is None else f"model {quoted(port.step.model.name)}"


def suggestion(name: str, names: Iterable[str], otherwise: str) -> str:
    """A remedy: the name that was probably meant, else another remedy."""
    candidates = sorted(set(names) - {name})
    meant = closest(name, candidates)
    if meant is None:
        folded = name.casefold()
        meant = next(
            (candidate for candidate in candidates if candidate.casefold() == folded), None
        )
    return otherwise if meant is None else f"did you mean {quoted(meant)}?"
