"""Everything in a graph that would keep Triton from loading it, or from answering rightly.

Each check is a small function from a graph to problems; the rules are those of core's
model_config_utils.cc (ValidateEnsembleSchedulingConfig), ensemble_utils.cc and
ensemble_scheduler.cc. docs/ensembles.md says which of them Triton itself notices, and when.
"""

from collections.abc import Callable, Iterable

from inference_operator.api.problem import Problem, first
from model_builders.graph import (
    batching,
    connections,
    decoupling,
    naming,
    queues,
    tensor_conflicts,
)
from model_builders.graph.model import Graph

Check = Callable[[Graph], Iterable[Problem]]

CHAIN: tuple[Check, ...] = (
    naming.entries,
    naming.model_names,
    naming.nested,
    connections.models_tensors,
    connections.unknown_tensors,
    connections.several_producers,
    connections.unused,
    connections.cycles,
    tensor_conflicts.reshapes,
    tensor_conflicts.data_types,
    tensor_conflicts.shapes,
    tensor_conflicts.optional_inputs,
    batching.sizes,
    batching.requests_of_nothing,
    batching.batches_of_nothing,
    decoupling.streams,
    queues.limits,
    queues.sequences,
)


def check_graph(graph: Graph) -> list[Problem]:
    """The first problems of the graph; empty when Triton can serve it."""
    return first(problem for check in CHAIN for problem in check(graph))
