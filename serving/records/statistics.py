"""Counters of Triton servers, as far as they answered."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelStatistics:
    """Counts since the server's start of one version of a model, and seconds in total."""

    target: str
    model: str
    version: str
    successes: int
    failures: int
    inferences: int
    executions: int
    request_seconds: float
    queue_seconds: float
    compute_seconds: float


@dataclass(frozen=True, slots=True)
class GpuUse:
    """One GPU of a server; a figure that the server does not give is None."""

    target: str
    gpu: str
    utilization: float | None
    memory_used_bytes: float | None
    memory_total_bytes: float | None


@dataclass(frozen=True, slots=True)
class ServerMetrics:
    """Statistics of all targets; `silent` names those that did not answer, with the reason.

    Behind a name with several pods, each target answers with the figures of one pod.
    """

    models: tuple[ModelStatistics, ...]
    gpus: tuple[GpuUse, ...] = ()
    silent: tuple[tuple[str, str], ...] = ()
