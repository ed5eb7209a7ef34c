"""Removal of files that a source cannot hold from a config, with warnings."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from model_builders.checks.ensembles import UNREAD
from model_builders.file_names import is_of_artifact
from model_builders.importing.folders import ModelFolder
from model_builders.protobuf import ModelConfig

# The version under which the operator serves a source without versions.
_SERVED = 1


def drop_files(folder: ModelFolder, version: int | None) -> tuple[ModelConfig, list[str]]:
    """Return the named config without files outside of the folder of `version`, and warnings.

    None for `version` removes all files. Triton does not load a model whose labels or warm-up data
    are missing. The warnings name the consequences.
    """
    config = folder.named_config()
    return config, [*_labels(config, folder, version), *_samples(config)]


def drop_unread(config: Any) -> Iterator[str]:
    """Take fields that Triton ignores out of an ensemble's config, and yield warnings."""
    for descriptor, _ in config.ListFields():
        if descriptor.name in UNREAD:
            config.ClearField(descriptor.name)
            yield f"{descriptor.name} is left out: Triton does not read it in an ensemble"


def _labels(config: Any, folder: ModelFolder, version: int | None) -> Iterator[str]:
    for tensor in config.output:
        file = tensor.label_filename
        if not file or _in_version(file, folder, version):
            continue
        tensor.ClearField("label_filename")
        instead = (
            ""
            if version is None
            else f"; to keep them, put the file into the folder {version} and write"
            f' label_filename: "{_SERVED}/{PurePosixPath(file).name}"'
        )
        yield (
            f'label_filename "{file}" of output {tensor.name} is left out, since the pod would not'
            f" have it: classifications come without labels{instead}"
        )


def _in_version(file: str, folder: ModelFolder, version: int | None) -> bool:
    if version is None or not is_of_artifact(file, _SERVED):
        return False
    inside = PurePosixPath(file).relative_to(str(_SERVED))
    return (folder.path / str(version) / inside).is_file()


def _samples(config: Any) -> Iterator[str]:
    samples = list(config.model_warmup)
    del config.model_warmup[:]
    for sample in samples:
        files = [tensor.input_data_file for tensor in sample.inputs.values()]
        file = next(filter(None, sorted(files)), None)
        if file is None:
            config.model_warmup.append(sample)
            continue
        yield (
            f'model_warmup "{sample.name}" is left out, since the pod would not have'
            f" warmup/{file}: the first requests may be slower; zero_data or random_data can stay"
        )
