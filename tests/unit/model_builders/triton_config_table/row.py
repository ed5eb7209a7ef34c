"""A row of the table of configurations: overrides of a model, and what Triton does with them.

A model in a row takes `X` and answers with `Y`, two numbers each, in batches of at most 8. A real
Triton judges each row in tests/integration/model_builders/test_triton_judges_configs.py, except
those whose `judge` names a source: the local Triton is of an older release, and has no GPU.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.model import ModelFormat

OVERRIDES = "spec.triton.configOverrides: "


class Judge(Enum):
    """How Triton shows that it does not serve a config."""

    LOAD = "the model does not load"
    REQUEST = "it loads, and each request fails"
    DEATH = "Triton's process ends, at load or at a request"
    LOAD_OR_DEATH = "the model does not load, and in some runs Triton's process ends"
    SOURCE = "its source; the local Triton cannot show it"


@dataclass(frozen=True)
class Row:
    """A spec with overrides."""

    overrides: str
    model: dict[str, Any] = field(default_factory=dict)
    """Changes of `spec.model`; None removes a field."""

    triton: dict[str, Any] = field(default_factory=dict)
    top: dict[str, Any] = field(default_factory=dict)

    @property
    def spec(self) -> dict[str, Any]:
        fields = {
            "source": {"uri": "pvc://models/tiny"},
            "format": ModelFormat.PYTHON.value,
            "maxBatchSize": 8,
            "inputs": [tensor("X", [2])],
            "outputs": [tensor("Y", [2])],
            **self.model,
        }
        kept = {key: entry for key, entry in fields.items() if entry is not None}
        triton = {**self.triton, "configOverrides": self.overrides}
        return {"model": kept, "triton": triton, **self.top}

    @property
    def parsed(self) -> InferenceModelSpec:
        return InferenceModelSpec.model_validate(self.spec)


@dataclass(frozen=True)
class Refused(Row):
    """A config that the checks refuse, at this field, since Triton does not serve it."""

    at: str = ""
    """The path of the first problem, below the overrides or from `spec.` on."""

    says: str = ""
    """A part of Triton's message; for a judge by source the place in the source."""

    judge: Judge = Judge.LOAD

    @property
    def path(self) -> str:
        return self.at if self.at.startswith("spec.") else OVERRIDES + self.at


@dataclass(frozen=True)
class Accepted(Row):
    """A config that the checks accept, and that Triton loads."""

    answers: bool = True
    """Whether a request over HTTP has an answer; False for decoupled models."""

    judge: Judge = Judge.LOAD


def tensor(name: str, shape: list[int], data_type: str = "FP32", **flags: Any) -> dict[str, Any]:
    return {"name": name, "dataType": data_type, "shape": shape, **flags}


ONNX: dict[str, Any] = {"format": "onnx"}
BARE_ONNX: dict[str, Any] = {"format": "onnx", "inputs": None, "outputs": None}
TORCH: dict[str, Any] = {
    "format": "torchscript",
    "inputs": [tensor("X__0", [2]), tensor("F__1", [2])],
    "outputs": [tensor("Y__0", [2])],
}
TENSORRT: dict[str, Any] = {"format": "tensorrt"}
GPU: dict[str, Any] = {"accelerator": {"count": 1}}
