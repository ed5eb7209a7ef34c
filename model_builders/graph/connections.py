"""Checks of connections: each tensor has one producer and a consumer, and there are no cycles."""

from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from inference_operator.api.problem import Problem
from inference_operator.api.quoting import listed, quoted, short
from model_builders.graph.model import (
    Edge,
    Graph,
    GraphStep,
    by_tensor,
    consumers,
    edges,
    producers,
)
from model_builders.graph.wording import suggestion


def models_tensors(graph: Graph) -> Iterator[Problem]:
    """Check the keys of the maps, which are the models' own names."""
    for step in graph.steps:
        inputs = {tensor.name for tensor in step.model.input}
        outputs = {tensor.name for tensor in step.model.output}
        yield from _unknown_keys(step, "input", step.input_map, inputs)
        yield from _missing_inputs(step)
        yield from _unknown_keys(step, "output", step.output_map, outputs)
        for field, tensors in (("inputMap", step.input_map), ("outputMap", step.output_map)):
            if not tensors:
                yield Problem(f"{step.path}.{field}", "nothing", "at least one tensor", "add one")


def _unknown_keys(
    step: GraphStep, kind: str, keys: Iterable[str], names: set[str]
) -> Iterator[Problem]:
    free = names.difference(keys)
    for key in keys if names else ():
        if key not in names:
            yield Problem(
                f"{step.path}.{kind}Map[{key}]",
                f"an {kind} that model {quoted(step.model.name)} does not have",
                f"one of its {kind}s: {listed(sorted(names))}",
                suggestion(key, free, "write the name that the model gives it"),
            )


def _missing_inputs(step: GraphStep) -> Iterator[Problem]:
    for tensor in step.model.input if step.input_map else ():
        if tensor.name not in step.input_map and not tensor.optional:
            yield Problem(
                f"{step.path}.inputMap",
                f"nothing for input {quoted(tensor.name)} of model {quoted(step.model.name)}",
                "a tensor for each input that is not optional",
                f"add {short(tensor.name)}, with one of the pipeline's tensors",
            )


def unknown_tensors(graph: Graph) -> Iterator[Problem]:
    """Refuse tensors that are consumed and never produced."""
    produced = {port.tensor for port in producers(graph)}
    made = {name for step in graph.steps for name in step.output_map.values()}
    for port in consumers(graph):
        if port.step is not None and port.tensor not in produced:
            others = produced - set(port.step.output_map.values())
            yield Problem(
                port.path,
                f"tensor {quoted(port.tensor)}, which is not produced",
                f"an input of the pipeline, or an output of another step: {listed(sorted(others))}",
                suggestion(port.tensor, others, "add it to spec.inputs, or to a step's outputMap"),
            )
        elif port.step is None and port.tensor not in made:
            yield Problem(
                port.path,
                "an input of the pipeline" if port.tensor in produced else "no step with it",
                f"a tensor that a step produces: {listed(sorted(made))}",
                suggestion(port.tensor, made, "add it to a step's outputMap, or remove it"),
            )


def several_producers(graph: Graph) -> Iterator[Problem]:
    for tensor, ports in by_tensor(producers(graph)).items():
        for port in ports[1:]:
            if port.step is not None:
                yield Problem(
                    port.path,
                    f"tensor {quoted(tensor)}, which {short(ports[0].path)} also produces",
                    "one producer for each tensor",
                    "give it another name, and use that name in the steps that need it",
                )


def unused(graph: Graph) -> Iterator[Problem]:
    """Refuse tensors that are produced and never consumed."""
    consumed = {port.tensor for port in consumers(graph)}
    fed = {name for step in graph.steps for name in step.input_map.values()}
    for tensor in graph.inputs:
        if tensor.name not in fed:
            yield Problem(
                f"spec.inputs[{tensor.name}]",
                "no step that takes it",
                "at least one step with it in its inputMap",
                "use it, or remove it",
            )
    for step in graph.steps:
        yield from _unused_outputs(step, consumed)


def _unused_outputs(step: GraphStep, consumed: set[str]) -> Iterator[Problem]:
    lost = {key: name for key, name in step.output_map.items() if name not in consumed}
    if lost and len(lost) == len(step.output_map):
        yield Problem(
            step.path,
            f"outputs that lead nowhere: {listed(sorted(lost.values()))}",
            "at least one that a step or an output of the pipeline takes",
            "use one of them, or remove the step",
        )
        return
    for key, name in lost.items():
        yield Problem(
            f"{step.path}.outputMap[{key}]",
            f"tensor {quoted(name)}, which is not used",
            "one that a step or an output of the pipeline takes",
            "use it, or remove it from outputMap: an output of a model may be left out",
        )


def cycles(graph: Graph) -> Iterator[Problem]:
    """Yield a problem for each path that leads from a step back to itself."""
    paths = {step.name: step.path for step in graph.steps}
    order = {name: place for place, name in enumerate(paths)}
    left: dict[tuple[str, str], Edge] = {}
    for edge in edges(graph):
        if edge.source and edge.target:
            left.setdefault((edge.source, edge.target), edge)
    while cycle := _cycle(left):
        first = min(range(len(cycle)), key=lambda i: order[cycle[i].source])
        around = cycle[first:] + cycle[:first]
        way = ", ".join(f"{e.source} gives {quoted(e.tensor)} to {e.target}" for e in around)
        yield Problem(
            paths[around[0].source],
            f"a cycle: {way}",
            "steps without a cycle",
            "feed one of them from elsewhere",
        )
        for edge in cycle:
            del left[edge.source, edge.target]


def _cycle(left: Mapping[tuple[str, str], Edge]) -> list[Edge]:
    """Return the edges of one cycle, in order; none if there is no cycle."""
    before: dict[str, list[str]] = {}
    for source, target in left:
        before.setdefault(target, []).append(source)
    try:
        TopologicalSorter(before).prepare()
    except CycleError as error:
        nodes: list[str] = error.args[1]
        return [left[pair] for pair in pairwise(nodes)]
    return []
