"""How Triton hands a tensor to what takes it, with a batch dimension or without.

After `EnsembleContext::ReshapeTensorDims` of core's ensemble_scheduler.cc. Variable dimensions
may turn out to fit; what is refused here fits no request, or not every batch.
"""

from dataclasses import dataclass

from model_builders.graph.model import Port
from model_builders.graph.wording import BATCH

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Produced:
    """A tensor inside the pipeline, as its giver makes it."""

    port: Port
    shape: Shape
    """All dimensions, that of a batch included."""
    rows: int | None
    """Size of its batch: BATCH for that of the request, -1 for a variable dimension; None where
    its giver has no batches."""


@dataclass(frozen=True, slots=True)
class Consumed:
    """A tensor that fits what takes it."""

    rows: int | None
    """Size of the batch that the taker sees."""
    demand: Shape
    """What the taker wants of the tensor in its giver's dimensions."""


def may_match(shape: Shape, other: Shape) -> bool:
    """Whether both can be the shape of one tensor."""
    return len(shape) == len(other) and all(
        a == b or a in (-1, BATCH) or b in (-1, BATCH) for a, b in zip(shape, other, strict=True)
    )


def propagate(produced: Produced, dims: Shape, *, batches: bool) -> Consumed | None:
    """What becomes of the tensor for a taker of `dims`; None where it does not fit."""
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
