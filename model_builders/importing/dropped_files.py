"""A config without the files that no source brings along, and what is lost with them."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from model_builders.checks.ensembles import UNREAD
from model_builders.file_names import is_of_artifact
from model_builders.importing.folders import ModelFolder
from model_builders.protobuf import ModelConfig

# Under which the operator serves a source that has no versions.
_SERVED = 1


def drop_files(folder: ModelFolder, version: int | None) -> tuple[ModelConfig, list[str]]:
    """The named config that can be served from the folder of `version` alone; None: from no file.

    Triton loads no model whose labels or warm-up data are not there. The sentences say what
    clients, or the first requests, then miss.
    """
    config = folder.named_config()
    return config, [*_labels(config, folder, version), *_samples(config)]


def drop_unread(config: Any) -> Iterator[str]:
    """Take what Triton passes over out of an ensemble's config."""
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
