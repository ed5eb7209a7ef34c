"""How Triton hands a tensor to what takes it, with a batch dimension or without.

After `EnsembleContext::ReshapeTensorDims` of core's ensemble_scheduler.cc. Variable dimensions
may turn out to fit; what is refused here fits no request, or not every batch.
"""

from dataclasses import dataclass

from model_builders.graph.model import End
from model_builders.graph.wording import BATCH

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """A tensor inside the pipeline, as its giver makes it."""

    end: End
    shape: Shape
    """All dimensions, that of a batch included."""
    rows: int | None
    """Size of its batch: BATCH for that of the request, -1 for a variable dimension; None where
    its giver has no batches."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A tensor that fits what takes it."""

    rows: int | None
    """Size of the batch that the taker sees."""
    demand: Shape
    """What the taker wants of the tensor in its giver's dimensions."""


def may_match(one: Shape, other: Shape) -> bool:
    """Whether both can be the shape of one tensor."""
    return len(one) == len(other) and all(
        a == b or a in (-1, BATCH) or b in (-1, BATCH) for a, b in zip(one, other, strict=True)
    )


def hand_over(given: Given, dims: Shape, *, batches: bool) -> Taken | None:
    """What becomes of the tensor for a taker of `dims`; None where it does not fit."""
    return _to_batches(given, dims) if batches else _to_whole(given, dims)


def _to_batches(given: Given, dims: Shape) -> Taken | None:
    if given.rows is None and may_match(dims, given.shape):
        return Taken(1, dims)
    if given.shape and may_match(dims, given.shape[1:]):
        return Taken(given.shape[0], (given.shape[0], *dims))
    return None


def _to_whole(given: Given, dims: Shape) -> Taken | None:
    if may_match(dims, given.shape):
        fixed = given.rows == BATCH and dims[0] != -1
        return None if fixed else Taken(None, dims)
    if given.rows == 1 and may_match(dims, given.shape[1:]):
        return Taken(None, (1, *dims))
    return None
