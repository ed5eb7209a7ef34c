"""Propagation of a tensor from its producer to a consumer, with a batch dimension or without.

The rules are those of `EnsembleContext::ReshapeTensorDims` in core's ensemble_scheduler.cc.
Variable dimensions may turn out to fit. A tensor that is refused fits no request, or not every
batch.
"""

from dataclasses import dataclass

from model_builders.graph.model import Port
from model_builders.graph.wording import BATCH

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Produced:
    """A tensor inside the pipeline, as its producer makes it."""

    port: Port
    shape: Shape
    """All dimensions, including the batch dimension."""
    rows: int | None
    """Size of its batch: BATCH for that of the request, -1 for a variable dimension; None if its
    producer has no batches."""


@dataclass(frozen=True, slots=True)
class Consumed:
    """A tensor that fits its consumer."""

    rows: int | None
    """Size of the batch that the consumer sees."""
    demand: Shape
    """The shape that the consumer demands, in the producer's dimensions."""


def may_match(shape: Shape, other: Shape) -> bool:
    """Return whether both can be the shape of one tensor."""
    return len(shape) == len(other) and all(
        a == b or a in (-1, BATCH) or b in (-1, BATCH) for a, b in zip(shape, other, strict=True)
    )


def propagate(produced: Produced, dims: Shape, *, batches: bool) -> Consumed | None:
    """Return the tensor as a consumer of `dims` sees it; None if it does not fit."""
    return _to_batches(produced, dims) if batches else _to_whole(produced, dims)


def _to_batches(produced: Produced, dims: Shape) -> Consumed | None:
    if produced.rows is None and may_match(dims, produced.shape):
        return Consumed(1, dims)
    if produced.shape and may_match(dims, produced.shape[1:]):
        return Consumed(produced.shape[0], (produced.shape[0], *dims))
    return None


def _to_whole(produced: Produced, dims: Shape) -> Consumed | None:
    if may_match(dims, produced.shape):
        fixed = produced.rows == BATCH and dims[0] != -1
        return None if fixed else Consumed(None, dims)
    if produced.rows == 1 and may_match(dims, produced.shape[1:]):
        return Consumed(None, (1, *dims))
    return None
