"""A picture with coordinates: boxes, tags with the tensors' names, and lines between them.

A tag is a box of the layout like any other, in a layer of its own behind its source: so no label
lies on another, on a box or on a line.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from model_builders.graph.drawing.layers import Link, backward, depths
from model_builders.graph.drawing.layout import Item, Layout, Point, layout
from model_builders.graph.drawing.picture import Box, Kind, Picture, Wire
from model_builders.graph.drawing.text import LINE, width_of

_PAD = 12.0
_PORT = 12.0

Line = tuple[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Tag:
    """The tensors that go one way, each with what is wrong with it; (x, y) is the middle."""

    x: float
    y: float
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """A line through points; it runs level between two of one height, else as a curve."""

    points: tuple[Point, ...]
    problems: tuple[str, ...]
    arrow: bool


@dataclass(frozen=True, slots=True)
class Drawn:
    """All of it. A box is the x and y of its middle, its width and its height."""

    width: float
    height: float
    boxes: tuple[tuple[float, float, float, float], ...]
    tags: tuple[Tag, ...]
    routes: tuple[Route, ...]


@dataclass(slots=True)
class _Bundle:
    """Tensors of one source that go to the same targets."""

    source: int
    targets: tuple[int, ...]
    wires: list[Wire] = field(default_factory=list)
    back: bool = False

    def lines(self) -> tuple[Line, ...]:
        found: dict[str, tuple[str, ...]] = {}
        for wire in self.wires:
            found[wire.label] = found.get(wire.label, ()) + wire.problems
        return tuple(found.items())

    def problems(self, target: int | None = None) -> tuple[str, ...]:
        mine = (wire for wire in self.wires if target in (None, wire.target))
        return tuple(dict.fromkeys(problem for wire in mine for problem in wire.problems))


@dataclass(frozen=True, slots=True)
class _Leg:
    """One line: between a box and a tag, by their places among the layout's items."""

    link: Link
    problems: tuple[str, ...]
    arrow: bool = False
    reverse: bool = False
    """Whether it is drawn from the later layer to the earlier one."""


def drawn(picture: Picture) -> Drawn:
    """Where everything goes."""
    count = len(picture.boxes)
    back = backward(count, [(wire.source, wire.target) for wire in picture.wires])
    layers = _layers(picture, back)
    bundles = _bundles(picture.wires, back)
    items = _boxes(picture, layers)
    legs: list[_Leg] = []
    for bundle in bundles:
        lines = bundle.lines()
        width = max(width_of(line) for line, _ in lines) + _PAD
        first = min((bundle.source, *bundle.targets), key=lambda box: layers[box])
        legs += _legs(bundle, len(items), layers)
        items.append(Item(width, len(lines) * LINE, layers[first] + 1))
    found = layout(items, [leg.link for leg in legs])
    tags = (
        Tag(*found.centres[count + number], bundle.lines()) for number, bundle in enumerate(bundles)
    )
    boxes = (
        (*found.centres[place], items[place].width, items[place].height) for place in range(count)
    )
    routes = _routes(legs, items, found, count)
    return Drawn(found.width, found.height, tuple(boxes), tuple(tags), tuple(routes))


def _layers(picture: Picture, back: set[Link]) -> list[int]:
    """Inputs first, outputs last, boxes in even layers: the odd ones are for tags."""
    boxes = picture.boxes
    links = {(wire.source, wire.target) for wire in picture.wires} - back
    steps = [place for place, box in enumerate(boxes) if box.kind is Kind.STEP]
    before = len(boxes)
    found = depths(before + 1, [*links, *((before, step) for step in steps)])
    last = 1 + max((found[step] for step in steps), default=0)
    return [
        2 * (last if box.kind is Kind.OUTPUT else found[place]) for place, box in enumerate(boxes)
    ]


