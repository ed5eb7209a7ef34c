"""Typed settings of a training: what may be chosen, within which bounds, and the named profiles."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from training.failure import TrainingError

Model = TypeVar("Model", bound=BaseModel)


class SettingsError(TrainingError):
    """A setting is out of its bounds; the message names it, what was found and what is expected."""


class Schedule(StrEnum):
    """Schedules of the learning rate: constant, on a plateau, or by a plan."""

    NONE = "none"
    PLATEAU = "plateau"
    COSINE = "cosine"


class Device(StrEnum):
    """Devices to train on; `auto` is the GPU if there is one."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


class Settings(BaseModel):
    """Settings of the loop; the same settings, data and machine give the same weights."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: int = Field(30, ge=1, le=10_000, description="most epochs")
    patience: int = Field(4, ge=1, description="epochs without progress before stopping")
    batch: int = Field(128, ge=1, le=65_536, description="samples in a step")
    learning_rate: float = Field(1e-3, gt=0, lt=1, description="of the first steps")
    weight_decay: float = Field(0.0, ge=0, lt=1, description="of AdamW")
    clip_norm: float = Field(1.0, gt=0, description="largest norm of a step's gradient")
    schedule: Schedule = Field(Schedule.PLATEAU, description="of the learning rate")
    warmup: float = Field(0.1, ge=0, lt=1, description="share of the cosine plan that climbs")
    seed: int = Field(7, ge=0, lt=2**32, description="of weights, order and dropout")
    checkpoint_seconds: float = Field(30.0, ge=0, description="between two checkpoints")
    device: Device = Field(Device.AUTO, description="auto, cpu or cuda")


def changed(before: Model, given: Mapping[str, Any]) -> Model:
    """Return the settings with the given values in place of theirs.

    Raises SettingsError with one line for each field that is wrong.
    """
    kept = {name: getattr(before, name) for name in type(before).model_fields}
    try:
        return type(before)(**(kept | dict(given)))
    except ValidationError as error:
        names = ", ".join(type(before).model_fields)
        lines = [_sentence(problem, names) for problem in error.errors()]
        raise SettingsError("\n".join(lines)) from None


def _sentence(problem: Any, names: str) -> str:
    field = ".".join(str(part) for part in problem["loc"])
    option = "--" + field.replace("_", "-")
    expected = str(problem["msg"]).removeprefix("Input should be ")
    if problem["type"] == "extra_forbidden":
        return f"{field}: no such setting; expected one of {names}"
    return f"{field}: found {problem['input']!r}, expected {expected}; set {option} to such a value"
