"""Attempts over HTTP, by `tritonclient.http.aio`, for networks without HTTP/2.

Tensors are raw bytes on this wire too. A cancelled call closes its connection.
"""

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import aiohttp
import numpy as np
from tritonclient.http import InferInput
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from serving.client.bounded_response import TOO_LARGE
from serving.client.http_connection import HttpConnection, context_of
from serving.client.resolving import Resolve, resolve
from serving.client.servers import Servers
from serving.client.transport import RawAnswer
from serving.records import Array, CallOptions, ModelMetadata, ModelStatistics, TensorMetadata
from serving.settings.triton import TargetSettings, TritonSettings

_NANOSECONDS = 1e9
_STATUSES = {
    "400": "INVALID_ARGUMENT",
    "404": "NOT_FOUND",
    "413": "INVALID_ARGUMENT",
    "429": "RESOURCE_EXHAUSTED",
    "502": "UNAVAILABLE",
    "503": "UNAVAILABLE",
    "504": "DEADLINE_EXCEEDED",
}


class HttpTransport:
    """The servers behind one name, asked in turn; see `serving.client.transport.Transport`."""

    def __init__(
        self, target: TargetSettings, settings: TritonSettings, resolver: Resolve = resolve
    ) -> None:
        context = context_of(target)
        self._most_bytes = settings.most_message_bytes
        self._headers = {"host": target.authority} if target.authority else {}
        self._servers: Servers[HttpConnection] = Servers(
            target, lambda address: HttpConnection(address, target, settings, context), resolver
        )

    async def infer(
        self, model: str, inputs: Mapping[str, Array], options: CallOptions, seconds: float
    ) -> RawAnswer:
        """Send named arrays of types that Triton has."""
        del seconds  # The caller's own deadline ends the attempt, and with it the connection.
        tensors = [_input(name, array) for name, array in inputs.items()]
        self._check_size(inputs)
        async with self._attempt() as client:
            answer = await client.infer(
                model,
                tensors,
                options.version,
                request_id=options.request_id,
                headers={**options.headers, **self._headers},
            )
        response = answer.get_response()
        names = [each["name"] for each in response.get("outputs", ())]
        arrays = {name: answer.as_numpy(name) for name in names}
        return RawAnswer(arrays, str(response.get("model_version", "")))

    async def metadata(self, model: str, version: str, seconds: float) -> ModelMetadata:
        """Ask for the tensors, the versions and the largest batch of a model."""
        del seconds
        async with self._attempt() as client:
            declared = await client.get_model_metadata(model, version, headers=dict(self._headers))
            config = await client.get_model_config(model, version, headers=dict(self._headers))
        return ModelMetadata(
            declared["name"],
            tuple(declared.get("versions", ())),
            declared["platform"],
            _tensors(declared["inputs"]),
            _tensors(declared["outputs"]),
            int(config.get("max_batch_size", 0)),
        )

    async def statistics(self, target: str, seconds: float) -> list[ModelStatistics]:
        """Ask one server for the counters of its models."""
        del seconds
        async with self._attempt() as client:
            answer = await client.get_inference_statistics(headers=dict(self._headers))
        return [_statistics(target, each) for each in answer["model_stats"]]

    async def close(self) -> None:
        """End all connections, and what runs on them."""
        await self._servers.close()

    @contextlib.asynccontextmanager
    async def _attempt(self) -> AsyncIterator[HttpConnection]:
        """Give the client of one attempt, and call its failures by gRPC's words."""
        async with self._servers.lease() as client:
            try:
                yield client
            except InferenceServerException as error:
                given = error.status() or ""
                status = given if given == TOO_LARGE else _STATUSES.get(given, "INTERNAL")
                raise InferenceServerException(str(error.message()), status=status) from error
            except aiohttp.ClientPayloadError as error:
                # A part of the answer has come: the model has computed it.
                raise InferenceServerException(
                    f"the answer broke off: {error}", status="INTERNAL"
                ) from error
            except (aiohttp.ClientError, OSError) as error:
                words = str(error) or type(error).__name__
                raise InferenceServerException(words, status="UNAVAILABLE") from error

    def _check_size(self, inputs: Mapping[str, Array]) -> None:
        size = sum(array.nbytes for array in inputs.values())
        if size > self._most_bytes:
            raise InferenceServerException(
                f"found inputs of {size:,} bytes, expected at most {self._most_bytes:,}"
                " (triton.most_message_bytes)",
                status="INVALID_ARGUMENT",
            )


def _input(name: str, array: Array) -> InferInput:
    tensor = InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype))
    return tensor.set_data_from_numpy(np.ascontiguousarray(array))


def _tensors(declared: Sequence[Mapping[str, Any]]) -> tuple[TensorMetadata, ...]:
    return tuple(
        TensorMetadata(each["name"], each["datatype"], tuple(map(int, each["shape"])))
        for each in declared
    )


def _statistics(target: str, entry: Mapping[str, Any]) -> ModelStatistics:
    counted = entry["inference_stats"]
    parts = ("compute_input", "compute_infer", "compute_output")
    return ModelStatistics(
        target,
        entry["name"],
        entry["version"],
        int(counted["success"]["count"]),
        int(counted["fail"]["count"]),
        int(entry["inference_count"]),
        int(entry["execution_count"]),
        counted["success"]["ns"] / _NANOSECONDS,
        counted["queue"]["ns"] / _NANOSECONDS,
        sum(counted[part]["ns"] for part in parts) / _NANOSECONDS,
    )
