"""What a download needs of a source, whatever its scheme: the files there, and their bytes."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

MOST_FILES = 10_000
"""How many files a folder of a remote source may have."""


class RangeError(Exception):
    """The source no longer has the bytes that a resumed download asked for."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes from `start` up to `end`, which is not among them; None: all that follow."""

    start: int = 0
    end: int | None = None

    @property
    def header(self) -> str | None:
        """The value of an HTTP `Range` header; None for the whole."""
        if not self.start and self.end is None:
            return None
        return f"bytes={self.start}-{'' if self.end is None else self.end - 1}"


WHOLE = ByteRange()


@dataclass(frozen=True, slots=True)
class Answer:
    """Bytes from `start` on; `total` is the size of the whole file, where the source says it.

    `etag` names the file's version. `body` raises TransientError when the connection breaks.
    `ranges`: the source says that it can be asked for a part.
    """

    body: Iterator[bytes]
    start: int
    total: int | None
    etag: str | None
    ranges: bool = False


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file of a source. `name`: its path in the folder, whose suffix tells an archive.

    `sha256` where the source itself says what the bytes must be.
    """

    name: str
    uri: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """What lies at an address: one file, or a folder of them."""

    files: tuple[RemoteFile, ...]
    is_folder: bool = False


class ArtifactSource(Protocol):
    """A source of artifacts: LoadError is final, TransientError may pass."""

    def files(self, uri: str) -> Listing:
        """What lies at the address."""

    def get(
        self, uri: str, span: ByteRange = WHOLE, etag: str | None = None
    ) -> AbstractContextManager[Answer]:
        """Bytes of a file, of the version `etag` only; RangeError when it has another one now."""
