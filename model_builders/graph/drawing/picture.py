"""What a drawing of a graph shows, in whatever format: boxes, wires between them, and problems."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from inference_operator.api.problem import Problem
from model_builders.graph.model import End, Graph, links
from model_builders.graph.wording import BATCH, shape_words


class Kind(StrEnum):
    """What a box stands for."""

    INPUT = "input"
    STEP = "step"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True)
class Box:
    """An input of the pipeline, a step, or an output."""

    kind: Kind
    title: str
    path: str
    """The field that describes it."""
    detail: str = ""
    """What the step runs; whether the input may be left out."""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wire:
    """One tensor's way from one box to another, both by their place in the list of boxes."""

    source: int
    target: int
    label: str
    """The tensor's name, type and shape: `window FP32 [batch, 60, 5]`."""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """The whole drawing. `problems` are all that there are, those of boxes and wires among them."""

    name: str
    boxes: tuple[Box, ...]
    wires: tuple[Wire, ...]
    problems: tuple[str, ...]


def picture(
    graph: Graph, *, runs: Mapping[str, str] | None = None, problems: Iterable[Problem] = ()
) -> Picture:
    """What to draw. `runs` says for each step what it runs; absent: the name of its model."""
    problems = tuple(problems)
    drawn = list(links(graph))
    wired = {end.path for link in drawn for end in link}
    boxes = _boxes(graph, runs or {}, [one for one in problems if one.path not in wired])
    places = {box.path: place for place, box in reversed(list(enumerate(boxes)))}
    wires = tuple(
        Wire(
            places[_box_path(giver)],
            places[_box_path(taker)],
            _label(graph, giver, taker),
            tuple(str(one) for one in problems if one.path in (giver.path, taker.path)),
        )
        for giver, taker in drawn
    )
    return Picture(graph.name, boxes, wires, tuple(map(str, problems)))


def arrows(picture: Picture) -> dict[tuple[int, int], list[Wire]]:
    """Return the wires by source and target: however many there are, one arrow shows them."""
    grouped: dict[tuple[int, int], list[Wire]] = {}
    for wire in picture.wires:
        grouped.setdefault((wire.source, wire.target), []).append(wire)
    return grouped


def _boxes(graph: Graph, runs: Mapping[str, str], problems: Iterable[Problem]) -> tuple[Box, ...]:
    def box(kind: Kind, title: str, path: str, detail: str = "") -> Box:
        mine = (str(one) for one in problems if one.is_at(path))
        return Box(kind, title, path, detail, tuple(mine))

    return (
        *(
            box(Kind.INPUT, i.name, f"spec.inputs[{i.name}]", "optional" if i.optional else "")
            for i in graph.inputs
        ),
        *(box(Kind.STEP, s.name, s.path, runs.get(s.name, s.model.name)) for s in graph.steps),
        *(box(Kind.OUTPUT, o.name, f"spec.outputs[{o.name}]") for o in graph.outputs),
    )


def _box_path(end: End) -> str:
    return end.path if end.step is None else end.step.path


def _label(graph: Graph, giver: End, taker: End) -> str:
    known = taker if giver.shape is None else giver
    if known.shape is None:
        return f"{giver.tensor} of unknown shape"
    batches = graph.max_batch_size > 0 and known.batches(graph)
    shape = shape_words((BATCH, *known.shape) if batches else known.shape)
    return f"{giver.tensor} {known.data_type or 'of unknown type'} {shape}"
