"""Settings of the Triton container, which both kinds have."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from inference_operator.api.arguments import ExtraArg, Image
from inference_operator.api.base import ApiModel, Quantity, SharedFields
from inference_operator.api.environment import EnvVar
from inference_operator.api.rules import UniqueBy

ExtraArgs = Annotated[tuple[ExtraArg, ...], Field(max_length=64)]


class FirstRequest(StrEnum):
    """Meaning of the first request, which each pod sends to its model before it becomes Ready."""

    CHECK = "Check"
    IGNORE = "Ignore"


class ResponseCache(ApiModel):
    """Cache in the pod's memory that answers equal requests."""

    size: Quantity
    """Memory of the cache, such as `64Mi`; include it in `resources`."""


class TritonServer(SharedFields):
    """Settings of the Triton container."""

    image: Image | None = None
    """Triton image. Absent: the operator's default at the time this revision is created."""

    response_cache: ResponseCache | None = None
    """Cache that answers equal requests."""

    env: Annotated[tuple[EnvVar, ...], Field(max_length=64), UniqueBy("name")] = ()
    """Environment variables of the Triton container."""

    extra_args: ExtraArgs = ()
    """Additional arguments of tritonserver, such as `--log-verbose=1`. Arguments that the operator
    sets or needs itself are refused: the repository, model control, readiness, endpoints and their
    ports, the cache (see `responseCache`)."""

    first_request: FirstRequest | None = None
    """Each pod asks its model once before it becomes Ready: zeros, in the shapes of the first
    warm-up sample if there is one. Check: if the model answers with an error, or with other outputs
    than declared, the pod does not become Ready. Ignore: the answer does not matter. Absent: Check,
    or Ignore in a pipeline with a built-in step that refuses such requests (`badBars` or
    `emptyText` is Refuse)."""

    shared_memory: Quantity | None = None
    """Size of /dev/shm, through which Python models exchange tensors. It counts against the memory
    limit. Absent: 256Mi."""