def _bundles(wires: Sequence[Wire], back: set[Link]) -> list[_Bundle]:
    tensors: dict[tuple[int, str], list[Wire]] = {}
    bundles: dict[tuple[int, tuple[int, ...], bool], _Bundle] = {}
    for wire in wires:
        if (wire.source, wire.target) in back:
            bundle = _Bundle(wire.source, (wire.target,), back=True)
            key = (wire.source, bundle.targets, True)
            bundles.setdefault(key, bundle).wires.append(wire)
        else:
            tensors.setdefault((wire.source, wire.label), []).append(wire)
    for (source, _), same in tensors.items():
        targets = tuple(sorted({wire.target for wire in same}))
        bundle = bundles.setdefault((source, targets, False), _Bundle(source, targets))
        bundle.wires += same
    return list(bundles.values())


def _boxes(picture: Picture, layers: Sequence[int]) -> list[Item]:
    """Boxes of one layer are of one width, and high enough for the lines at their sides."""
    leaving = Counter(wire.source for wire in picture.wires)
    coming = Counter(wire.target for wire in picture.wires)
    widths: dict[int, float] = {}
    for box, layer in zip(picture.boxes, layers, strict=True):
        widths[layer] = max(widths.get(layer, 0.0), _width(box))
    return [
        Item(
            widths[layer],
            max(2 * LINE + 10 if box.detail else LINE + 12, _PORT * max(leaving[n], coming[n]) + 8),
            layer,
        )
        for n, (box, layer) in enumerate(zip(picture.boxes, layers, strict=True))
    ]


def _width(box: Box) -> float:
    return max(width_of(box.title), width_of(box.detail)) + 2 * _PAD


def _legs(bundle: _Bundle, tag: int, layers: Sequence[int]) -> Iterator[_Leg]:
    source = bundle.source
    if not bundle.back:
        yield _Leg((source, tag), bundle.problems())
        for target in bundle.targets:
            yield _Leg((tag, target), bundle.problems(target), arrow=True)
        return
    (target,) = bundle.targets
    leads_back = layers[source] > layers[target]
    link = (tag, source) if leads_back else (source, tag)
    yield _Leg(link, bundle.problems(), reverse=leads_back)
    yield _Leg((target, tag), bundle.problems(), arrow=True, reverse=True)


def _routes(
    legs: Sequence[_Leg], items: Sequence[Item], found: Layout, boxes: int
) -> Iterator[Route]:
    ports = _ports(legs, items, found, boxes)
    for number, leg in enumerate(legs):
        start, end = leg.link
        points = list(_side(items[start], found, start, ports.get((number, start)), 1))
        for offset, height in enumerate(found.passes[number], start=1):
            left, right = found.columns[items[start].layer + offset]
            points += [(left, height), (right, height)]
        points += reversed(list(_side(items[end], found, end, ports.get((number, end)), -1)))
        ordered = tuple(reversed(points)) if leg.reverse else tuple(points)
        yield Route(ordered, leg.problems, leg.arrow)


def _side(item: Item, found: Layout, place: int, port: float | None, way: int) -> tuple[Point, ...]:
    """Where a line leaves an item, and where it leaves its column: right (1) or left (-1)."""
    x, y = found.centres[place]
    edge = found.columns[item.layer][1 if way > 0 else 0]
    height = y if port is None else port
    at = (x + way * item.width / 2, height)
    return (at,) if abs(at[0] - edge) < 0.5 else (at, (edge, height))


def _ports(
    legs: Sequence[_Leg], items: Sequence[Item], found: Layout, boxes: int
) -> dict[tuple[int, int], float]:
    """Heights at which lines meet a box, by leg and box: spread over its side, in their order."""
    sides: dict[tuple[int, bool], list[tuple[float, int]]] = {}
    for number, leg in enumerate(legs):
        start, end = leg.link
        passes = found.passes[number]
        if start < boxes:
            there = passes[0] if passes else found.centres[end][1]
            sides.setdefault((start, True), []).append((there, number))
        if end < boxes:
            there = passes[-1] if passes else found.centres[start][1]
            sides.setdefault((end, False), []).append((there, number))
    ports: dict[tuple[int, int], float] = {}
    for (box, _), ends in sides.items():
        middle, room = found.centres[box][1], items[box].height - _PORT
        apart = min(_PORT, room / max(len(ends) - 1, 1))
        for index, (_, number) in enumerate(sorted(ends)):
            ports[number, box] = middle + (index - (len(ends) - 1) / 2) * apart
    return ports
