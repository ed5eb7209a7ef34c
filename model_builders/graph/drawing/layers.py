"""Layers of a directed graph, and an order of each in which few lines cross (Sugiyama's method)."""

from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence

Link = tuple[int, int]
_SWEEPS = 24


def backward(count: int, links: Iterable[Link]) -> set[Link]:
    """Links that close a cycle, in a walk from the first node on; without them there is none."""
    after = _neighbours(count, links)
    found: set[Link] = set()
    left: set[int] = set()
    for start in range(count):
        entered = {start}
        pending = [] if start in left else [(start, iter(after[start]))]
        while pending:
            node, targets = pending[-1]
            target = next(targets, None)
            if target is None:
                pending.pop()
                entered.discard(node)
                left.add(node)
            elif target in entered:
                found.add((node, target))
            elif target not in left:
                entered.add(target)
                pending.append((target, iter(after[target])))
    return found


def depths(count: int, links: Iterable[Link]) -> list[int]:
    """Steps of the longest way to each node, of links without a cycle."""
    found = [0] * count
    links = set(links)
    for _ in range(count):
        deeper = [(target, found[source] + 1) for source, target in links]
        before = list(found)
        for target, depth in deeper:
            found[target] = max(found[target], depth)
        if found == before:
            break
    return found


def order(layers: Sequence[Sequence[int]], links: Sequence[Link]) -> list[list[int]]:
    """The nodes of each layer from top to bottom; links lead from one layer to the next.

    Each node goes to the middle of its neighbours, layer by layer, there and back; of all orders
    that were seen on the way, the one with the fewest crossings is kept, the first of these.
    """
    count = 1 + max((node for layer in layers for node in layer), default=-1)
    before = _neighbours(count, [(target, source) for source, target in links])
    after = _neighbours(count, links)
    ordered = [list(layer) for layer in layers]
    best, fewest = [list(layer) for layer in ordered], crossings(ordered, links)
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        sides = before if forward else after
        rows = range(1, len(ordered)) if forward else range(len(ordered) - 2, -1, -1)
        for row in rows:
            neighbour = ordered[row - 1 if forward else row + 1]
            ordered[row] = _sorted(ordered[row], neighbour, sides)
        found = crossings(ordered, links)
        if found < fewest:
            best, fewest = [list(layer) for layer in ordered], found
    return best


def crossings(layers: Sequence[Sequence[int]], links: Sequence[Link]) -> int:
    """How many pairs of links cross."""
    place = {node: index for layer in layers for index, node in enumerate(layer)}
    row = {node: index for index, layer in enumerate(layers) for node in layer}
    total = 0
    for index in range(len(layers)):
        ends = sorted((place[s], place[t]) for s, t in links if row[s] == index)
        seen: list[int] = []
        for _, target in ends:
            total += len(seen) - bisect_right(seen, target)
            insort(seen, target)
    return total


def _sorted(
    layer: Sequence[int], neighbour: Sequence[int], sides: Mapping[int, Sequence[int]]
) -> list[int]:
    """By the mean place of the neighbours; what has none keeps its place."""
    place = {node: index for index, node in enumerate(neighbour)}

    def wish(index: int) -> float:
        found = [place[node] for node in sides[layer[index]] if node in place]
        return sum(found) / len(found) if found else float(index)

    return [layer[index] for index in sorted(range(len(layer)), key=wish)]


def _neighbours(count: int, links: Iterable[Link]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {node: [] for node in range(count)}
    for source, target in links:
        found[source].append(target)
    return found
