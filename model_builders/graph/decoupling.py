"""Checks of decoupled models in a graph, which answer a request several times or never.

Triton joins only tensors of one of them (ValidateEnsembleConfig in core's ensemble_utils.cc).
"""

from collections.abc import Iterator

from inference_operator.api.problem import Problem
from inference_operator.api.quoting import quoted, short
from model_builders.graph.model import Graph, Port, by_step, by_tensor, consumers

# The path of the step whose answers a tensor follows; None for the request itself.
Stream = str | None


def streams(graph: Graph) -> Iterator[Problem]:
    followed: dict[str, Stream] = {tensor.name: None for tensor in graph.inputs}
    ports = by_step(consumers(graph))
    pending = list(graph.steps)
    while ready := [s for s in pending if set(s.input_map.values()) <= followed.keys()]:
        for step in ready:
            inputs = ports.get(id(step), [])
            yield from _mixed(inputs, followed)
            stream = step.path if step.decoupled else followed[inputs[0].tensor] if inputs else None
            for tensor in step.output_map.values():
                followed.setdefault(tensor, stream)
        pending = [step for step in pending if step not in ready]
    yield from _mixed(ports.get(id(None), []), followed)


def _mixed(ports: list[Port], followed: dict[str, Stream]) -> Iterator[Problem]:
    reached = [port for port in ports if port.tensor in followed]
    for tensor, (port, *_) in by_tensor(reached).items():
        first = reached[0]
        if followed[tensor] != followed[first.tensor]:
            yield Problem(
                port.path,
                f"tensor {quoted(tensor)} of {_describe(followed[tensor])}",
                f"{_describe(followed[first.tensor])}, as {short(first.path)} gets",
                "Triton does not join them: take both from one of them, or make the models answer"
                " each request once (model_transaction_policy)",
            )


def _describe(stream: Stream) -> str:
    return "one answer to each request" if stream is None else f"the answers of {stream}"
