"""The smallest legal request to a model: zeros, in Triton's binary form, which need no memory."""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

from inference_operator.api.quoting import listed
from inference_operator.probe.model_config import ELEMENT_BYTES, ProbedModel, Tensor

MOST_BYTES = 32 << 20
"""A larger request would load the server more than a probe may; newer Tritons refuse 64 MiB."""

MOST_IDLE_SECONDS = 2.0
_CHUNK = bytes(64 << 10)
_SEQUENCE = 2**62 + 8003
# A cached answer says nothing about the model, so one number differs in each request.
_VARIED = {"FP64": "<d", "FP32": "<f", "FP16": "<e"}
_STEP = 2.0**-14


class CannotAskError(Exception):
    """A model that cannot be asked by one request over HTTP; the message says why."""


class NoInputsError(CannotAskError):
    """A model without inputs in the configuration, to which no request makes sense."""


@dataclass(frozen=True, slots=True)
class ProbeRequest:
    """A request: its JSON head, and the number of zero bytes after it."""

    head: bytes
    zeros: int
    description: str
    """The inputs for people: `x FP32 [1, 4]`."""

    batch_size: int
    prefix: bytes = b""
    """Bytes before the zeros."""

    @property
    def size(self) -> int:
        return len(self.head) + len(self.prefix) + self.zeros

    def chunks(self) -> Iterator[bytes]:
        """Yield the body."""
        yield self.head + self.prefix
        for _ in range(self.zeros // len(_CHUNK)):
            yield _CHUNK
        yield _CHUNK[: self.zeros % len(_CHUNK)]


def probe_request(model: ProbedModel, number: int = 0) -> ProbeRequest:
    """Return a request of zeros, with the shapes of the warm-up sample if there is one.

    `number` makes requests differ if the model's answers are cached. Raise CannotAskError for a
    model that streams, or that no small request of zeros fits.
    """
    if model.decoupled:
        raise CannotAskError("its answers are streamed (decoupled), which needs gRPC")
    if model.sequence_idle_seconds > MOST_IDLE_SECONDS:
        raise CannotAskError("sequences that wait may hold all of its places")
    if any(tensor.ragged for tensor in model.inputs):
        raise CannotAskError("it has ragged batches")
    sample = model.sample
    batch = sample.batch_size if sample else 1
    tensors = sample.inputs if sample else tuple(t for t in model.inputs if not t.optional)
    if not tensors:
        # Triton refuses a request without any input if the model has a batch dimension.
        tensors = model.inputs[:1]
    if not tensors and (model.max_batch_size > 0 or not model.outputs):
        raise NoInputsError(
            "has no inputs in Triton's configuration: neither the spec nor the artifact nor its"
            " backend declares them; set model.inputs and model.outputs"
        )
    varied = _varied(model, tensors)
    shapes = [_shape(tensor, model, batch) for tensor in tensors]
    sizes = [
        prod(shape) * ELEMENT_BYTES[t.data_type] for t, shape in zip(tensors, shapes, strict=True)
    ]
    if sum(sizes) > MOST_BYTES:
        raise CannotAskError(
            f"its smallest request has {sum(sizes):,} bytes, more than {MOST_BYTES:,}"
        )
    head = _head(model, tensors, shapes, sizes)
    prefix = _prefix(tensors[0].data_type, number) if varied else b""
    description = listed(
        (f"{t.name} {t.data_type} {shape}" for t, shape in zip(tensors, shapes, strict=True)),
        show=str,
    )
    return ProbeRequest(head, sum(sizes) - len(prefix), description, batch, prefix)


def _varied(model: ProbedModel, tensors: tuple[Tensor, ...]) -> bool:
    """Return whether the first number is varied; raise CannotAskError if it must be and cannot."""
    if not model.cached:
        return False
    if not tensors or tensors[0].data_type not in _VARIED:
        raise CannotAskError("its answers are cached, and its first input is not a fraction")
    return True


def _prefix(data_type: str, number: int) -> bytes:
    return struct.pack(_VARIED[data_type], (number % 1024) * _STEP)


def _shape(tensor: Tensor, model: ProbedModel, batch: int) -> list[int]:
    dims = [1 if dim < 0 else dim for dim in tensor.dims]
    return [batch, *dims] if model.max_batch_size > 0 else dims


def _head(
    model: ProbedModel, tensors: tuple[Tensor, ...], shapes: list[list[int]], sizes: list[int]
) -> bytes:
    parameters: dict[str, Any] = {"binary_data_output": True}
    if model.has_sequences:
        identity = f"inference-operator-{_SEQUENCE}" if model.named_sequences else _SEQUENCE
        parameters |= {"sequence_id": identity, "sequence_start": True, "sequence_end": True}
    inputs = [
        {
            "name": tensor.name,
            "datatype": tensor.data_type,
            "shape": shape,
            "parameters": {"binary_data_size": size},
        }
        for tensor, shape, size in zip(tensors, shapes, sizes, strict=True)
    ]
    body = {"id": "inference-operator-probe", "parameters": parameters, "inputs": inputs}
    return json.dumps(body, separators=(",", ":")).encode()
