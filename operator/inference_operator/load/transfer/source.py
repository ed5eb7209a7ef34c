"""The protocol of artifact sources, for every scheme: the files there, and their bytes."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

MOST_FILES = 10_000
"""The most files that a folder of a remote source may have."""


class RangeError(Exception):
    """A source no longer has the bytes that a resumed download requested."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes from `start` up to `end`, exclusive; None: all bytes that follow."""

    start: int = 0
    end: int | None = None

    @property
    def header(self) -> str | None:
        """Return the value of an HTTP `Range` header; None for the whole file."""
        if not self.start and self.end is None:
            return None
        return f"bytes={self.start}-{'' if self.end is None else self.end - 1}"


WHOLE = ByteRange()


@dataclass(frozen=True, slots=True)
class Answer:
    """Bytes from `start` on; `total` is the size of the whole file, where the source reports it.

    `etag` names the file's version. `body` raises TransientError when the connection breaks.
    `ranges`: the source reports that it can send parts.
    """

    body: Iterator[bytes]
    start: int
    total: int | None
    etag: str | None
    ranges: bool = False


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file of a source. `name`: its path in the folder, whose suffix marks an archive.

    `sha256` where the source itself declares the digest.
    """

    name: str
    uri: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """The content of an address: one file, or a folder of files."""

    files: tuple[RemoteFile, ...]
    is_folder: bool = False


class ArtifactSource(Protocol):
    """A source of artifacts: LoadError is final, TransientError may pass."""

    def files(self, uri: str) -> Listing:
        """List the files at the address."""

    def get(
        self, uri: str, span: ByteRange = WHOLE, etag: str | None = None
    ) -> AbstractContextManager[Answer]:
        """Read a file's bytes, of the version `etag` only; RangeError if it has changed."""
