"""Files named by their SHA-256, up to a limit of bytes; the least recently used ones are evicted.

A file's modification time is that of its last use, so that it survives a restart of the server.
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

from inference_operator.artifact_cache.eviction import Held, Wish, make_room

_INCOMING = ".incoming-"
# Uploads reserve room in steps of this size.
BLOCK = 1 << 20
# The most bytes that may wait to reach the disk: the last wait, before the answer, is then short.
_UNSYNCED = 64 << 20
# Inodes and memory are limited too.
MOST_FILES = 4096


class TooLargeError(Exception):
    """An artifact that the cache has no room for, now or at all."""


class WrongDigestError(Exception):
    """An upload whose content does not match its digest or size."""


@dataclass(slots=True)
class ArtifactStore:
    """The files below `folder`, unfinished ones included: never more than `limit` bytes together.

    A file counts as at least a 4,096th of the limit, which limits the number of files too.
    `evicted` counts evicted files. `verify`, `write` and `drop_corrupt` wait for the disk and may
    run in threads; everything else must run in one thread.
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
        """Return the file with this digest and note its use; None if the cache does not have it."""
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
        """Open the file with this digest and note its use; it is not evicted in the context.

        FileNotFoundError if the cache does not have it.
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
        """Remove the file if its content does not match its digest; return whether it is gone."""
        path = self.folder / sha256
        try:
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() == sha256:
                    return False
        except OSError:
            # It does not exist, or the disk fails to read it.
            pass
        path.unlink(missing_ok=True)
        self._forget(sha256)
        return True

    def begin(self, sha256: str, size: int, peer: str = "") -> "Upload":
        """Begin an upload of `size` bytes; TooLargeError when that is beyond the limit.

        Nothing is evicted for an upload that was only announced.
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
        """Make room for `size` bytes of the upload at `path`; TooLargeError where it is too little,
        or where the upload itself was evicted."""
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
        """Return the bytes of the limit that a file of this size uses."""
        return max(size, -(-self.limit // MOST_FILES))

    def _make_room(self, room: int, peer: str) -> None:
        """Evict files to make room for this peer, or raise TooLargeError and evict nothing."""
        wish = Wish(room, peer, self.clock(), self.limit)
        removals = make_room(wish, self._kept, self._arriving, self._read)
        if removals is None:
            raise TooLargeError(
                "the cache is full of artifacts that are arriving, being read, or were used in the"
                " last minutes: try again later"
            )
        going, ending = removals
        for sha256 in going:
            (self.folder / sha256).unlink(missing_ok=True)
            self._forget(sha256)
        for path in ending:
            del self._arriving[path]
            # The file is still open, and would keep its room until its peer sends more.
            with suppress(FileNotFoundError):
                os.truncate(path, 0)
        self.evicted += len(going)

    def _put(self, sha256: str, size: int, used: int, peer: str) -> None:
        self._kept[sha256], self._sizes[sha256] = Held(self._room(size), used, peer), size

    def _forget(self, sha256: str) -> None:
        self._kept.pop(sha256, None)
        self._sizes.pop(sha256, None)

    def commit(self, upload: "Upload", now_ns: int) -> None:
        """Put a verified upload in its place; TooLargeError as for `expand`."""
        if kept := self._kept.get(upload.sha256):
            # Another peer was faster: the file stays with that peer.
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
    """A file on its way in: it appears complete and verified, or not at all.

    Each chunk is reserved, then written. In the end the upload is verified and committed.
    """

    store: ArtifactStore
    sha256: str
    size: int
    path: Path
    file: IO[bytes]
    _digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    _came: int = 0
    _room: int = 0
    _unsynced: int = 0

    def reserve(self, size: int) -> None:
        """Reserve room, or raise TooLargeError; WrongDigestError beyond the announced size."""
        self._came += size
        if self._came > self.size:
            raise WrongDigestError(f"received more than the announced {self.size:,} bytes")
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
        """Check the digest, or raise WrongDigestError; then wait until the bytes are on the disk.

        A name that survived a crash of the node without its bytes would be a corrupt copy.
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
        """Put the verified file in its place."""
        self.file.close()
        self.store.commit(self, now_ns)

    def close(self) -> None:
        """Remove the upload if it was not committed."""
        self.file.close()
        self.store.end(self.path)
