"""Files named by their SHA-256, up to a limit of bytes: the least recently used ones make room.

Nothing here waits or speaks to anybody. Uses are kept as the files' modification times, so that a
restarted server knows them.
"""

import hashlib
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

_INCOMING = ".incoming-"
# Room is made for so many bytes at a time, as they come.
BLOCK = 1 << 20
# So much may wait to reach the disk: the last wait, before the answer, is then a short one.
_UNSYNCED = 64 << 20


class TooLargeError(Exception):
    """The cache's whole limit would not hold it."""


class WrongDigestError(Exception):
    """What came is not what it was called."""


@dataclass(slots=True)
class Store:
    """The files below `folder`, together never more than `limit` bytes, unfinished ones included.

    `evicted` counts files that made room. `seal`, `write` and `drop_spoiled` wait for the disk and
    may run in threads; all else belongs to one.
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

    def drop_spoiled(self, sha256: str) -> bool:
        """Remove the file if its content is not what it is called; whether it is gone now."""
        path = self.folder / sha256
        try:
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() == sha256:
                    return False
        except OSError:
            # It is not there, or the disk does not give it.
            pass
        path.unlink(missing_ok=True)
        return True

    def begin(self, sha256: str, size: int) -> "Arrival":
        """A file of `size` bytes is announced; TooLargeError when that is beyond the limit.

        Nothing makes room for what was only announced.
        """
        if size > self.limit:
            raise TooLargeError(
                f"found an artifact of {size:,} bytes, expected at most {self.limit:,}: raise the"
                " cache's --limit"
            )
        path = self.folder / f"{_INCOMING}{secrets.token_hex(8)}"
        self._arriving[path] = 0
        return Arrival(self, sha256, size, path, path.open("wb"))

    def expand(self, path: Path, size: int) -> None:
        """Make room for `size` further bytes of what arrives at `path`, or raise TooLargeError."""
        self._make_room(size)
        self._arriving[path] += size

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
                with suppress(FileNotFoundError):
                    stat = path.stat()
                    found.append((stat.st_mtime_ns, stat.st_size, path))
        return found

    def end(self, path: Path) -> None:
        self._arriving.pop(path, None)
        path.unlink(missing_ok=True)


@dataclass(slots=True)
class Arrival:
    """A file on its way in: it appears whole and checked, or not at all.

    Each chunk is expected, then written; then it is sealed, then kept.
    """

    store: Store
    sha256: str
    size: int
    path: Path
    file: IO[bytes]
    _digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    _came: int = 0
    _room: int = 0
    _unsynced: int = 0

    def expect(self, size: int) -> None:
        """Room for the next bytes; WrongDigestError for more than announced, or TooLargeError."""
        self._came += size
        if self._came > self.size:
            raise WrongDigestError(f"more than the announced {self.size:,} bytes came")
        if self._came > self._room:
            more = min(self._came - self._room + BLOCK, self.size - self._room)
            self.store.expand(self.path, more)
            self._room += more

    def write(self, chunk: bytes) -> None:
        self.file.write(chunk)
        self._digest.update(chunk)
        self._unsynced += len(chunk)
        if self._unsynced >= _UNSYNCED:
            self._sync()

    def seal(self) -> None:
        """Check that it is what it is called, or raise WrongDigestError; then see it on the disk.

        A name that outlived a crash of the node whose bytes did not would be a spoiled copy.
        """
        found = self._digest.hexdigest()
        if found != self.sha256:
            raise WrongDigestError(f"found sha256 {found}, expected {self.sha256}")
        self._sync()

    def _sync(self) -> None:
        self.file.flush()
        os.fsync(self.file.fileno())
        self._unsynced = 0

    def keep(self, now_ns: int) -> None:
        """Put what is sealed in its place."""
        self.file.close()
        os.utime(self.path, ns=(now_ns, now_ns))
        self.path.rename(self.store.folder / self.sha256)

    def close(self) -> None:
        """Remove what was not kept."""
        self.file.close()
        self.store.end(self.path)
