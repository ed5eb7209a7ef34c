"""Files named by their SHA-256, up to a limit of bytes: the least recently used ones make room.

Nothing here waits or speaks to anybody. Uses are kept as the files' modification times, so that a
restarted server knows them.
"""

import hashlib
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

_INCOMING = ".incoming-"


class TooLargeError(Exception):
    """The cache's whole limit would not hold it."""


class WrongDigestError(Exception):
    """What came is not what it was called."""


@dataclass(slots=True)
class Store:
    """The files below `folder`, together never more than `limit` bytes, unfinished ones included.

    `evicted` counts files that made room.
    """

    folder: Path
    limit: int
    evicted: int = 0
    _arriving: dict[Path, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for left in self.folder.glob(f"{_INCOMING}*"):
            left.unlink()
        self._make_room(0)

    def find(self, sha256: str, now_ns: int) -> Path | None:
        """The file of this digest, used now; None when it is not there."""
        path = self.folder / sha256
        try:
            os.utime(path, ns=(now_ns, now_ns))
        except FileNotFoundError:
            return None
        return path

    def has(self, sha256: str) -> bool:
        return (self.folder / sha256).exists()

    @property
    def size(self) -> int:
        """Bytes of all complete files."""
        return sum(size for _, size, _ in self._files())

    @property
    def count(self) -> int:
        return len(self._files())

    def begin(self, sha256: str, size: int) -> "Arrival":
        """Make room for a file of `size` bytes; TooLargeError when that is beyond the limit."""
        if size > self.limit:
            raise TooLargeError(
                f"found an artifact of {size:,} bytes, expected at most {self.limit:,}: raise the"
                " cache's --limit"
            )
        self._make_room(size)
        path = self.folder / f"{_INCOMING}{secrets.token_hex(8)}"
        self._arriving[path] = size
        return Arrival(self, sha256, size, path, path.open("wb"))

    def _make_room(self, size: int) -> None:
        """Unlink the least recently used files; whoever reads one still reads it to its end."""
        files = sorted(self._files())
        held = sum(found for _, found, _ in files) + sum(self._arriving.values())
        while files and held + size > self.limit:
            _, freed, path = files.pop(0)
            path.unlink(missing_ok=True)
            held -= freed
            self.evicted += 1
        if held + size > self.limit:
            raise TooLargeError("other artifacts are arriving that fill the cache: try again later")

    def _files(self) -> list[tuple[int, int, Path]]:
        found = []
        for path in self.folder.iterdir():
            if not path.name.startswith("."):
                stat = path.stat()
                found.append((stat.st_mtime_ns, stat.st_size, path))
        return found

    def end(self, path: Path) -> None:
        self._arriving.pop(path, None)
        path.unlink(missing_ok=True)


@dataclass(slots=True)
class Arrival:
    """A file on its way in: it appears whole and checked, or not at all."""

    store: Store
    sha256: str
    size: int
    path: Path
    file: IO[bytes]
    _digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    _written: int = 0

    def write(self, chunk: bytes) -> None:
        """Take the next bytes; WrongDigestError for more than were announced."""
        self._written += len(chunk)
        if self._written > self.size:
            raise WrongDigestError(f"more than the announced {self.size:,} bytes came")
        self.file.write(chunk)
        self._digest.update(chunk)

    def keep(self, now_ns: int) -> None:
        """Put it in its place, or raise WrongDigestError."""
        self.file.close()
        found = self._digest.hexdigest()
        if found != self.sha256:
            raise WrongDigestError(f"found sha256 {found}, expected {self.sha256}")
        os.utime(self.path, ns=(now_ns, now_ns))
        self.path.rename(self.store.folder / self.sha256)

    def close(self) -> None:
        """Remove what was not kept."""
        self.file.close()
        self.store.end(self.path)
