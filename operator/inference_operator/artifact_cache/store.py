"""Files named by their SHA-256, up to a limit of bytes: the least recently used ones make room.

Nothing here waits or speaks to anybody. Uses are kept as the files' modification times, so that a
restarted server knows them.
"""

import hashlib
import os
import secrets
import stat
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from inference_operator.artifact_cache.room import Held, Wish, make_room

_INCOMING = ".incoming-"
# Room is made for so many bytes at a time, as they come.
BLOCK = 1 << 20
# So much may wait to reach the disk: the last wait, before the answer, is then a short one.
_UNSYNCED = 64 << 20
# Inodes and memory are limited too.
MOST_FILES = 4096


class TooLargeError(Exception):
    """The cache has no room for it, now or at all."""


class WrongDigestError(Exception):
    """What came is not what it was called."""


@dataclass(slots=True)
class Store:
    """The files below `folder`, together never more than `limit` bytes, unfinished ones included.

    Small files take room as if they had a 4,096th of the limit: so their number is limited too.
    `evicted` counts files that made room. `seal`, `write` and `drop_spoiled` wait for the disk and
    may run in threads; all else belongs to one.
    """

    folder: Path
    limit: int
    evicted: int = 0
    clock: Callable[[], int] = time.time_ns
    _arriving: dict[Path, Held] = field(default_factory=dict)
    _kept: dict[str, Held] = field(default_factory=dict)
    _sizes: dict[str, int] = field(default_factory=dict)
    _read: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in self.folder.iterdir():
            info = path.lstat()
            if path.name.startswith(_INCOMING):
                path.unlink()
            elif stat.S_ISREG(info.st_mode) and not path.name.startswith("."):
                self._put(path.name, info.st_size, info.st_mtime_ns, "")
        self._make_room(0, "")

    def find(self, sha256: str, now_ns: int) -> Path | None:
        """The file of this digest, used now; None when it is not there."""
        path = self.folder / sha256
        try:
            os.utime(path, ns=(now_ns, now_ns))
        except FileNotFoundError:
            self._forget(sha256)
            return None
        if kept := self._kept.get(sha256):
            kept.used = now_ns
        return path

    @contextmanager
    def read(self, sha256: str, now_ns: int) -> Iterator[IO[bytes]]:
        """The open file of this digest, used now; it makes no room while the context lasts.

        FileNotFoundError when it is not there.
        """
        path = self.find(sha256, now_ns)
        if path is None:
            raise FileNotFoundError(sha256)
        self._read[sha256] += 1
        try:
            with path.open("rb") as file:
                yield file
        finally:
            self._read[sha256] -= 1
            if not self._read[sha256]:
                del self._read[sha256]

    def has(self, sha256: str) -> bool:
        return (self.folder / sha256).exists()

    @property
    def size(self) -> int:
        """Bytes of all complete files."""
        return sum(self._sizes.copy().values())

    @property
    def count(self) -> int:
        return len(self._kept)

    def drop_corrupt(self, sha256: str) -> bool:
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
        self._forget(sha256)
        return True

    def begin(self, sha256: str, size: int, peer: str = "") -> "Upload":
        """A peer announces a file of `size` bytes; TooLargeError when that is beyond the limit.

        Nothing makes room for what was only announced.
        """
        if size > self.limit:
            raise TooLargeError(
                f"found an artifact of {size:,} bytes, expected at most {self.limit:,}: raise the"
                " cache's --limit"
            )
        path = self.folder / f"{_INCOMING}{secrets.token_hex(8)}"
        self._arriving[path] = Held(0, self.clock(), peer)
        return Upload(self, sha256, size, path, path.open("wb"))

    def expand(self, path: Path, size: int) -> None:
        """Make room for what arrives at `path` and will have `size` bytes; TooLargeError when there
        is none, or when it has made room for others itself."""
        held = self._arriving.get(path)
        if held is None:
            raise TooLargeError(
                "other peers needed the room that this upload had beyond its share: try again later"
            )
        room = self._room(size)
        if room > held.room:
            self._make_room(room - held.room, held.peer)
            held.room = room

    def _room(self, size: int) -> int:
        """What a file of so many bytes takes of the limit."""
        return max(size, -(-self.limit // MOST_FILES))

    def _make_room(self, room: int, peer: str) -> None:
        """Remove what makes room for this peer, or nothing: TooLargeError."""
        wish = Wish(room, peer, self.clock(), self.limit)
        removals = make_room(wish, self._kept, self._arriving, self._read)
        if removals is None:
            raise TooLargeError(
                "other artifacts fill the cache, which are arriving, read, or used in the last"
                " minutes: try again later"
            )
        going, ending = removals
        for sha256 in going:
            (self.folder / sha256).unlink(missing_ok=True)
            self._forget(sha256)
        for path in ending:
            del self._arriving[path]
            # It is still open, and would keep its room until its peer sends on.
            with suppress(FileNotFoundError):
                os.truncate(path, 0)
        self.evicted += len(going)

    def _put(self, sha256: str, size: int, used: int, peer: str) -> None:
        self._kept[sha256], self._sizes[sha256] = Held(self._room(size), used, peer), size

    def _forget(self, sha256: str) -> None:
        self._kept.pop(sha256, None)
        self._sizes.pop(sha256, None)

    def commit(self, upload: "Upload", now_ns: int) -> None:
        """Put what is sealed in its place; TooLargeError as for `expand`."""
        if kept := self._kept.get(upload.sha256):
            # Another peer was faster: it stays that one's.
            kept.used = now_ns
            return
        self.expand(upload.path, upload.size)
        os.utime(upload.path, ns=(now_ns, now_ns))
        upload.path.rename(self.folder / upload.sha256)
        peer = self._arriving.pop(upload.path).peer
        self._put(upload.sha256, upload.size, now_ns, peer)

    def end(self, path: Path) -> None:
        self._arriving.pop(path, None)
        path.unlink(missing_ok=True)


@dataclass(slots=True)
class Upload:
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

    def reserve(self, size: int) -> None:
        """Room for the next bytes; WrongDigestError for more than announced, or TooLargeError."""
        self._came += size
        if self._came > self.size:
            raise WrongDigestError(f"more than the announced {self.size:,} bytes came")
        if self._came > self._room:
            self._room = min(self._came + BLOCK, self.size)
        self.store.expand(self.path, self._room)

    def write(self, chunk: bytes) -> None:
        self.file.write(chunk)
        self._digest.update(chunk)
        self._unsynced += len(chunk)
        if self._unsynced >= _UNSYNCED:
            self._sync()

    def verify(self) -> None:
        """Check that it is what it is called, or raise WrongDigestError; then see it on the disk.

        A name that outlived a crash of the node whose bytes did not would be a spoiled copy.
        """
        digest = self._digest.hexdigest()
        if digest != self.sha256:
            raise WrongDigestError(f"found sha256 {digest}, expected {self.sha256}")
        self._sync()

    def _sync(self) -> None:
        self.file.flush()
        os.fsync(self.file.fileno())
        self._unsynced = 0

    def commit(self, now_ns: int) -> None:
        """Put what is sealed in its place."""
        self.file.close()
        self.store.commit(self, now_ns)

    def close(self) -> None:
        """Remove what was not kept."""
        self.file.close()
        self.store.end(self.path)
