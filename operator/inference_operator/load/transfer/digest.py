"""Digests of artifacts: a file's SHA-256, and a folder's, which is the same on every machine.

A folder's digest is the SHA-256 of what `sha256sum` prints for its files, sorted by path:

    find -L . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum
"""

import errno
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from inference_operator.api.problem import Problem
from inference_operator.api.reasons import Reason
from inference_operator.load.failure import LoadError
from inference_operator.load.layout.links import MAX_DEPTH, shown

CHUNK = 1 << 20
MOST_FILES = 100_000
"""The most files that a folder on a disk may have."""


@dataclass(frozen=True, slots=True)
class FolderFile:
    """A file of a folder: its relative POSIX path, and the path of its bytes."""

    relative: str
    path: Path


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_digest(digests: Mapping[str, str]) -> str:
    """Return the digest of a folder from its files' digests by relative path."""
    whole = hashlib.sha256()
    for name in sorted(digests, key=os.fsencode):
        whole.update(f"{digests[name]}  ".encode() + os.fsencode(name) + b"\n")
    return whole.hexdigest()


def digest_of(path: Path) -> str:
    """Return the digest that `source.sha256` pins: of a file, or of a folder and its files."""
    if not path.is_dir():
        return file_digest(path)
    return folder_digest({file.relative: file_digest(file.path) for file in files_of(path)})


def files_of(folder: Path, boundary: Path | None = None) -> Iterator[FolderFile]:
    """Yield every file below `folder`, links followed; none may lead out of `boundary`.

    LoadError for entries that cannot be served: links that leave or never end, devices, sockets,
    and names with line breaks (two folders could then have one digest).
    """
    limit = Path(os.path.realpath(boundary)) if boundary else None
    yield from _Walk(limit).files(folder, "", (os.path.realpath(folder),))


def real_path(path: str) -> str | None:
    """Return where a path leads; None through more links than Linux follows.

    `realpath` has no such bound, and calls itself for each link.
    """
    try:
        Path(path).stat()
    except OSError as error:
        if error.errno == errno.ELOOP:
            return None
    return os.path.realpath(path)


class _Walk:
    """A walk over a folder; it counts the entries, since links may show one folder many times."""

    def __init__(self, limit: Path | None) -> None:
        self._limit = limit
        self._seen = 0

    def files(self, folder: Path, prefix: str, above: tuple[str, ...]) -> Iterator[FolderFile]:
        if len(above) > MAX_DEPTH:
            raise _invalid(shown(prefix), f"is more than {MAX_DEPTH} folders deep")
        names = _names(folder)
        self._seen += len(names)
        if self._seen > MOST_FILES:
            raise _too_many(prefix or folder.name)
        for name in sorted(names, key=os.fsencode):
            relative = prefix + name
            real = real_path(f"{folder}/{name}")
            if real is None:
                raise _invalid(shown(relative), "leads through more links than Linux follows")
            _check_entry(relative, real, self._limit)
            if Path(real).is_dir():
                if real in above:
                    raise _invalid(relative, "is a link to a folder that it is in")
                yield from self.files(Path(real), f"{relative}/", (*above, real))
            elif Path(real).is_file():
                yield FolderFile(relative, Path(real))
            else:
                raise _invalid(relative, "is neither a file nor a folder, or a link to nothing")


def _names(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        names = [entry.name for entry in islice(entries, MOST_FILES + 1)]
    if len(names) > MOST_FILES:
        raise _too_many(folder.name)
    return names


def _too_many(folder: str) -> LoadError:
    value = f"more than {MOST_FILES:,} files or folders"
    problem = Problem(shown(folder), value, "at most that many", "pack them into fewer files")
    return LoadError.of(Reason.ARTIFACT_INVALID, [problem])


def _check_entry(relative: str, real: str, limit: Path | None) -> None:
    if "\n" in relative:
        raise _invalid(repr(relative), "has a line break in its name")
    if limit is not None and not Path(real).is_relative_to(limit):
        raise _invalid(relative, "is a link that leads out of the volume claim")


def _invalid(name: str, problem: str) -> LoadError:
    remedy = "remove it from the artifact's folder"
    return LoadError(Reason.ARTIFACT_INVALID, f"it {problem}", remedy, name)
