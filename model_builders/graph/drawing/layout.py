"""Places for boxes and the lines between them, from left to right, so that nothing overlaps.

No library that is kept up draws layers without Graphviz' binary. What is needed of Sugiyama's
method is little: layers.py, and here the coordinates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from model_builders.graph.drawing.layers import Link, order

Point = tuple[float, float]
COLUMN_GAP = 34.0
ROW_GAP = 14.0
_LINE_HEIGHT = 6.0
_ROUNDS = 40


@dataclass(frozen=True, slots=True)
class Item:
    """A box to be placed: its size, and the layer that it is to be in."""

    width: float
    height: float
    layer: int


@dataclass(frozen=True, slots=True)
class Layout:
    """`centres` of the items, `columns` as left and right edge of each layer, and for each link
    the height at which it passes each layer between its ends. The top left corner is (0, 0)."""

    width: float
    height: float
    centres: tuple[Point, ...]
    columns: tuple[Point, ...]
    passes: tuple[tuple[float, ...], ...]


def layout(items: Sequence[Item], links: Sequence[Link]) -> Layout:
    """Places for all; each link leads to an item of a later layer."""
    chains, heights, short = _with_passes(items, links)
    layers = _layers(items, chains)
    ordered = order(layers, short)
    middle = _heights(ordered, heights, short)
    top = min((middle[n] - heights[n] / 2 for n in range(len(heights))), default=0.0)
    bottom = max((middle[n] + heights[n] / 2 for n in range(len(heights))), default=0.0)
    columns = _columns(items, len(layers))
    centres = [(sum(columns[i.layer]) / 2, middle[n] - top) for n, i in enumerate(items)]
    passes = [tuple(middle[node] - top for node in chain[1:-1]) for chain in chains]
    width = columns[-1][1] if columns else 0.0
    return Layout(width, bottom - top, tuple(centres), tuple(columns), tuple(passes))


def _with_passes(
    items: Sequence[Item], links: Sequence[Link]
) -> tuple[list[list[int]], list[float], list[Link]]:
    """Each link as a chain of nodes, one a layer; the heights of all nodes; the chains' links."""
    heights = [item.height for item in items]
    chains: list[list[int]] = []
    for source, target in links:
        between = range(items[source].layer + 1, items[target].layer)
        made = [len(heights) + number for number in range(len(between))]
        heights += [_LINE_HEIGHT] * len(made)
        chains.append([source, *made, target])
    short = [pair for chain in chains for pair in pairwise(chain)]
    return chains, heights, short


def _layers(items: Sequence[Item], chains: Sequence[Sequence[int]]) -> list[list[int]]:
    found: list[list[int]] = [[] for _ in range(1 + max((i.layer for i in items), default=-1))]
    for node, item in enumerate(items):
        found[item.layer].append(node)
    for chain in chains:
        for offset, node in enumerate(chain[1:-1], start=1):
            found[items[chain[0]].layer + offset].append(node)
    return found


def _columns(items: Sequence[Item], count: int) -> list[Point]:
    edges: list[Point] = []
    for layer in range(count):
        left = edges[-1][1] + COLUMN_GAP if edges else 0.0
        edges.append((left, left + max((i.width for i in items if i.layer == layer), default=0.0)))
    return edges


def _heights(
    layers: Sequence[Sequence[int]], heights: Sequence[float], links: Sequence[Link]
) -> list[float]:
    """The middle of each node: near its neighbours' middle, in its layer's order, with gaps."""
    neighbours: list[list[int]] = [[] for _ in heights]
    for source, target in links:
        neighbours[source].append(target)
        neighbours[target].append(source)
    middle = [0.0] * len(heights)
    for layer in layers:
        _stack(layer, heights, middle)
    for turn in range(_ROUNDS):
        for layer in layers if turn % 2 == 0 else reversed(layers):
            for node in layer:
                if neighbours[node]:
                    around = [middle[other] for other in neighbours[node]]
                    middle[node] = sum(around) / len(around)
            _spread(layer, heights, middle)
    return middle


def _stack(layer: Sequence[int], heights: Sequence[float], middle: list[float]) -> None:
    total = sum(heights[node] + ROW_GAP for node in layer)
    at = -total / 2
    for node in layer:
        middle[node] = at + heights[node] / 2
        at += heights[node] + ROW_GAP


def _spread(layer: Sequence[int], heights: Sequence[float], middle: list[float]) -> None:
    """The nearest middles, by least squares, that keep the order and the gaps.

    Gaps taken away, that is isotonic regression: neighbours that overlap become one block at their
    mean.
    """
    offsets: list[float] = []
    at = 0.0
    for before, node in zip([None, *layer], layer, strict=False):
        if before is not None:
            at += (heights[before] + heights[node]) / 2 + ROW_GAP
        offsets.append(at)
    blocks: list[tuple[float, int]] = []
    for node, offset in zip(layer, offsets, strict=True):
        total, count = middle[node] - offset, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / count:
            other, size = blocks.pop()
            total, count = total + other, count + size
        blocks.append((total, count))
    settled = [total / count for total, count in blocks for _ in range(count)]
    for node, offset, place in zip(layer, offsets, settled, strict=True):
        middle[node] = place + offset
