"""Requests to steps that a Triton serves, and the messages of its refusals."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from tritonclient import grpc
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from hack.images.local_triton import LocalTriton

Arrays = dict[str, Any]


def ask(triton: LocalTriton, model: str, inputs: Arrays, outputs: tuple[str, ...] = ()) -> Arrays:
    """Send one request, and return all outputs, or those that are named."""
    with grpc.InferenceServerClient(triton.grpc) as client:
        return _infer(client, model, inputs, outputs)


def refusal(triton: LocalTriton, model: str, inputs: Arrays) -> str:
    with pytest.raises(InferenceServerException) as caught:
        ask(triton, model, inputs)
    return str(caught.value.message())


def ask_at_once(triton: LocalTriton, model: str, requests: list[Arrays]) -> list[Arrays | str]:
    """Send all requests at the same time, and return the answer or the refusal of each."""

    def call(inputs: Arrays) -> Arrays | str:
        try:
            return _infer(client, model, inputs, ())
        except InferenceServerException as error:
            return str(error.message())

    with (
        grpc.InferenceServerClient(triton.grpc) as client,
        ThreadPoolExecutor(len(requests)) as threads,
    ):
        return list(threads.map(call, requests))


def executions(triton: LocalTriton, model: str) -> float:
    """Return the number of batches that the model has executed."""
    return triton.metric("nv_inference_exec_count", model=model)


def texts(*rows: str | bytes) -> Any:
    """Return texts [rows, 1] as a client sends them."""
    batch = np.empty((len(rows), 1), np.object_)
    batch[:, 0] = [row.encode() if isinstance(row, str) else row for row in rows]
    return batch


def _infer(client: Any, model: str, inputs: Arrays, outputs: tuple[str, ...]) -> Arrays:
    tensors = []
    for name, array in inputs.items():
        tensor = grpc.InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype))
        tensor.set_data_from_numpy(array)
        tensors.append(tensor)
    requested = [grpc.InferRequestedOutput(name) for name in outputs] or None
    answer = client.infer(model, tensors, outputs=requested)
    return {t.name: answer.as_numpy(t.name) for t in answer.get_response().outputs}
