"""The model repository on disk: models are staged beside it, and renamed into it when complete.

`OUTPUT/<name>` exists exactly when the model is complete and verified: a container that starts
again finds either a complete model or none. Triton takes every folder of the repository for a
model, so the staging folders are gone at the end, and the record of a model is a file inside it.
"""

import hashlib
import json
import os
import shutil
from pathlib import Path

from inference_operator.api.problem import SOURCE_URI, Problem
from inference_operator.api.quoting import quoted
from inference_operator.api.reasons import Reason
from inference_operator.domain.digests_file import LOADED_FILE
from inference_operator.domain.load_report import LoadedModel
from inference_operator.domain.repository_plan import RepositoryPlan
from inference_operator.load.failure import LoadError
from inference_operator.load.plan import ModelOrder
from model_builders.file_names import PLAIN_NAME, is_plain_name

_STAGING = ".load-"


class Staging:
    """The staging folder of one model."""

    def __init__(self, output: Path, order: ModelOrder) -> None:
        name = order.model.name
        self._order = order
        self._place = output / name
        self.work = output / f"{_STAGING}{name}"
        self._model = self.work / "model"
        self._lifted = self.work / "lifted"
        self.version = self._model / str(order.model.version)
        self.download = self.work / "download"

    def complete(self) -> LoadedModel | None:
        """Return the model that an earlier container laid out for the same order; else None."""
        if self._place.is_symlink():
            return None
        try:
            record = json.loads((self._place / LOADED_FILE).read_text())
            loaded = LoadedModel(self._order.model.name, record["sha256"], record["bytes"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return loaded if record.get("order") == _identity(self._order) else None

    def prepare(self) -> None:
        """Make an empty version folder; an unfinished download stays.

        Containers of a pod share the volume. Links that one left here are removed, so that no
        write goes through a link.
        """
        if self.work.is_dir() and not self.work.is_symlink():
            _remove_links(self.work)
        else:
            _remove(self.work)
        _remove(self._model)
        _remove(self._lifted)
        self.version.mkdir(parents=True)

    def put(self, file: Path, name: str) -> None:
        """Move the artifact's only file into the version's folder, under the name that the config
        gives it, or its own.

        LoadError for a name that would leave the folder, or that another file has.
        """
        target = self.version / name
        if not is_plain_name(name):
            raise _refused(
                f"{quoted(name)} as its main file",
                PLAIN_NAME,
                "rename it, or set default_model_filename in triton.configOverrides",
            )
        if os.path.lexists(target):
            raise _refused(f"two files that would be called {name}", "one", "rename one of them")
        file.rename(target)

    def unwrap(self, main_file: str) -> None:
        """Make an archive's only folder the version's folder when it has the main file."""
        inside = list(self.version.iterdir())
        if len(inside) != 1 or not inside[0].is_dir() or inside[0].is_symlink():
            return
        if (inside[0] / main_file).exists():
            inside[0].rename(self._lifted)
            self.version.rmdir()
            self._lifted.rename(self.version)

    def finish(self, loaded: LoadedModel) -> None:
        """Move the complete model into the repository."""
        (self._model / "config.pbtxt").write_text(self._order.config, "utf-8")
        record = {
            "order": _identity(self._order),
            "sha256": loaded.sha256,
            "bytes": loaded.bytes,
        }
        (self._model / LOADED_FILE).write_text(json.dumps(record))
        _remove(self._place)
        self._model.rename(self._place)
        self.discard()

    def discard(self) -> int:
        """Remove the staging folder; return the bytes that it had."""
        files = [path for path in self.work.rglob("*") if path.is_file()]
        written = sum(path.lstat().st_size for path in files)
        _remove(self.work)
        return written


def _refused(value: str, requirement: str, remedy: str) -> LoadError:
    problem = Problem(SOURCE_URI, value, requirement, remedy)
    return LoadError.of(Reason.ARTIFACT_INVALID, [problem])


def remove_staging(output: Path) -> None:
    """Remove every staging folder: Triton would load one as a model."""
    for left in output.glob(f"{_STAGING}*"):
        _remove(left)


def _remove(path: Path) -> None:
    """Remove a folder, or the file or link in its place; the target of a link stays."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _remove_links(folder: Path) -> None:
    for inside, folders, files in os.walk(folder):
        for entry in (*folders, *files):
            path = Path(inside, entry)
            if path.is_symlink():
                path.unlink()


def _identity(order: ModelOrder) -> str:
    text = RepositoryPlan((order.model,)).to_json() + order.config
    return hashlib.sha256(text.encode()).hexdigest()
