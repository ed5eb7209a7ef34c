"""The content of a drawing, independent of its format: boxes, wires and problems."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from inference_operator.api.problem import Problem
from model_builders.graph.model import Graph, Port, links
from model_builders.graph.wording import BATCH, describe_shape


class Kind(StrEnum):
    """The kind of thing that a box stands for."""

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
    """The model of a step; `optional` for an optional input."""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wire:
    """A tensor between two boxes, which are given by their index."""

    source: int
    target: int
    label: str
    """The tensor's name, type and shape: `window FP32 [batch, 60, 5]`."""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """The whole drawing; `problems` include those of boxes and wires."""

    name: str
    boxes: tuple[Box, ...]
    wires: tuple[Wire, ...]
    problems: tuple[str, ...]


def picture(
    graph: Graph, *, runs: Mapping[str, str] | None = None, problems: Iterable[Problem] = ()
) -> Picture:
    """Return the drawing; `runs` describes the model of each step, by default by its name."""
    problems = tuple(problems)
    drawn = list(links(graph))
    wired = {port.path for link in drawn for port in link}
    boxes = _boxes(graph, runs or {}, [p for p in problems if p.path not in wired])
    places = {box.path: place for place, box in reversed(list(enumerate(boxes)))}
    wires = tuple(
        Wire(
            places[_box_path(producer)],
            places[_box_path(consumer)],
            _label(graph, producer, consumer),
            tuple(str(p) for p in problems if p.path in (producer.path, consumer.path)),
        )
        for producer, consumer in drawn
    )
    return Picture(graph.name, boxes, wires, tuple(map(str, problems)))


def arrows(picture: Picture) -> dict[tuple[int, int], list[Wire]]:
    """Group the wires by source and target: one arrow shows all of them."""
    grouped: dict[tuple[int, int], list[Wire]] = {}
    for wire in picture.wires:
        grouped.setdefault((wire.source, wire.target), []).append(wire)
    return grouped


def _boxes(graph: Graph, runs: Mapping[str, str], problems: Iterable[Problem]) -> tuple[Box, ...]:
    def box(kind: Kind, title: str, path: str, detail: str = "") -> Box:
        mine = (str(problem) for problem in problems if problem.is_at(path))
        return Box(kind, title, path, detail, tuple(mine))

    return (
        *(
            box(Kind.INPUT, i.name, f"spec.inputs[{i.name}]", "optional" if i.optional else "")
            for i in graph.inputs
        ),
        *(box(Kind.STEP, s.name, s.path, runs.get(s.name, s.model.name)) for s in graph.steps),
        *(box(Kind.OUTPUT, o.name, f"spec.outputs[{o.name}]") for o in graph.outputs),
    )


def _box_path(port: Port) -> str:
    return port.path if port.step is None else port.step.path


def _label(graph: Graph, producer: Port, consumer: Port) -> str:
    described = consumer if producer.shape is None else producer
    if described.shape is None:
        return f"{producer.tensor} of unknown shape"
    batches = graph.max_batch_size > 0 and described.batches(graph)
    shape = describe_shape((BATCH, *described.shape) if batches else described.shape)
    return f"{producer.tensor} {described.data_type or 'of unknown type'} {shape}"
