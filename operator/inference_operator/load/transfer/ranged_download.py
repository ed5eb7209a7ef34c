"""A large file fetched in pieces over several connections, into its place in one sparse file.

A record beside the file lists the complete pieces: a container that starts again fetches the
others. Only for files whose version is known (a strong ETag), or whose digest will be checked.
"""

import json
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from inference_operator.api.shown_uri import shown_uri
from inference_operator.load.transfer.progress import Progress
from inference_operator.load.transfer.resumable_download import Download
from inference_operator.load.transfer.retry import Retries, Sleep, TransientError
from inference_operator.load.transfer.source import Answer, ArtifactSource, ByteRange, RangeError
from inference_operator.load.transfer.space import require_space

CONNECTIONS = 4
PIECE = 16 << 20
# A smaller file is as fast over one connection as over four.
PARALLEL_FROM = 4 * PIECE
_FILE, _RECORD = "pieces", "pieces.json"


@dataclass(frozen=True, slots=True)
class RemoteVersion:
    """The size and version of a file that can be fetched in parts."""

    size: int
    etag: str | None

    @classmethod
    def of(cls, answer: Answer, download: Download) -> "RemoteVersion | None":
        """Return None when parts could be of different versions, or cannot be requested."""
        certain = answer.etag is not None or download.pinned
        if answer.total is None or not (answer.ranges and certain):
            return None
        return cls(answer.total, answer.etag)

    @property
    def is_large(self) -> bool:
        """Return whether the file is worth several connections."""
        return self.size >= PARALLEL_FROM


def remove_pieces(folder: Path) -> None:
    """Remove the pieces of an earlier container when the file came as a whole in the end."""
    for name in (_FILE, _RECORD):
        (folder / name).unlink(missing_ok=True)


class RangedDownload:
    """The pieces of one download, those of an earlier container included."""

    def __init__(self, folder: Path, download: Download, whole: RemoteVersion) -> None:
        self._path = folder / _FILE
        self._record = folder / _RECORD
        self._download, self._whole = download, whole
        self._file = -1
        self._lock, self._stop = threading.Lock(), download.downloads.stop.child()
        self._there = self._taken_over()
        self.resumed = bool(self._there)

    @property
    def done(self) -> int:
        """Return the bytes of the complete pieces."""
        return sum(self._end(start) - start for start in self._there)

    def fetch(self, source: ArtifactSource, retries: Callable[[Sleep], Retries]) -> None:
        """Fetch the missing pieces; the first error ends the other connections and their waits.

        RangeError: the file changed, or the server does not send parts of it after all.
        """
        self._download.downloads.hold(self._path, self._whole.size)
        purpose = f"the download of {self._download.model}"
        require_space(self._path.parent, self._whole.size - self.done, purpose)
        progress = Progress(self._download.model, self._whole.size, self.done)
        starts = [at for at in range(0, self._whole.size, PIECE) if at not in self._there]
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            os.ftruncate(self._file, self._whole.size)
            with ThreadPoolExecutor(CONNECTIONS, "download") as connections:
                # A piece that waits for its next attempt must not delay the end.
                sleep = self._stop.pause
                pieces = [
                    connections.submit(self._fetch_one, source, start, retries(sleep), progress)
                    for start in starts
                ]
                self._stop.at_first_error(pieces)
        except RangeError:
            self.discard()
            raise
        finally:
            os.close(self._file)
        progress.end()

    def keep_as(self, path: Path) -> None:
        """Give the complete file its name."""
        self._path.rename(path)
        self.discard()
        self._download.downloads.hold(path, self._whole.size)

    def discard(self) -> None:
        self._record.unlink(missing_ok=True)
        self._path.unlink(missing_ok=True)
        self._download.downloads.hold(self._path, 0)
        self._there.clear()

    def _fetch_one(
        self, source: ArtifactSource, start: int, retries: Retries, progress: Progress
    ) -> None:
        at, end = start, self._end(start)
        while at < end:
            self._stop.check()
            try:
                with source.get(self._download.uri, ByteRange(at, end), self._whole.etag) as answer:
                    self._check(answer, at)
                    for chunk in self._stop.over(answer.body):
                        kept = chunk[: end - at]
                        self._write(at, kept)
                        at += len(kept)
                        progress.add(len(kept))
                        if len(kept) < len(chunk):
                            raise TransientError(f"the server sent more than up to byte {end:,}")
                if at < end:
                    raise TransientError(f"the connection ended at byte {at:,} of {end:,}")
            except TransientError as cut:
                retries.wait(cut, shown_uri(self._download.uri), at)
        self._note(start)

    def _check(self, answer: Answer, at: int) -> None:
        if answer.start != at:
            raise RangeError(f"asked for bytes from {at} on, the server sent the whole")
        if (answer.total, answer.etag) != (self._whole.size, self._whole.etag):
            raise RangeError("the artifact is another one now, by its size or its ETag")

    def _write(self, at: int, chunk: bytes) -> None:
        view = memoryview(chunk)
        while view:
            written = os.pwrite(self._file, view, at)
            view, at = view[written:], at + written

    def _note(self, start: int) -> None:
        """Record a complete piece, atomically."""
        with self._lock:
            self._there.add(start)
            scratch = self._record.with_suffix(".new")
            scratch.write_text(json.dumps({**self._identity(), "there": sorted(self._there)}))
            scratch.rename(self._record)

    def _taken_over(self) -> set[int]:
        try:
            record = json.loads(self._record.read_text())
            there = set(record.pop("there"))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return set()
        whole = self._path.is_file() and self._path.stat().st_size == self._whole.size
        return there if whole and record == self._identity() else set()

    def _identity(self) -> dict[str, object]:
        whole = self._whole
        return {"uri": self._download.uri, "etag": whole.etag, "size": whole.size, "piece": PIECE}

    def _end(self, start: int) -> int:
        return min(start + PIECE, self._whole.size)
