"""A model repository on disk: its models, versions and files; only folders are read."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from inference_operator.api.triton import MOST_BACKSLASHES
from model_builders.config import parse_pbtxt
from model_builders.importing.failure import ImportFailedError
from model_builders.importing.lookalikes import CONFIG, misnamed_config
from model_builders.problem import ConfigError
from model_builders.protobuf import ModelConfig

MOST_CONFIG = 1 << 20
_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """`<repository>/<name>` with its config and version folders."""

    path: Path
    config: ModelConfig

    @property
    def name(self) -> str:
        return self.path.name

    def named_config(self) -> ModelConfig:
        """Return the config with its name, which is the folder's if absent."""
        config = ModelConfig()
        config.CopyFrom(self.config)
        config.name = self.name
        return config

    def versions(self) -> list[int]:
        """Return the numbers of the version folders, ascending, as Triton counts them."""
        folders = (child for child in self.path.iterdir() if child.is_dir())
        return sorted(int(f.name) for f in folders if re.fullmatch(r"[1-9][0-9]*", f.name))

    def version_files(self, version: int) -> set[str]:
        """Return the names of files in a version's folder, without hidden files."""
        folder = self.path / str(version)
        return {child.name for child in folder.iterdir() if not child.name.startswith(".")}

    def other_files(self) -> list[str]:
        """Return files beside the config and the versions: labels, warm-up data, other configs."""
        return sorted(
            child.name
            for child in self.path.iterdir()
            if child.name != CONFIG
            and not child.name.startswith(".")
            and not (child.is_dir() and child.name.isdigit())
        )


def model_folders(repository: Path) -> Iterator[tuple[str, ModelFolder | ImportFailedError]]:
    """Yield each model of the repository by name, or the error of its config."""
    for path in sorted(repository.iterdir()):
        if path.is_dir() and not path.name.startswith("."):
            try:
                yield path.name, ModelFolder(path, _read(path))
            except ImportFailedError as failure:
                yield path.name, failure


def is_model(path: Path) -> bool:
    """Return whether `path` is one model's folder instead of a repository."""
    inside = [child for child in path.iterdir() if child.is_dir() and child.name[0] != "."]
    if any((child / CONFIG).exists() for child in inside):
        return False
    are_versions = all(child.name.isdigit() for child in inside)
    return are_versions and (bool(inside) or (path / CONFIG).exists())


def _read(folder: Path) -> ModelConfig:
    path = folder / CONFIG
    try:
        text = _text(path)
        if text.startswith(_BYTE_ORDER_MARK):
            raise ImportFailedError(
                "found a byte order mark at the beginning of its config.pbtxt, expected none,"
                " since Triton does not load such a model; save it as UTF-8 without a BOM"
            )
        return parse_pbtxt(text, path=f"{folder.name}/{CONFIG}")
    except FileNotFoundError:
        if sentence := misnamed_config(folder):
            raise ImportFailedError(sentence) from None
        return ModelConfig()  # Triton completes it from the files, and so does the import
    except ConfigError as error:
        raise ImportFailedError(str(error)) from error
    except UnicodeDecodeError as error:
        raise ImportFailedError(
            f"found byte {error.object[error.start]:#x} at {error.start} of its config.pbtxt,"
            " expected UTF-8; save it as UTF-8"
        ) from error
    except OSError as error:
        raise ImportFailedError(f"{folder.name}/{CONFIG} cannot be read: {error}") from error


def _text(path: Path) -> str:
    if path.exists() and not path.is_file():
        raise ImportFailedError(f"found {CONFIG} that is not a file, expected a file; replace it")
    with path.open("rb") as file:
        text = file.read(MOST_CONFIG + 1)
    if len(text) > MOST_CONFIG:
        raise ImportFailedError(
            f"found more than {MOST_CONFIG:,} bytes of config.pbtxt, expected at most that many;"
            " shorten it: a ConfigMap holds no more"
        )
    # Protobuf's reader of strings takes time quadratic in the length of such a run.
    if b"\\" * (MOST_BACKSLASHES + 1) in text:
        raise ImportFailedError(
            f"found more than {MOST_BACKSLASHES} backslashes in a row in its config.pbtxt, expected"
            " at most that many; remove those that escape nothing"
        )
    return text.decode("utf-8")


def sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
