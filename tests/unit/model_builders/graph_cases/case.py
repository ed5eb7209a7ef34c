"""A case of these tables: a graph, the problems that it has, and the real Triton's behaviour."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from model_builders.graph import Graph
from model_builders.protobuf import ModelConfig
from tests.unit.model_builders.graphs import Request

X = {"x": "FP32 [5]"}
Y = {"y": "FP32 [5]"}


# tests/integration/model_builders/test_graphs_on_triton.py proves every word about Triton.
@dataclass(frozen=True)
class Refuses:
    """Triton does not load it, and says this."""

    reason: str


@dataclass(frozen=True)
class Loads:
    """Triton loads it, and only a request shows what is wrong."""

    wrongly: str
    """What a client sees."""
    request: Request
    shows: str
    """Part of the answer, or of the error, to that request."""


@dataclass(frozen=True)
class Ends:
    """Triton loads it, and such requests crash the whole server."""

    request: Request
    clients: int


@dataclass(frozen=True)
class Bad:
    graph: Graph
    says: tuple[str, ...]
    triton: Refuses | Loads | Ends
    laid_out: tuple[ModelConfig, ...] = field(default=())
    """Models beside those that all graphs share."""


@dataclass(frozen=True)
class Good:
    graph: Graph
    request: Request
    answer: Mapping[str, tuple[tuple[int, ...], list[float]]]
    """Shape of each output, and the first number of each of its rows."""


def rows(*numbers: float, of: tuple[int, ...] = (5,)) -> tuple[tuple[int, ...], list[float]]:
    return (len(numbers), *of), list(numbers)
