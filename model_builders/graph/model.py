"""A pipeline's graph as a value: steps with their models' configs, and the tensors between them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from inference_operator.api.model import DataType, InputTensor, Tensor
from model_builders.names import api_type
from model_builders.protobuf import ModelConfig

PIPELINE = ""
"""The source of a pipeline's input, and the target of its output, in place of a step's name."""


def sequential(config: ModelConfig) -> bool:
    """Whether the model takes only requests of sequences, each after the one before."""
    return bool(config.HasField("sequence_batching"))


@dataclass(frozen=True, slots=True)
class GraphStep:
    """One step: the config of the model that it runs, and how its tensors are wired."""

    name: str
    path: str
    """The field that describes it, such as `spec.steps[price]`."""
    model: ModelConfig
    """Its name, inputs, outputs and max_batch_size. Inputs or outputs that are absent are those
    that only the artifact knows (ONNX, TensorRT)."""
    input_map: Mapping[str, str]
    """For each input of the model, the pipeline's tensor."""
    output_map: Mapping[str, str]
    """For each output of the model, the pipeline's tensor."""
    inner: tuple[ModelConfig, ...] = ()
    """Of the models that it brings along, where it is an ensemble itself."""

    @property
    def configs(self) -> tuple[ModelConfig, ...]:
        """Of all models that it brings into the repository."""
        return (self.model, *self.inner)

    @property
    def decoupled(self) -> bool:
        """Whether it may answer a request several times, or never. Triton calls an ensemble so when
        it loads one with such a model inside; its config does not say it."""
        return any(config.model_transaction_policy.decoupled for config in self.configs)

    @property
    def sequential(self) -> bool:
        """Whether an answer depends on the requests of its sequence that came before."""
        return any(map(sequential, self.configs))


@dataclass(frozen=True, slots=True)
class Graph:
    """The whole pipeline."""

    name: str
    """Under which Triton knows it."""
    max_batch_size: int
    inputs: tuple[InputTensor, ...]
    outputs: tuple[Tensor, ...]
    steps: tuple[GraphStep, ...]


@dataclass(frozen=True, slots=True)
class Port:
    """Where a tensor starts or ends: at the pipeline's border, or at a model's input or output."""

    path: str
    """The field that says so."""
    step: GraphStep | None
    """None at the pipeline's border."""
    key: str
    """What the model, or the pipeline, calls it."""
    tensor: str
    """The pipeline's name of the tensor."""
    data_type: DataType | None = None
    """None where nobody declares it."""
    shape: tuple[int, ...] | None = None
    """Inside the pipeline, without the batch dimension; None where nobody declares it."""
    optional: bool = False

    @property
    def owner(self) -> str:
        return PIPELINE if self.step is None else self.step.name

    def batches(self, graph: Graph) -> bool:
        """Whether a batch dimension comes before the shape."""
        size = graph.max_batch_size if self.step is None else self.step.model.max_batch_size
        return size > 0


def producers(graph: Graph) -> Iterator[Port]:
    """Where tensors start: the pipeline's inputs, then the steps' outputs."""
    for tensor in graph.inputs:
        yield _border(f"spec.inputs[{tensor.name}]", tensor)
    for step in graph.steps:
        yield from _ports(step, "outputMap", step.output_map, step.model.output)


def consumers(graph: Graph) -> Iterator[Port]:
    """Where tensors end: the steps' inputs, then the pipeline's outputs."""
    for step in graph.steps:
        yield from _ports(step, "inputMap", step.input_map, step.model.input)
    for tensor in graph.outputs:
        yield _border(f"spec.outputs[{tensor.name}]", tensor)


def _border(path: str, tensor: Tensor) -> Port:
    # `reshape` is what the steps see of it.
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
            shape = tuple(declaration.dims)
            yield Port(path, step, key, tensor, api_type(declaration.data_type), shape, optional)


@dataclass(frozen=True, slots=True)
class Edge:
    """A tensor on its way from what gives it to one that takes it."""

    source: str
    """Name of the step that gives it; PIPELINE for an input of the pipeline."""
    target: str
    """Name of the step that takes it; PIPELINE for an output of the pipeline."""
    tensor: str
    """The pipeline's name of the tensor."""
    data_type: DataType | None
    """None where nobody declares it."""
    shape: tuple[int, ...] | None
    """Without the batch dimension, as the source gives it; the target's where only that is known;
    None where nobody declares it."""


def edges(graph: Graph) -> list[Edge]:
    """Every way of a tensor, in the order of the takers: the steps, then the pipeline's outputs.

    A tensor that nobody gives, or that nobody takes, has no edge; one with several givers has an
    edge from each step that gives it.
    """
    return [_edge(producer, consumer) for producer, consumer in links(graph)]


def links(graph: Graph) -> Iterator[tuple[Port, Port]]:
    """The giver and the taker of each edge.

    A step that gives a tensor several times counts once: else a thousand ends of one tensor would
    be a million edges.
    """
    by_name: dict[str, dict[int, Port]] = {}
    for producer in producers(graph):
        by_name.setdefault(producer.tensor, {}).setdefault(id(producer.step), producer)
    for consumer in consumers(graph):
        for producer in by_name.get(consumer.tensor, {}).values():
            yield producer, consumer


def by_step(ports: Iterable[Port]) -> dict[int, list[Port]]:
    """The ends of each step, by its `id`, in their order; those of the border at `id(None)`."""
    grouped: dict[int, list[Port]] = {}
    for port in ports:
        grouped.setdefault(id(port.step), []).append(port)
    return grouped


def by_tensor(ports: Iterable[Port]) -> dict[str, list[Port]]:
    """The ends of each tensor, in their order."""
    grouped: dict[str, list[Port]] = {}
    for port in ports:
        grouped.setdefault(port.tensor, []).append(port)
    return grouped


def _edge(producer: Port, consumer: Port) -> Edge:
    port = consumer if producer.shape is None else producer
    return Edge(producer.owner, consumer.owner, producer.tensor, port.data_type, port.shape)
