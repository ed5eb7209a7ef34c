"""Checks of parallel steps that may refuse to queue a request, which crashes Triton 2.51.

If a step cannot be queued, `EnsembleContext::ScheduleSteps` of core's ensemble_scheduler.cc drops
the request while parallel steps still answer to it. The server then crashes (signal 11), or the
request is never answered. If the step runs alone, the client gets an error: 503 for a full queue,
400 for a request that no sequence can take.
"""

from collections.abc import Callable, Iterator

from inference_operator.api.problem import Problem
from inference_operator.api.quoting import listed, quoted
from model_builders.graph.model import Graph, GraphStep, edges, sequential
from model_builders.protobuf import ModelConfig


def limits(graph: Graph) -> Iterator[Problem]:
    """Refuse queue limits of parallel steps."""
    for step, model, where in _beside_others(graph, lambda config: _limit(config) > 0):
        yield _limited(step, model, where)


def sequences(graph: Graph) -> Iterator[Problem]:
    """Refuse parallel models that only queue requests of a sequence that has begun."""
    for step, model, where in _beside_others(graph, sequential):
        yield Problem(
            step.path,
            f"sequence_batching of model {quoted(model.name)}, {where}",
            "no value, since Triton crashes on a request without a sequence id, or of several rows",
            "let one of the steps feed the other, or take sequence_batching out of the model",
        )


def _beside_others(
    graph: Graph, refuses: Callable[[ModelConfig], bool]
) -> Iterator[tuple[GraphStep, ModelConfig, str]]:
    """Yield steps with a model that `refuses`, and a clause that names the parallel steps."""
    refused = [(step, [m for m in step.configs if refuses(m)]) for step in graph.steps]
    pairs = _pairs(graph) if any(models for _, models in refused) else set()
    for step, models in refused:
        beside = [other.path for other in _beside(graph, step, pairs)] if models else []
        for model in models if beside else ():
            yield step, model, f"where {listed(sorted(beside), show=str)} may run at the same time"


def _limited(step: GraphStep, model: ModelConfig, where: str) -> Problem:
    expected = "0 (no limit): Triton crashes when the queue is full"
    if model is step.model:
        return Problem(
            f"{step.path}.triton.dynamicBatching.queuePolicy.maxQueueSize",
            f"{_limit(model)}, {where}",
            expected,
            "remove it here and in spec.triton of the model that the step refers to, or let one"
            " of the steps feed the other",
        )
    return Problem(
        step.path,
        f"max_queue_size {_limit(model)} of model {quoted(model.name)} in it, {where}",
        expected,
        "remove maxQueueSize in the pipeline that the step refers to, or let one of the steps feed"
        " the other",
    )


def _limit(model: ModelConfig) -> int:
    batching = model.dynamic_batching
    policies = [batching.default_queue_policy, *batching.priority_queue_policy.values()]
    limit: int = max(policy.max_queue_size for policy in policies)
    return limit


def _pairs(graph: Graph) -> set[tuple[str, str]]:
    """Return pairs of a step and a step that consumes one of its tensors."""
    return {(edge.source, edge.target) for edge in edges(graph) if edge.source and edge.target}


def _beside(graph: Graph, step: GraphStep, pairs: set[tuple[str, str]]) -> list[GraphStep]:
    """Return the steps that are neither before nor after this step."""
    before = _reached(step.name, {(target, source) for source, target in pairs})
    related = {step.name, *before, *_reached(step.name, pairs)}
    return [other for other in graph.steps if other.name not in related]


def _reached(name: str, pairs: set[tuple[str, str]]) -> set[str]:
    reached: set[str] = set()
    new = {name}
    while new:
        new = {target for source, target in pairs if source in new} - reached
        reached |= new
    return reached
