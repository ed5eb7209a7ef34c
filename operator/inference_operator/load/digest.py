"""Digests of artifacts: a file's SHA-256, and a folder's, which is the same on every machine.

A folder's digest is the SHA-256 of what `sha256sum` prints for its files, sorted by path:

    find -L . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from inference_operator.api.reasons import Reason
from inference_operator.load.failure import LoadError

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class FolderFile:
    """A file of a folder: its path in it, in POSIX form, and where its bytes are."""

    relative: str
    path: Path


def file_digest(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_digest(digests: Mapping[str, str]) -> str:
    """Digest of a folder, from its files' digests by relative path."""
    whole = hashlib.sha256()
    for name in sorted(digests, key=os.fsencode):
        whole.update(f"{digests[name]}  ".encode() + os.fsencode(name) + b"\n")
    return whole.hexdigest()


def digest_of(path: Path) -> str:
    """The digest that `source.sha256` pins: of a file, or of a folder and all that is in it."""
    if not path.is_dir():
        return file_digest(path)
    return folder_digest({file.relative: file_digest(file.path) for file in files_of(path)})


def files_of(folder: Path, boundary: Path | None = None) -> Iterator[FolderFile]:
    """Every file below `folder`, links followed; none may lead out of `boundary`.

    Raises LoadError for what cannot be served: links that leave or never end, devices, sockets,
    and names with line breaks (two folders could then have one digest).
    """
    limit = Path(os.path.realpath(boundary)) if boundary else None
    yield from _walk(folder, "", limit, (os.path.realpath(folder),))


def _walk(
    folder: Path, prefix: str, limit: Path | None, above: tuple[str, ...]
) -> Iterator[FolderFile]:
    for entry in sorted(os.scandir(folder), key=lambda found: os.fsencode(found.name)):
        relative = prefix + entry.name
        real = os.path.realpath(entry.path)
        _check_entry(relative, real, limit)
        if Path(real).is_dir():
            if real in above:
                raise _invalid(relative, "is a link to a folder that it is in")
            yield from _walk(Path(real), f"{relative}/", limit, (*above, real))
        elif Path(real).is_file():
            yield FolderFile(relative, Path(real))
        else:
            raise _invalid(relative, "is neither a file nor a folder, or a link to nothing")


def _check_entry(relative: str, real: str, limit: Path | None) -> None:
    if "\n" in relative:
        raise _invalid(repr(relative), "has a line break in its name")
    if limit is not None and not Path(real).is_relative_to(limit):
        raise _invalid(relative, "is a link that leads out of the volume claim")


def _invalid(name: str, what: str) -> LoadError:
    return LoadError(
        Reason.ARTIFACT_INVALID, f"{name} {what}: remove it from the artifact's folder"
    )
