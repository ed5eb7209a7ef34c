"""Checks of files that a merged config names: a pod has those of the artifact, and no others."""

import posixpath
from collections.abc import Iterator
from typing import Any

from model_builders.overrides import OVERRIDES
from model_builders.problem import Problem
from model_builders.spec_paths import spec_path

_ENVIRONMENT = "EXECUTION_ENV_PATH"
_MODEL_FOLDER = "$$TRITON_MODEL_DIRECTORY/"


def comes_along(file: str, version: int) -> bool:
    """Whether a path below the model's folder lies in the version's, which is the artifact."""
    return posixpath.normpath(file).startswith(f"{version}/")


def missing(config: Any, version: int) -> Iterator[Problem]:
    """Labels, warm-up data and a Python environment beside the folder of the version."""
    for tensor in config.output:
        if tensor.label_filename and not comes_along(tensor.label_filename, version):
            yield Problem(
                f"{OVERRIDES}: output[{tensor.name}].label_filename",
                f'"{tensor.label_filename}"',
                _expected(version),
                f'put it into the folder of the artifact, as "{version}/FILE", or remove it',
            )
    for sample in config.model_warmup:
        for name, tensor in sorted(sample.inputs.items()):
            if tensor.input_data_file:
                yield Problem(
                    f"{OVERRIDES}: model_warmup[{sample.name}].inputs[{name}].input_data_file",
                    f'"{tensor.input_data_file}"',
                    "zero_data or random_data: the pod has no folder warmup",
                    "use spec.triton.warmup",
                )
    yield from _environment(config, version)


def _environment(config: Any, version: int) -> Iterator[Problem]:
    if _ENVIRONMENT not in config.parameters:
        return
    path = config.parameters[_ENVIRONMENT].string_value
    if not path.startswith(_MODEL_FOLDER):
        return  # a file of the image
    if not comes_along(path.removeprefix(_MODEL_FOLDER), version):
        yield Problem(
            spec_path(f"parameters[{_ENVIRONMENT}]", OVERRIDES),
            f'"{path}"',
            f"{_expected(version)}, or of the image",
            f"put it into the folder of the artifact, as {_MODEL_FOLDER}{version}/FILE",
        )


def _expected(version: int) -> str:
    return f"a file of the artifact, whose folder is {version}"
