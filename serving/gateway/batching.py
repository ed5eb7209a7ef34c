"""Cuts of a list of rows into requests that a model takes at once."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

Row = TypeVar("Row")


def cut(rows: Sequence[Row], most: int) -> Iterator[Sequence[Row]]:
    """Yield runs of at most `most` rows, in their order; a model without batches takes one.

    >>> [len(part) for part in cut(range(70), 32)]
    [32, 32, 6]
    >>> [len(part) for part in cut(range(2), 0)]
    [1, 1]
    """
    step = max(1, most)
    for begin in range(0, len(rows), step):
        yield rows[begin : begin + step]
