"""The requests of one `execute`: read, answered in as few runs as their shapes allow, given back.

A request that cannot be answered fails alone, whoever shares the batch with it.
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
"""Inputs [rows, ...] and the names of the outputs that are wanted, to those outputs [rows, ...]."""


@dataclass(frozen=True, slots=True)
class Step:
    """What config.pbtxt says of a built-in step: its inputs, its batching and its settings."""

    inputs: tuple[str, ...]
    is_batched: bool
    settings: Mapping[str, str]

    @classmethod
    def of(cls, args: Mapping[str, str], older: Mapping[str, str] | None = None) -> "Step":
        """From what Triton passes to `initialize`.

        `older` has what was so before there were settings for it: this code runs with configs that
        an older operator rendered, and that pipelines have pinned since.
        """
        config = json.loads(args["model_config"])
        said = {key: each["string_value"] for key, each in config.get("parameters", {}).items()}
        return cls(
            inputs=tuple(tensor["name"] for tensor in config["input"]),
            is_batched=int(config["max_batch_size"]) > 0,
            settings={**(older or {}), **said},
        )

    def number(self, setting: str) -> int:
        """A setting that is a whole number."""
        return int(self.settings[setting])

    def answer(self, requests: Sequence[Any], run: Run, *, joined: bool = True) -> list[Any]:
        """A response for each request; `joined` where requests of like shapes may share a run."""
        asked = [_Asked.of(request, self) for request in requests]
        groups: dict[object, list[int]] = defaultdict(list)
        for index, one in enumerate(asked):
            groups[one.shapes if joined else index].append(index)
        found: dict[int, Tensors | Exception] = {}
        for members in groups.values():
            answers = _answers([asked[index] for index in members], run)
            found.update(zip(members, answers, strict=True))
        return [self._response(found[index]) for index in range(len(asked))]

    def _response(self, found: Tensors | Exception) -> Any:
        if isinstance(found, FeatureError):
            return pb_utils.InferenceResponse(error=pb_utils.TritonError(str(found)))
        if isinstance(found, Exception):
            told = f"{type(found).__name__}: {found}"
            return pb_utils.InferenceResponse(error=pb_utils.TritonError(told))
        outputs = [
            pb_utils.Tensor(name, np.ascontiguousarray(array if self.is_batched else array[0]))
            for name, array in found.items()
        ]
        return pb_utils.InferenceResponse(output_tensors=outputs)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request: its inputs with a batch dimension, and which outputs it wants."""

    tensors: Tensors
    wanted: frozenset[str]

    @classmethod
    def of(cls, request: Any, step: Step) -> "_Asked":
        tensors = {}
        for name in step.inputs:
            given = pb_utils.get_input_tensor_by_name(request, name)
            if given is not None:
                array = given.as_numpy()
                tensors[name] = array if step.is_batched else array[None]
        return cls(tensors, frozenset(request.requested_output_names()))

    @property
    def shapes(self) -> object:
        """Equal for requests that may share a run."""
        return self.wanted, tuple((name, array.shape[1:]) for name, array in self.tensors.items())

    @property
    def rows(self) -> int:
        return len(next(iter(self.tensors.values())))


def _answers(asked: Sequence[_Asked], run: Run) -> list[Tensors | Exception]:
    if len(asked) > 1:
        try:
            return list(_together(asked, run))
        except Exception:
            # Whose fault it was shows when each runs alone.
            return [_alone(one, run) for one in asked]
    return [_alone(one, run) for one in asked]


def _together(asked: Sequence[_Asked], run: Run) -> list[Tensors]:
    names = asked[0].tensors
    joined = {name: np.concatenate([one.tensors[name] for one in asked]) for name in names}
    found = run(joined, asked[0].wanted)
    ends = np.cumsum([one.rows for one in asked])[:-1]
    parts = {name: np.split(array, ends) for name, array in found.items()}
    return [{name: split[at] for name, split in parts.items()} for at in range(len(asked))]


def _alone(one: _Asked, run: Run) -> Tensors | Exception:
    try:
        return run(one.tensors, one.wanted)
    except Exception as error:
        return error
