"""Checks of a graph that Triton would not load, or would answer wrongly.

Each check is a small function from a graph to problems. The rules are those of core's
model_config_utils.cc (ValidateEnsembleSchedulingConfig), ensemble_utils.cc and
ensemble_scheduler.cc. docs/ensembles.md lists the rules that Triton itself checks, and when.
"""

from collections.abc import Callable, Iterable

from inference_operator.api.problem import Problem, first
from model_builders.graph import batching, connections, decoupling, naming, queues
from model_builders.graph import tensor_conflicts as conflicts
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
    conflicts.reshapes,
    conflicts.data_types,
    conflicts.shapes,
    conflicts.optional_inputs,
    batching.sizes,
    batching.requests_of_nothing,
    batching.batches_of_nothing,
    decoupling.streams,
    queues.limits,
    queues.sequences,
)


def check_graph(graph: Graph) -> list[Problem]:
    """Return the first problems of the graph; none if Triton can serve it."""
    return first(problem for check in CHAIN for problem in check(graph))
