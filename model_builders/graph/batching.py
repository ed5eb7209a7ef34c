"""Batches that the pipeline takes against those that its steps take."""

from collections.abc import Iterator

from model_builders.graph.model import Graph
from model_builders.problem import Problem


def sizes(graph: Graph) -> Iterator[Problem]:
    for step in graph.steps:
        size = step.model.max_batch_size
        if 0 < size < graph.max_batch_size:
            yield Problem(
                step.path,
                f'model "{step.model.name}" with max_batch_size {size}',
                f"at least {graph.max_batch_size}, which is spec.maxBatchSize",
                "raise the model's maxBatchSize, or lower the pipeline's",
            )


def batches_of_nothing(graph: Graph) -> Iterator[Problem]:
    """A step without any input learns nothing of the size of the batch."""
    optional = {tensor.name for tensor in graph.inputs if tensor.optional}
    for step in graph.steps if graph.max_batch_size > 1 else ():
        fed = set(step.input_map.values())
        if fed and fed <= optional:
            names = ", ".join(f"spec.inputs[{name}]" for name in sorted(fed))
            yield Problem(
                f"{step.path}.inputMap",
                f"only {names}, which a request may leave out",
                "an input that every request holds: it says how many rows the batch has",
                "set spec.maxBatchSize to 0 or 1, where steps gather batches by themselves,"
                " or remove optional",
            )
