"""Attempts over gRPC, by `tritonclient.grpc.aio`. gRPC balances, and ends cancelled calls."""

import asyncio
from collections.abc import Mapping

import numpy as np
import tritonclient.grpc.aio as triton
from tritonclient.utils import np_to_triton_dtype

from serving.client.channel import connect
from serving.client.metadata import metadata_of, statistics_of
from serving.client.transport import RawAnswer
from serving.records import Array, CallOptions, ModelMetadata, ModelStatistics
from serving.settings.triton import TargetSettings, TritonSettings


class GrpcTransport:
    """The servers behind one name, over one channel; see `serving.client.transport.Transport`."""

    def __init__(self, target: TargetSettings, settings: TritonSettings) -> None:
        self._client = connect(target, settings)

    async def infer(
        self, model: str, inputs: Mapping[str, Array], options: CallOptions, seconds: float
    ) -> RawAnswer:
        """Send named arrays of types that Triton has."""
        result = await self._client.infer(
            model,
            [_input(name, array) for name, array in inputs.items()],
            model_version=options.version,
            request_id=options.request_id,
            client_timeout=seconds,
            headers=dict(options.headers) or None,
        )
        response = result.get_response()
        names = [output.name for output in response.outputs]
        arrays = {name: result.as_numpy(name) for name in names}
        return RawAnswer(arrays, str(response.model_version))

    async def metadata(self, model: str, version: str, seconds: float) -> ModelMetadata:
        """Ask for the tensors, the versions and the largest batch of a model."""
        metadata, config = await asyncio.gather(
            self._client.get_model_metadata(model, version, client_timeout=seconds),
            self._client.get_model_config(model, version, client_timeout=seconds),
        )
        return metadata_of(metadata, config)

    async def statistics(self, target: str, seconds: float) -> list[ModelStatistics]:
        """Ask one server for the counters of its models."""
        answer = await self._client.get_inference_statistics(client_timeout=seconds)
        return statistics_of(target, answer)

    async def close(self) -> None:
        """End the channel, and what runs on it."""
        await self._client.close()


def _input(name: str, array: Array) -> triton.InferInput:
    tensor = triton.InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype))
    tensor.set_data_from_numpy(np.ascontiguousarray(array))
    return tensor
