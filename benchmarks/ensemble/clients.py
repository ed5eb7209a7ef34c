"""Clients that ask for a forecast: 1 request to the ensemble, or 1 to each step."""

import importlib
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.ensemble.variants import MODELS_ALONE
from hack.demo.trading import Trading

Array = npt.NDArray[Any]
Tensors = Mapping[str, Array]


class Connection:
    """Clients of Triton over `http` or `grpc`, kept open, one for each thread that calls."""

    def __init__(self, protocol: str, url: str) -> None:
        self._library: Any = importlib.import_module(f"tritonclient.{protocol}")
        self._url = url
        self._own = threading.local()

    def call(self, model: str, given: Tensors, names: Sequence[str]) -> dict[str, Array]:
        """Send a request; raises tritonclient's error if Triton refuses it."""
        from tritonclient.utils import np_to_triton_dtype

        inputs = []
        for name, array in given.items():
            kind = np_to_triton_dtype(array.dtype)
            tensor = self._library.InferInput(name, list(array.shape), kind)
            inputs.append(tensor.set_data_from_numpy(array))
        outputs = [self._library.InferRequestedOutput(name) for name in names]
        answer = self._client().infer(model, inputs, outputs=outputs)
        return {name: answer.as_numpy(name) for name in names}

    def _client(self) -> Any:
        # gevent, below the HTTP client, leaves a connection to the thread that made it.
        if not hasattr(self._own, "client"):
            self._own.client = self._library.InferenceServerClient(self._url)
        return self._own.client


@dataclass(frozen=True, slots=True)
class Row:
    """One request: what the pipeline takes, and what its models take, ready made."""

    given: Tensors
    prepared: Tensors


@dataclass(frozen=True, slots=True)
class Asking:
    """The ways to a forecast over one connection; each gives the pipeline's outputs by name, but
    for `alone`."""

    trading: Trading
    connection: Connection

    def ways(self) -> dict[str, Callable[[Row], object]]:
        """Return the ways of asking, by their names in tables; the first is the reference."""
        return {
            "one request": self.whole,
            "one by one": self.one_by_one,
            "models alone": self.alone,
        }

    def whole(self, row: Row) -> dict[str, Array]:
        """Send one request to the ensemble."""
        return self.connection.call(self.trading.name, row.given, self.outputs)

    def one_by_one(self, row: Row) -> dict[str, Array]:
        """Return a request to each step in turn, tensors carried over by the client."""
        tensors: dict[str, Array] = dict(row.given)
        for step in self.trading.pipeline.steps:
            model = step.model_ref.name if step.model_ref else step.name
            given = {name: tensors[tensor] for name, tensor in step.input_map.items()}
            answer = self.connection.call(model, given, list(step.output_map))
            tensors |= {step.output_map[name]: array for name, array in answer.items()}
        return {name: tensors[name] for name in self.outputs}

    def alone(self, row: Row) -> dict[str, Array]:
        """Send one request to the models alone, without the built-in steps."""
        outputs = [
            tensor
            for step in self.trading.pipeline.steps
            if step.model_ref is not None
            for tensor in step.output_map.values()
        ]
        return self.connection.call(MODELS_ALONE, row.prepared, outputs)

    @property
    def outputs(self) -> list[str]:
        return [tensor.name for tensor in self.trading.pipeline.outputs]


def differ(first: Mapping[str, Array], second: Mapping[str, Array]) -> float:
    """Return the largest difference of two answers' numbers; infinite if their texts differ."""
    distances = [0.0]
    for name, array in first.items():
        if array.dtype == object:
            distances.append(0.0 if np.array_equal(array, second[name]) else math.inf)
        else:
            distances.append(float(np.abs(array - second[name]).max()))
    return max(distances)
