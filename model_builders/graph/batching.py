"""Checks of the pipeline's batch size against those of its steps."""

from collections.abc import Iterator

from inference_operator.api.problem import Problem
from inference_operator.api.quoting import listed, quoted, short
from model_builders.graph.model import Graph, GraphStep, consumers


def sizes(graph: Graph) -> Iterator[Problem]:
    for step in graph.steps:
        size = step.model.max_batch_size
        if 0 < size < graph.max_batch_size:
            yield Problem(
                step.path,
                f"model {quoted(step.model.name)} with max_batch_size {size}",
                f"at least {graph.max_batch_size}, which is spec.maxBatchSize",
                "raise the model's maxBatchSize, or lower the pipeline's",
            )


def requests_of_nothing(graph: Graph) -> Iterator[Problem]:
    if graph.max_batch_size and graph.inputs and all(tensor.optional for tensor in graph.inputs):
        yield Problem(
            f"spec.inputs[{graph.inputs[0].name}]",
            f"optional, as all inputs, with spec.maxBatchSize {graph.max_batch_size}",
            "at least one input that every request holds: it says how many rows the batch has",
            "remove optional from one of them, or set spec.maxBatchSize to 0",
        )


def batches_of_nothing(graph: Graph) -> Iterator[Problem]:
    """Refuse steps whose inputs are all optional: a request may leave all of them out.

    Backends read the size from the first input: "out of bounds index 0: request has 0 inputs".
    """
    optional = {tensor.name for tensor in graph.inputs if tensor.optional}
    for step in graph.steps:
        fed = set(step.input_map.values())
        if fed and fed <= optional and (step.model.max_batch_size or _feeds_batches(graph, step)):
            names = listed(sorted(fed), show=lambda name: f"spec.inputs[{short(name)}]")
            yield Problem(
                f"{step.path}.inputMap",
                f"only {names}, which a request may leave out",
                "an input that every request holds: a step learns the size of a batch from it",
                "feed it another input as well, remove optional, or set maxBatchSize of the step's"
                " model and of the pipeline to 0",
            )


def _feeds_batches(graph: Graph, step: GraphStep) -> bool:
    made = set(step.output_map.values())
    consumed = (port for port in consumers(graph) if port.tensor in made)
    return graph.max_batch_size > 1 and any(port.batches(graph) for port in consumed)
