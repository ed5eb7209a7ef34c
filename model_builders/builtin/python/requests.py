"""Reading and answering the requests of one `execute`, in as few runs as their shapes allow.

A request that cannot be answered fails alone; others in the same batch are answered.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import triton_python_backend_utils as pb_utils

from model_builders.features.failure import FeatureError

Tensors = dict[str, npt.NDArray[Any]]
Run = Callable[[Tensors, frozenset[str]], Tensors]
"""A function of inputs [rows, ...] and names of requested outputs to these outputs [rows, ...]."""


@dataclass(frozen=True, slots=True)
class Step:
    """The inputs, batching and settings of a built-in step, read from config.pbtxt."""

    inputs: tuple[str, ...]
    is_batched: bool
    settings: Mapping[str, str]

    @classmethod
    def of(cls, args: Mapping[str, str], older: Mapping[str, str] | None = None) -> "Step":
        """Return the step that Triton's arguments of `initialize` describe.

        `older` holds defaults for settings that older operators did not render: pipelines may
        have pinned such configs.
        """
        config = json.loads(args["model_config"])
        given = {key: each["string_value"] for key, each in config.get("parameters", {}).items()}
        return cls(
            inputs=tuple(tensor["name"] for tensor in config["input"]),
            is_batched=int(config["max_batch_size"]) > 0,
            settings={**(older or {}), **given},
        )

    def number(self, setting: str) -> int:
        return int(self.settings[setting])

    def answer(self, requests: Sequence[Any], run: Run, *, joined: bool = True) -> list[Any]:
        """Return a response for each request; `joined` lets equal shapes share a run."""
        parsed = [_Request.of(request, self) for request in requests]
        groups: dict[object, list[int]] = defaultdict(list)
        for index, request in enumerate(parsed):
            groups[request.shapes if joined else index].append(index)
        answers: dict[int, Tensors | Exception] = {}
        for members in groups.values():
            group = _answers([parsed[index] for index in members], run)
            answers.update(zip(members, group, strict=True))
        return [self._response(answers[index]) for index in range(len(parsed))]

    def _response(self, answer: Tensors | Exception) -> Any:
        if isinstance(answer, FeatureError):
            return pb_utils.InferenceResponse(error=pb_utils.TritonError(str(answer)))
        if isinstance(answer, Exception):
            message = f"{type(answer).__name__}: {answer}"
            return pb_utils.InferenceResponse(error=pb_utils.TritonError(message))
        outputs = [
            pb_utils.Tensor(name, np.ascontiguousarray(array if self.is_batched else array[0]))
            for name, array in answer.items()
        ]
        return pb_utils.InferenceResponse(output_tensors=outputs)


@dataclass(frozen=True, slots=True)
class _Request:
    """One request: its inputs with a batch dimension, and the names of its outputs."""

    tensors: Tensors
    requested: frozenset[str]

    @classmethod
    def of(cls, request: Any, step: Step) -> "_Request":
        tensors = {}
        for name in step.inputs:
            given = pb_utils.get_input_tensor_by_name(request, name)
            if given is not None:
                array = given.as_numpy()
                tensors[name] = array if step.is_batched else array[None]
        return cls(tensors, frozenset(request.requested_output_names()))

    @property
    def shapes(self) -> object:
        """Return a key that is equal for requests that may share a run."""
        shapes = ((name, array.shape[1:]) for name, array in self.tensors.items())
        return self.requested, tuple(shapes)

    @property
    def rows(self) -> int:
        return len(next(iter(self.tensors.values())))


def _answers(requests: Sequence[_Request], run: Run) -> list[Tensors | Exception]:
    if len(requests) > 1:
        try:
            return list(_together(requests, run))
        except Exception:
            # Run each request alone to learn which of them fails.
            return [_alone(request, run) for request in requests]
    return [_alone(request, run) for request in requests]


def _together(requests: Sequence[_Request], run: Run) -> list[Tensors]:
    names = requests[0].tensors
    joined = {name: np.concatenate([each.tensors[name] for each in requests]) for name in names}
    outputs = run(joined, requests[0].requested)
    ends = np.cumsum([request.rows for request in requests])[:-1]
    parts = {name: np.split(array, ends) for name, array in outputs.items()}
    return [{name: split[at] for name, split in parts.items()} for at in range(len(requests))]


def _alone(request: _Request, run: Run) -> Tensors | Exception:
    try:
        return run(request.tensors, request.requested)
    except Exception as error:
        return error
