"""Checks of contradicting declarations of a tensor: types, dimensions, optional inputs."""

from collections.abc import Iterator

from inference_operator.api.problem import Problem
from inference_operator.api.quoting import quoted, short
from model_builders.checks import tensors as tensors_of_models
from model_builders.graph.flow import follow
from model_builders.graph.model import Graph, Port, by_step, by_tensor, consumers, producers
from model_builders.graph.propagation import may_match
from model_builders.graph.wording import BATCH, describe_model, describe_shape


def data_types(graph: Graph) -> Iterator[Problem]:
    """Compare each type with the producer's, or else with that of the first consumer."""
    produced, consumed = list(producers(graph)), list(consumers(graph))
    takes = {port.path for port in consumed}
    for tensor, ports in by_tensor([*produced, *consumed]).items():
        typed = [port for port in ports if port.data_type is not None]
        for port in typed[1:]:
            if port.data_type != typed[0].data_type:
                origin = f"from {short(typed[0].path)}"
                if typed[0].path in takes:
                    origin = f"as {short(typed[0].path)} takes it"
                yield Problem(
                    port.path,
                    f"tensor {quoted(tensor)} of {typed[0].data_type} {origin}",
                    f"{port.data_type}, which {describe_model(port)} declares",
                    "Triton does not convert types: declare one type, or convert in a step between",
                )


def reshapes(graph: Graph) -> Iterator[Problem]:
    for field, tensors in (("inputs", graph.inputs), ("outputs", graph.outputs)):
        for tensor in tensors:
            path = f"spec.{field}[{tensor.name}]"
            yield from tensors_of_models.reshape(path, tensor, graph.max_batch_size)


def optional_inputs(graph: Graph) -> Iterator[Problem]:
    """Refuse optional inputs that a step requires."""
    optional = {tensor.name for tensor in graph.inputs if tensor.optional}
    for port in consumers(graph):
        if port.step is None or port.tensor not in optional:
            continue
        border = f"spec.inputs[{port.tensor}]"
        if port.shape is not None and not port.optional:
            yield Problem(
                port.path,
                f"tensor {quoted(port.tensor)} from {short(border)}, which is optional",
                f"one that every request holds: {describe_model(port)} requires it",
                f"remove optional from {short(border)}, or make the model's optional",
            )


def shapes(graph: Graph) -> Iterator[Problem]:
    mismatches = follow(graph)
    yield from (problem for _, problem in mismatches)
    yield from _compared_by_triton(graph, {tensor for tensor, _ in mismatches})


def _compared_by_triton(graph: Graph, refused: set[str]) -> Iterator[Problem]:
    """Compare each port of a tensor with the first, as Triton does: with the batch dimension or
    without (ValidateTensorConsistency in core's ensemble_utils.cc)."""
    for tensor, ports in by_tensor(_in_tritons_order(graph)).items():
        shaped = [port for port in ports if port.shape is not None]
        for port in shaped[1:] if tensor not in refused else ():
            if not _consistent(graph, shaped[0], port):
                yield Problem(
                    port.path,
                    f"tensor {quoted(tensor)} of {_shape(graph, port)}",
                    f"{_shape(graph, shaped[0])}, as {short(shaped[0].path)} declares it first",
                    "Triton compares them before it runs any: declare the same dimensions",
                )


def _in_tritons_order(graph: Graph) -> Iterator[Port]:
    consumed, produced = by_step(consumers(graph)), by_step(producers(graph))
    yield from (*produced.get(id(None), ()), *consumed.get(id(None), ()))
    for step in graph.steps:
        yield from (*consumed.get(id(step), ()), *produced.get(id(step), ()))


def _consistent(graph: Graph, first: Port, other: Port) -> bool:
    return may_match(first.shape or (), other.shape or ()) or may_match(
        _full(graph, first), _full(graph, other)
    )


def _full(graph: Graph, port: Port) -> tuple[int, ...]:
    shape = port.shape or ()
    return (BATCH, *shape) if port.batches(graph) else shape


def _shape(graph: Graph, port: Port) -> str:
    return describe_shape(_full(graph, port))
