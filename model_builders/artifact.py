"""Checks of an artifact on disk against the config that would serve it; nothing else is read.

The init container calls `check_artifact` before Triton starts. A wrong file is then a message in
the status instead of a crash loop.
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path

from inference_operator.api.model import ModelFormat
from inference_operator.api.problem import Problem, first
from model_builders.names import main_file_name
from model_builders.onnx_graph import check_onnx, compare
from model_builders.onnx_signature import OnnxSignature, onnx_signature
from model_builders.protobuf import ModelConfig
from model_builders.python_model import check_python
from model_builders.torchscript import check_torchscript

__all__ = ["OnnxSignature", "check_artifact", "compare", "onnx_signature"]

_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_MOST_FILES = 1000
_HEAD = 256


def check_artifact(format: ModelFormat, path: Path, config: ModelConfig) -> list[Problem]:
    """Return the first problems that keep Triton from serving the artifact at `path` with `config`.

    `path` is the artifact's file, or the version folder with the file `names.main_file_name` and
    others for some GPUs (`cc_model_filenames`). Only a backend knows the files of format custom:
    they are checked for what is surely not one of them. Never raises for a bad artifact: an
    unreadable file is a problem too.
    """
    if format is ModelFormat.CUSTOM:
        return first(problem for file in _files_of(path) for problem in _check_content(file))
    if not path.is_dir():
        return first(_check_file(format, path, config))
    main, others = main_file_name(format, config) or "", {*config.cc_model_filenames.values()}
    # GPUs without a file of their own open the main file.
    there = [name for name in sorted(others - {main}) if _is_there(path / name)]
    files = [_opened(format, path / name) for name in (main, *there)]
    return first(problem for file in files for problem in _check_file(format, file, config))


def _is_there(file: Path) -> bool:
    try:
        return file.exists()
    except OSError:
        return True  # reading it gives the reason


def _check_file(format: ModelFormat, file: Path, config: ModelConfig) -> list[Problem]:
    try:
        return _not_an_artifact(file) or _CHECKS[format](file, config)
    except OSError as error:
        return [_unreadable(file, error)]


def _unreadable(file: Path, error: OSError) -> Problem:
    reason = error.strerror or str(error)
    return Problem(file.name, reason, "a file that can be read", "check its permissions")


def _files_of(path: Path) -> Iterable[Path]:
    """Return the file itself, or the files right within the folder, but not all of very many."""
    if not path.is_dir():
        return [path]
    return islice((child for child in sorted(path.iterdir()) if child.is_file()), _MOST_FILES)


def _check_content(file: Path) -> list[Problem]:
    """Check a file of which only its backend knows what it should be."""
    try:
        with file.open("rb") as stream:
            return _not_content(file, stream.read(_HEAD))
    except OSError as error:
        return [_unreadable(file, error)]


def _opened(format: ModelFormat, file: Path) -> Path:
    """Return the file that the backend opens when it is given `file`."""
    # ONNX Runtime's backend takes a folder of that name, with model.onnx and its weights in it.
    return file / "model.onnx" if format is ModelFormat.ONNX and file.is_dir() else file


def _not_an_artifact(file: Path) -> list[Problem]:
    if not file.exists():
        there = sorted(child.name for child in file.parent.iterdir())[:5]
        value = f"no such file (there are: {', '.join(there) or 'no files'})"
        remedy = "rename the file, or set default_model_filename in triton.configOverrides"
        return [Problem(file.name, value, "the model's main file", remedy)]
    if not file.is_file():
        return [Problem(file.name, "a folder", "a file", "point source.uri at the model's file")]
    with file.open("rb") as stream:
        head = stream.read(_HEAD)
    if not head:
        return [Problem(file.name, "an empty file", "a model", "upload the artifact again")]
    return _not_content(file, head)


def _not_content(file: Path, head: bytes) -> list[Problem]:
    """Return a problem if the file's first bytes are those of something in its place."""
    if head.startswith(_LFS_POINTER):
        remedy = "fetch the real file (git lfs pull) before uploading it"
        return [Problem(file.name, "a Git LFS pointer", "the model itself", remedy)]
    if head.lstrip().lower().startswith((b"<!doctype html", b"<html")):
        remedy = "check source.uri and secretRef: a login or error page was downloaded"
        return [Problem(file.name, "an HTML page", "the model itself", remedy)]
    return []


def _check_tensorrt(file: Path, config: ModelConfig) -> list[Problem]:
    """Return no problems: only the TensorRT version that built a plan can read it."""
    return []


_CHECKS: Mapping[ModelFormat, Callable[[Path, ModelConfig], list[Problem]]] = {
    ModelFormat.TORCHSCRIPT: check_torchscript,
    ModelFormat.ONNX: check_onnx,
    ModelFormat.TENSORRT: _check_tensorrt,
    ModelFormat.PYTHON: check_python,
}
