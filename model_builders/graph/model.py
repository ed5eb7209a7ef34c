"""A pipeline's graph as a value: steps with their models' configs, and the tensors between them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from inference_operator.api.model import DataType, InputTensor, Tensor
from model_builders.names import api_type
from model_builders.protobuf import ModelConfig

PIPELINE = ""
"""Stands for a step's name as source of a pipeline's input and target of its output."""


def sequential(config: ModelConfig) -> bool:
    """Return whether the model takes only requests of sequences, in their order."""
    return bool(config.HasField("sequence_batching"))


@dataclass(frozen=True, slots=True)
class GraphStep:
    """One step: the config of the model that it runs, and how its tensors are wired."""

    name: str
    path: str
    """The field that describes it, such as `spec.steps[price]`."""
    model: ModelConfig
    """Its name, inputs, outputs and max_batch_size. Absent inputs or outputs are declared by the
    artifact (ONNX, TensorRT)."""
    input_map: Mapping[str, str]
    """For each input of the model, the pipeline's tensor."""
    output_map: Mapping[str, str]
    """For each output of the model, the pipeline's tensor."""
    inner: tuple[ModelConfig, ...] = ()
    """Configs of the inner models, if it is an ensemble."""

    @property
    def configs(self) -> tuple[ModelConfig, ...]:
        """Return the configs of all models that it adds to the repository."""
        return (self.model, *self.inner)

    @property
    def decoupled(self) -> bool:
        """Return whether it may answer a request several times, or never. An ensemble with such a
        model is decoupled too, although its config does not declare it."""
        return any(config.model_transaction_policy.decoupled for config in self.configs)

    @property
    def sequential(self) -> bool:
        """Return whether an answer depends on earlier requests of its sequence."""
        return any(map(sequential, self.configs))


@dataclass(frozen=True, slots=True)
class Graph:
    """The whole pipeline."""

    name: str
    """Triton's name of it."""
    max_batch_size: int
    inputs: tuple[InputTensor, ...]
    outputs: tuple[Tensor, ...]
    steps: tuple[GraphStep, ...]


@dataclass(frozen=True, slots=True)
class Port:
    """A place where a tensor starts or ends: an input or output of the pipeline or of a model."""

    path: str
    """The field that declares it."""
    step: GraphStep | None
    """None at the pipeline's border."""
    key: str
    """The name of the tensor in the model or the pipeline."""
    tensor: str
    """The pipeline's name of the tensor."""
    data_type: DataType | None = None
    """None if it is not declared."""
    shape: tuple[int, ...] | None = None
    """Inside the pipeline, without the batch dimension; None if it is not declared."""
    optional: bool = False

    @property
    def owner(self) -> str:
        return PIPELINE if self.step is None else self.step.name

    def batches(self, graph: Graph) -> bool:
        """Return whether a batch dimension comes before the shape."""
        size = graph.max_batch_size if self.step is None else self.step.model.max_batch_size
        return size > 0


def producers(graph: Graph) -> Iterator[Port]:
    """Yield the ports where tensors start: the pipeline's inputs, then the steps' outputs."""
    for tensor in graph.inputs:
        yield _border(f"spec.inputs[{tensor.name}]", tensor)
    for step in graph.steps:
        yield from _ports(step, "outputMap", step.output_map, step.model.output)


def consumers(graph: Graph) -> Iterator[Port]:
    """Yield the ports where tensors end: the steps' inputs, then the pipeline's outputs."""
    for step in graph.steps:
        yield from _ports(step, "inputMap", step.input_map, step.model.input)
    for tensor in graph.outputs:
        yield _border(f"spec.outputs[{tensor.name}]", tensor)


def _border(path: str, tensor: Tensor) -> Port:
    # The steps see the `reshape` of it.
    shape = tensor.shape if tensor.reshape is None else tensor.reshape
    optional = isinstance(tensor, InputTensor) and tensor.optional
    return Port(path, None, tensor.name, tensor.name, tensor.data_type, shape, optional)


def _ports(
    step: GraphStep, field: str, tensors: Mapping[str, str], declared: Iterable[Any]
) -> Iterator[Port]:
    by_name = {declaration.name: declaration for declaration in declared}
    for key, tensor in tensors.items():
        path = f"{step.path}.{field}[{key}]"
        declaration = by_name.get(key)
        if declaration is None:
            yield Port(path, step, key, tensor)
        else:
            optional = getattr(declaration, "optional", False)
            shape = tuple(declaration.dims) or None  # absent dims are completed by Triton
            yield Port(path, step, key, tensor, api_type(declaration.data_type), shape, optional)


@dataclass(frozen=True, slots=True)
class Edge:
    """A tensor between its producer and one consumer."""

    source: str
    """Name of the step that produces it; PIPELINE for an input of the pipeline."""
    target: str
    """Name of the step that consumes it; PIPELINE for an output of the pipeline."""
    tensor: str
    """The pipeline's name of the tensor."""
    data_type: DataType | None
    """None if it is not declared."""
    shape: tuple[int, ...] | None
    """Without the batch dimension: the source's, or else the target's; None if not declared."""


def edges(graph: Graph) -> list[Edge]:
    """Return all edges in the order of the consumers: the steps, then the pipeline's outputs.

    A tensor without a producer or a consumer has no edge. A tensor with several producers has an
    edge from each step that produces it.
    """
    return [_edge(producer, consumer) for producer, consumer in links(graph)]


def links(graph: Graph) -> Iterator[tuple[Port, Port]]:
    """Yield the producer and the consumer of each edge.

    A step that produces a tensor several times counts once: otherwise a thousand ports of one
    tensor would be a million edges.
    """
    by_name: dict[str, dict[int, Port]] = {}
    for producer in producers(graph):
        by_name.setdefault(producer.tensor, {}).setdefault(id(producer.step), producer)
    for consumer in consumers(graph):
        for producer in by_name.get(consumer.tensor, {}).values():
            yield producer, consumer


def by_step(ports: Iterable[Port]) -> dict[int, list[Port]]:
    """Group the ports by the `id` of their step, in order; the pipeline's own are at `id(None)`."""
    grouped: dict[int, list[Port]] = {}
    for port in ports:
        grouped.setdefault(id(port.step), []).append(port)
    return grouped


def by_tensor(ports: Iterable[Port]) -> dict[str, list[Port]]:
    grouped: dict[str, list[Port]] = {}
    for port in ports:
        grouped.setdefault(port.tensor, []).append(port)
    return grouped


def _edge(producer: Port, consumer: Port) -> Edge:
    port = consumer if producer.shape is None else producer
    return Edge(producer.owner, consumer.owner, producer.tensor, port.data_type, port.shape)
