"""Transports: one attempt of a call, over gRPC or HTTP, with the same words for failures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from serving.records import Array, CallOptions, ModelMetadata, ModelStatistics


@dataclass(frozen=True, slots=True, eq=False)
class RawAnswer:
    """All outputs of a model by name, and the version that gave them."""

    outputs: Mapping[str, Array]
    version: str


class Transport(Protocol):
    """The servers of one target. `seconds` is the time that is left for the attempt.

    All calls raise InferenceServerException with a status of gRPC, such as UNAVAILABLE, or
    TimeoutError.
    """

    async def infer(
        self, model: str, inputs: Mapping[str, Array], options: CallOptions, seconds: float
    ) -> RawAnswer:
        """Send named arrays of types that Triton has."""
        ...

    async def metadata(self, model: str, version: str, seconds: float) -> ModelMetadata:
        """Ask for the tensors, the versions and the largest batch of a model."""
        ...

    async def statistics(self, target: str, seconds: float) -> list[ModelStatistics]:
        """Ask one server for the counters of its models."""
        ...

    async def close(self) -> None:
        """End all connections, and what runs on them."""
        ...
