"""Whether all who declare a tensor declare the same: element types, dimensions, optional inputs."""

from collections.abc import Iterator

from inference_operator.api.problem import Problem
from inference_operator.api.quoting import quoted, short
from model_builders.checks import tensors as tensors_of_models
from model_builders.graph.flow import follow
from model_builders.graph.model import End, Graph, by_step, by_tensor, givers, takers
from model_builders.graph.propagation import may_match
from model_builders.graph.wording import BATCH, model_words, shape_words


def data_types(graph: Graph) -> Iterator[Problem]:
    """Everybody's type against the giver's; where nobody knows that, against the first taker's."""
    given, taken = list(givers(graph)), list(takers(graph))
    takes = {end.path for end in taken}
    for tensor, ends in by_tensor([*given, *taken]).items():
        known = [end for end in ends if end.data_type is not None]
        for end in known[1:]:
            if end.data_type != known[0].data_type:
                origin = f"from {short(known[0].path)}"
                if known[0].path in takes:
                    origin = f"as {short(known[0].path)} takes it"
                yield Problem(
                    end.path,
                    f"tensor {quoted(tensor)} of {known[0].data_type} {origin}",
                    f"{end.data_type}, which {model_words(end)} declares",
                    "Triton converts nothing: declare one type, or convert in a step between",
                )


def reshapes(graph: Graph) -> Iterator[Problem]:
    for field, tensors in (("inputs", graph.inputs), ("outputs", graph.outputs)):
        for tensor in tensors:
            path = f"spec.{field}[{tensor.name}]"
            yield from tensors_of_models.reshape(path, tensor, graph.max_batch_size)


def optional_inputs(graph: Graph) -> Iterator[Problem]:
    """A request may leave an optional input out, and then nothing is there for a step."""
    optional = {tensor.name for tensor in graph.inputs if tensor.optional}
    for end in takers(graph):
        if end.step is None or end.tensor not in optional:
            continue
        border = f"spec.inputs[{end.tensor}]"
        if end.shape is not None and not end.optional:
            yield Problem(
                end.path,
                f"tensor {quoted(end.tensor)} from {short(border)}, which is optional",
                f"one that every request holds: {model_words(end)} requires it",
                f"remove optional from {short(border)}, or make the model's optional",
            )


def shapes(graph: Graph) -> Iterator[Problem]:
    found = follow(graph)
    yield from (problem for _, problem in found)
    yield from _compared_by_triton(graph, {tensor for tensor, _ in found})


def _compared_by_triton(graph: Graph, refused: set[str]) -> Iterator[Problem]:
    """What Triton itself compares as it loads: each end of a tensor with the first one, with the
    batch dimension or without (ValidateTensorConsistency in core's ensemble_utils.cc)."""
    for tensor, ends in by_tensor(_in_tritons_order(graph)).items():
        known = [end for end in ends if end.shape is not None]
        for end in known[1:] if tensor not in refused else ():
            if not _consistent(graph, known[0], end):
                yield Problem(
                    end.path,
                    f"tensor {quoted(tensor)} of {_full_words(graph, end)}",
                    f"{_full_words(graph, known[0])}, as {short(known[0].path)} declares it first",
                    "Triton compares them before it runs any: declare the same dimensions",
                )


def _in_tritons_order(graph: Graph) -> Iterator[End]:
    taken, given = by_step(takers(graph)), by_step(givers(graph))
    yield from (*given.get(id(None), ()), *taken.get(id(None), ()))
    for step in graph.steps:
        yield from (*taken.get(id(step), ()), *given.get(id(step), ()))


def _consistent(graph: Graph, one: End, other: End) -> bool:
    return may_match(one.shape or (), other.shape or ()) or may_match(
        _full(graph, one), _full(graph, other)
    )


def _full(graph: Graph, end: End) -> tuple[int, ...]:
    shape = end.shape or ()
    return (BATCH, *shape) if end.batches(graph) else shape


def _full_words(graph: Graph, end: End) -> str:
    return shape_words(_full(graph, end))
