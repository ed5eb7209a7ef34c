"""A pipeline's graph as a value: steps with their models' configs, and the tensors between them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inference_operator.api.model import DataType, InputTensor, Tensor
from model_builders.names import api_type
from model_builders.protobuf import ModelConfig

PIPELINE = ""
"""The source of a pipeline's input, and the target of its output, in place of a step's name."""


@dataclass(frozen=True, slots=True)
class GraphStep:
    """One step: the config of the model that it runs, and how its tensors are wired."""

    name: str
    path: str
    """The field that describes it, such as `spec.steps[price]`."""
    model: ModelConfig
    """Its name, inputs, outputs and max_batch_size. One with neither inputs nor outputs is a model
    whose graph alone knows them (ONNX, TensorRT): nothing is said about those."""
    input_map: Mapping[str, str]
    """For each input of the model, the pipeline's tensor."""
    output_map: Mapping[str, str]
    """For each output of the model, the pipeline's tensor."""

    @property
    def describes_itself(self) -> bool:
        """Whether only the artifact knows the model's tensors."""
        return not self.model.input and not self.model.output


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


@dataclass(frozen=True, slots=True)
class _End:
    owner: str
    tensor: str
    declared: Any


def edges(graph: Graph) -> list[Edge]:
    """Every way of a tensor, in the order of the takers: the steps, then the pipeline's outputs.

    A tensor that nobody gives, or that nobody takes, has no edge; one with several givers has an
    edge from each.
    """
    givers: dict[str, list[_End]] = {}
    for end in _givers(graph):
        givers.setdefault(end.tensor, []).append(end)
    return [
        _edge(giver, taker) for taker in _takers(graph) for giver in givers.get(taker.tensor, ())
    ]


def _givers(graph: Graph) -> Iterator[_End]:
    for tensor in graph.inputs:
        yield _End(PIPELINE, tensor.name, tensor)
    for step in graph.steps:
        yield from _ends(step.name, step.output_map, step.model.output)


def _takers(graph: Graph) -> Iterator[_End]:
    for step in graph.steps:
        yield from _ends(step.name, step.input_map, step.model.input)
    for tensor in graph.outputs:
        yield _End(PIPELINE, tensor.name, tensor)


def _ends(owner: str, tensors: Mapping[str, str], declared: Iterable[Any]) -> Iterator[_End]:
    by_name = {tensor.name: tensor for tensor in declared}
    for key, tensor in tensors.items():
        yield _End(owner, tensor, by_name.get(key))


def _edge(giver: _End, taker: _End) -> Edge:
    known = giver.declared if giver.declared is not None else taker.declared
    if known is None:
        return Edge(giver.owner, taker.owner, giver.tensor, None, None)
    data_type, shape = described(known)
    return Edge(giver.owner, taker.owner, giver.tensor, data_type, shape)


def described(tensor: Any) -> tuple[DataType | None, tuple[int, ...]]:
    """Type and shape of a tensor of the API, or of a model's config."""
    if isinstance(tensor, Tensor):
        return tensor.data_type, tensor.shape
    dims: Sequence[int] = tensor.dims
    return api_type(tensor.data_type), tuple(dims)
