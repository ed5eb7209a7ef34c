"""The init container's work on one artifact, in a folder of its own, and what it must never do."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from inference_operator.domain.repository_plan import CONFIG_SUFFIX, PLAN_FILE
from inference_operator.load import loader
from inference_operator.load.failure import LoadError
from inference_operator.load.fetch import Fetcher
from inference_operator.load.loader import Folders, Loader
from inference_operator.load.plan import read_plan
from inference_operator.load.transfer import space
from inference_operator.load.transfer.retry import RetryPolicy
from inference_operator.load.transfer.source import ArtifactSource
from tests.fuzz.target import OracleError

FREE = 8 << 20
"""Bytes of the volume that an artifact may fill."""

_CONFIGS = {
    "onnx": 'name: "m" backend: "onnxruntime" input { name: "x" data_type: TYPE_FP32 dims: 4 }'
    ' output { name: "y" data_type: TYPE_FP32 dims: 1 }',
    "python": 'name: "m" backend: "python" input { name: "x" data_type: TYPE_FP32 dims: 4 }'
    ' output { name: "y" data_type: TYPE_FP32 dims: 1 }',
}
_PLAN = (
    '{{"models":[{{"name":"m","version":1,"format":"{format}","source":{{"uri":"{uri}",'
    '"sha256":null}},"credentials":null}}]}}'
)
_MEMORY = "/dev/shm"

for _module in (space, loader):
    _module.free_bytes = lambda folder: FREE  # type: ignore[attr-defined]


def scratch() -> "tempfile.TemporaryDirectory[str]":
    """Return a new folder, in memory where there is such a file system."""
    return tempfile.TemporaryDirectory(dir=_MEMORY if Path(_MEMORY).is_dir() else None)


def loaded(
    uri: str,
    format: str,
    source: ArtifactSource | None = None,
    claim: dict[str, bytes] | None = None,
) -> Iterator[str]:
    """Load one model; yield the message of its refusal.

    `claim` holds the files of the claim `weights`. OracleError where anything was written outside
    of the model repository, or more than there is room for.
    """
    with scratch() as name:
        folder = Path(name)
        folders = Folders(folder / "models", folder / "credentials", folder / "claims")
        for place in (folders.output, folders.credentials, folders.claims / "weights"):
            place.mkdir(parents=True)
        for path, content in (claim or {}).items():
            (folders.claims / "weights" / path).write_bytes(content)
        (folder / PLAN_FILE).write_text(_PLAN.format(format=format, uri=uri))
        (folder / f"m{CONFIG_SUFFIX}").write_text(_CONFIGS[format])
        before = _tree(folder, folders.output)
        try:
            Loader(folders, lambda *_: _fetcher(source)).load(read_plan(folder))
        except LoadError as failure:
            yield str(failure)
            if [*folders.output.iterdir()] and not _is_staging_only(folders.output):
                raise OracleError("a refused model in the repository") from failure
        if _tree(folder, folders.output) != before:
            raise OracleError("a file outside of the model repository")
        _check_repository(folders.output)


def _fetcher(source: ArtifactSource | None) -> Fetcher:
    assert source is not None
    return Fetcher(source, RetryPolicy(attempts=1))


def _check_repository(output: Path) -> None:
    root, size = os.path.realpath(output), 0
    for folder, folders, files in os.walk(output):
        for name in (*folders, *files):
            path = Path(folder, name)
            size += path.lstat().st_size
            if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(root):
                raise OracleError(f"a link out of the model repository: {path.readlink()}")
    if size > 2 * FREE:
        raise OracleError(f"{size:,} bytes in the model repository, of {FREE:,}")


def _is_staging_only(output: Path) -> bool:
    return all(path.name.startswith(".load-") for path in output.iterdir())


def _tree(folder: Path, without: Path) -> dict[str, int]:
    return {
        str(path): path.lstat().st_size
        for path in folder.rglob("*")
        if not path.is_relative_to(without) and not path.is_dir()
    }
