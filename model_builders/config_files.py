"""Rules for every field of a config.pbtxt that names a file.

The operator checks a config before it makes a revision. The init container checks it again before
it writes files, since others may edit the ConfigMap with the plan.

Where Triton reads a field: https://github.com/triton-inference-server/common, model_config.proto.
A test holds that no text field of the schema is missing, here or among those that name no file.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from inference_operator.api.problem import Problem
from inference_operator.api.quoting import quoted, short
from model_builders.file_names import (
    MODEL_FOLDER,
    MODELS,
    PLAIN_NAME,
    is_of_artifact,
    is_of_image,
    is_own,
    is_path_like,
    is_plain_name,
)

MOST_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a model in the repository: its name, if it is decided, and its version.

    `version` is None for an ensemble, which has no artifact.
    """

    version: int | None
    name: str | None = None

    @property
    def of_artifact(self) -> str:
        if self.version is None:
            return "no file: an ensemble has no artifact"
        return f"a file of the artifact, whose folder is {self.version}"

    @property
    def own_folder(self) -> str:
        return f"{MODELS}/{self.name or 'NAME'}/{self.version}"


@dataclass(frozen=True, slots=True)
class Requirement:
    """The requirement that a text does not meet, and the remedy."""

    expected: str
    remedy: str


Rule = Callable[[str, Place], Requirement | None]
"""A check of the text of a field; None if the text is allowed."""
EntryRule = Callable[[str, str, Place], Requirement | None]
"""The same for the key and the value of a map's entry."""


def _plain(text: str, place: Place) -> Requirement | None:
    if is_plain_name(text):
        return None
    return Requirement(PLAIN_NAME, "name a file in the artifact's folder without the folder")


def _one_word(text: str, place: Place) -> Requirement | None:
    """Check a name from which Triton makes the path of a library."""
    return None if is_plain_name(text) else Requirement(PLAIN_NAME, "write the name, not a path")


def _label(text: str, place: Place) -> Requirement | None:
    if is_of_artifact(text, place.version):
        return None
    into = f'put it into the folder of the artifact, as "{place.version}/FILE", or remove it'
    return Requirement(place.of_artifact, into if place.version else "remove it")


def _no_warm_up(text: str, place: Place) -> Requirement | None:
    expected = "zero_data or random_data: the pod has no folder warmup"
    return Requirement(expected, "use triton.warmup")


def _no_state(text: str, place: Place) -> Requirement | None:
    expected = "zero_data: the pod has no folder initial_state"
    return Requirement(expected, "set zero_data: true, or let the model make its first state")


def _library(text: str, place: Place) -> Requirement | None:
    if is_of_image(text) or is_own(text, place.version, place.name):
        return None
    if place.version is None:
        return Requirement("an absolute path of the image", "add it to the image, or remove it")
    return Requirement(
        f"an absolute path of the image, or of this model's own artifact in {place.own_folder}",
        f"add it to the image or to the artifact, as {place.own_folder}/FILE",
    )


def _environment(text: str, place: Place) -> Requirement | None:
    inside = text.removeprefix(MODEL_FOLDER)
    if text.startswith(MODEL_FOLDER) and is_of_artifact(inside, place.version):
        return None
    if is_of_image(text) or is_own(text, place.version, place.name):
        return None
    into = f"put it into the folder of the artifact, as {MODEL_FOLDER}{place.version}/FILE"
    return Requirement(
        f"{place.of_artifact}, or of the image", into if place.version else "remove it"
    )


# Parameters that Triton and the four backends read; a Python model may define others.
PARAMETERS: Mapping[str, Rule] = {
    "EXECUTION_ENV_PATH": _environment,
    "TRITON_BATCH_STRATEGY_PATH": _library,
}


def _parameter(key: str, text: str, place: Place) -> Requirement | None:
    rule = PARAMETERS.get(key)
    return rule(text, place) if rule and text else None


_SHAPES = frozenset({"trt_profile_min_shapes", "trt_profile_max_shapes", "trt_profile_opt_shapes"})
_NAMES_A_FILE = re.compile(r".*(path|paths|dir|file|filename|prefix|table_name)", re.IGNORECASE)


