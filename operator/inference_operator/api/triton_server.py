"""Settings of the Triton container, which both kinds have."""

from typing import Annotated

from pydantic import Field

from inference_operator.api.arguments import ExtraArg, Image
from inference_operator.api.base import ApiModel, Quantity, SharedFields
from inference_operator.api.environment import EnvVar
from inference_operator.api.rules import UniqueBy

ExtraArgs = Annotated[tuple[ExtraArg, ...], Field(max_length=64)]


class ResponseCache(ApiModel):
    """Equal requests are answered from a cache in the pod's memory."""

    size: Quantity
    """Memory of the cache, such as `64Mi`; count it into `resources`."""


class TritonServer(SharedFields):
    """How the Triton container runs."""

    image: Image | None = None
    """Triton image. Absent: the operator's default at the time this revision is made."""

    response_cache: ResponseCache | None = None
    """Answer equal requests from a cache."""

    env: Annotated[tuple[EnvVar, ...], Field(max_length=64), UniqueBy("name")] = ()
    """Environment variables of the Triton container."""

    extra_args: ExtraArgs = ()
    """Further arguments of tritonserver, such as `--log-verbose=1`. Those that the operator sets
    itself, or that its pods cannot do without, are refused: the repository, model control,
    readiness, endpoints and their ports, the cache (see `responseCache`)."""

    shared_memory: Quantity | None = None
    """Size of /dev/shm, which Python models exchange tensors through; counts against the memory
    limit. Absent: 256Mi."""
