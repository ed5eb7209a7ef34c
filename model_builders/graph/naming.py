"""Checks of names in a graph: of the pipeline, its tensors, its steps and their models.

Triton keeps one folder for each model's name, and one tensor for each of the pipeline's names.
"""

import re
from collections.abc import Iterable, Iterator

from inference_operator.api.problem import Problem
from inference_operator.api.quoting import quoted
from model_builders.graph.model import Graph, GraphStep

# `ModelName` of the API.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,239}")
_EXPECTED = (
    "at most 240 letters, digits, '_', '-' and '.', starting with a letter or digit: the name of"
    " the model's folder"
)


def entries(graph: Graph) -> Iterator[Problem]:
    """Require at least one step, and unique names."""
    if not graph.steps:
        yield Problem("spec.steps", "no step", "at least one", "add a step")
    for field, names in (
        ("inputs", [tensor.name for tensor in graph.inputs]),
        ("outputs", [tensor.name for tensor in graph.outputs]),
        ("steps", [step.name for step in graph.steps]),
    ):
        for index in _repeated(names):
            yield Problem(
                f"spec.{field}[{index}].name",
                f"{quoted(names[index])} a second time",
                "each name once",
                "rename or remove one of them",
            )


def _repeated(names: list[str]) -> Iterable[int]:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            yield index
        seen.add(name)


def model_names(graph: Graph) -> Iterator[Problem]:
    if not _NAME.fullmatch(graph.name):
        yield Problem("spec.name", quoted(graph.name), _EXPECTED, "rename the pipeline")
    seen: dict[str, GraphStep] = {}
    for step in graph.steps:
        name = step.model.name
        if not _NAME.fullmatch(name):
            yield Problem(step.path, f"a model named {quoted(name)}", _EXPECTED, "rename the model")
        elif name == graph.name:
            yield Problem(
                step.path,
                f"model {quoted(name)}, which is the pipeline's own name",
                "another name: Triton knows both by it",
                "rename the model or step, or set spec.name",
            )
        elif seen.setdefault(name, step).model != step.model:
            yield Problem(
                step.path,
                f"another model {quoted(name)} than that of {seen[name].path}",
                "one model for each name: Triton has one folder for it",
                "rename one of them, or configure both alike",
            )


def nested(graph: Graph) -> Iterator[Problem]:
    for step in graph.steps:
        names = [inner.model_name for inner in step.model.ensemble_scheduling.step]
        if graph.name in names:
            yield Problem(
                step.path,
                f"ensemble {quoted(step.model.name)}, which has {quoted(graph.name)} as a step"
                " itself",
                "an ensemble that does not lead back to this pipeline",
                "take one of them out of the other",
            )