def _accelerator(key: str, text: str, place: Place) -> Requirement | None:
    """Check paths of caches, tables and plugins of ONNX Runtime's TensorRT, split by ';'."""
    if key in _SHAPES or (not _NAMES_A_FILE.fullmatch(key) and not is_path_like(text)):
        return None  # shapes hold names of tensors, which may have slashes
    for path in text.split(";"):
        if not is_plain_name(path) and (refused := _library(path, place)):
            return refused
    return None


_SCHEME = re.compile(r"^[A-Za-z0-9_-]+:")


def _agent(key: str, text: str, place: Place) -> Requirement | None:
    """Check paths of agents: the checksum agent has `MD5:1/model.onnx` as a key."""
    for named in (key, text):
        path = _SCHEME.sub("", named)
        if not is_path_like(path) or is_of_artifact(path, place.version):
            continue
        if refused := _library(path, place):
            return refused
    return None


FIELDS: Mapping[str, Rule] = {
    "inference.ModelConfig.name": _one_word,
    "inference.ModelConfig.platform": _one_word,
    "inference.ModelConfig.backend": _one_word,
    "inference.ModelConfig.runtime": _one_word,
    "inference.ModelConfig.default_model_filename": _plain,
    "inference.ModelOutput.label_filename": _label,
    "inference.ModelSequenceBatching.InitialState.data_file": _no_state,
    "inference.ModelWarmup.Input.input_data_file": _no_warm_up,
    "inference.ModelOperations.op_library_filename": _library,
    "inference.ModelRepositoryAgents.Agent.name": _one_word,
}
_ACCELERATOR = "inference.ModelOptimizationPolicy.ExecutionAccelerators.Accelerator"
ENTRIES: Mapping[str, EntryRule] = {
    "inference.ModelConfig.cc_model_filenames": lambda key, text, place: _plain(text, place),
    "inference.ModelConfig.parameters": _parameter,
    f"{_ACCELERATOR}.parameters": _accelerator,
    "inference.ModelRepositoryAgents.Agent.parameters": _agent,
}


def misplaced(config: Any, place: Place) -> Iterator[Problem]:
    """Yield a problem for each field that may lead to a file of another model, or to none.

    `config` is a ModelConfig or a written one. Paths are those of config.pbtxt, such as
    `output[PRICE__0].label_filename`. It yields MOST_PROBLEMS at most, since a text of 64 KiB may
    name thousands of files.
    """
    yield from islice(_message(config, "", place), MOST_PROBLEMS)


def _message(message: Any, prefix: str, place: Place) -> Iterator[Problem]:
    for descriptor, value in message.ListFields():
        where = f"{prefix}{descriptor.name}"
        if descriptor.message_type is not None and descriptor.message_type.GetOptions().map_entry:
            yield from _map(descriptor, value, where, place)
        elif descriptor.is_repeated:
            yield from _list(descriptor, value, where, place)
        elif descriptor.message_type is not None:
            yield from _message(value, f"{where}.", place)
        elif value and (rule := FIELDS.get(descriptor.full_name)):
            yield from _refusal(where, value, rule(value, place))


def _list(descriptor: Any, values: Any, where: str, place: Place) -> Iterator[Problem]:
    rule = FIELDS.get(descriptor.full_name)
    for index, value in enumerate(values):
        if descriptor.message_type is not None:
            label = _label_of(getattr(value, "name", "") or str(index))
            yield from _message(value, f"{where}[{label}].", place)
        elif rule:
            yield from _refusal(f"{where}[{index}]", value, rule(value, place))


def _map(descriptor: Any, entries: Any, where: str, place: Place) -> Iterator[Problem]:
    rule = ENTRIES.get(descriptor.full_name)
    for key, value in sorted(entries.items(), key=lambda entry: entry[0]):
        at = f"{where}[{_label_of(str(key))}]"
        if rule is not None:
            text = getattr(value, "string_value", value)
            yield from _refusal(at, text, rule(key, text, place))
        elif hasattr(value, "ListFields"):
            yield from _message(value, f"{at}.", place)


def _label_of(key: str) -> str:
    return short(key)


def _refusal(where: str, text: str, refused: Requirement | None) -> Iterator[Problem]:
    if refused is not None:
        yield Problem(where, quoted(text), refused.expected, refused.remedy)
