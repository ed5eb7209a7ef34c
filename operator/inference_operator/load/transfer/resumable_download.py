"""A download that grows from its start, in a file with a record of its address and version (ETag).

A download is resumed only from bytes that are certainly of the same artifact, or that a pinned
digest will check.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from inference_operator.load.transfer.digest import CHUNK
from inference_operator.load.transfer.size_limit import Downloads, unlimited
from inference_operator.load.transfer.source import Answer, RangeError


@dataclass(frozen=True, slots=True)
class Download:
    """A file to fetch for a model; `pinned` when a digest will check the bytes."""

    model: str
    uri: str
    pinned: bool
    downloads: Downloads = field(default_factory=unlimited)
    """The sizes of this model's files so far."""


class ResumableDownload:
    """The file that a download grows in, and the record of its address and version."""

    def __init__(self, folder: Path, download: Download) -> None:
        self.path = folder / "download"
        self._record = folder / "download.json"
        self._download = download
        self.etag: str | None = None
        self.total: int | None = None
        self.size = 0
        self.digest = hashlib.sha256()
        self._take_over()
        self.resumed = self.size > 0

    @property
    def complete(self) -> bool:
        return self.size > 0 and self.size == self.total

    def begin(self, answer: Answer) -> None:
        """Keep the bytes that the answer continues; start the file over for a whole body."""
        if answer.start:
            self._check_same(answer)
            return
        self.discard()
        self.etag, self.total = answer.etag, answer.total
        record = {"uri": self._download.uri, "etag": self.etag, "total": self.total}
        self._record.write_text(json.dumps(record))

    def append(self, chunks: Iterable[bytes]) -> None:
        with self.path.open("ab", buffering=0) as file:
            for chunk in chunks:
                self._download.downloads.hold(self.path, self.size + len(chunk))
                view = memoryview(chunk)
                while view:
                    view = view[file.write(view) :]
                self.size += len(chunk)
                self.digest.update(chunk)

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self._record.unlink(missing_ok=True)
        self._download.downloads.hold(self.path, 0)
        self.etag = self.total = None
        self.size, self.resumed = 0, False
        self.digest = hashlib.sha256()

    @property
    def resumable(self) -> bool:
        return self.size > 0 and (self.etag is not None or self._download.pinned)

    def _check_same(self, answer: Answer) -> None:
        if self.etag and answer.etag and answer.etag != self.etag:
            raise RangeError(f"the artifact's ETag is {answer.etag} now, it was {self.etag}")
        if self.total is not None and answer.total != self.total:
            raise RangeError(f"the artifact has {answer.total} bytes now, it had {self.total}")

    def _take_over(self) -> None:
        try:
            record = json.loads(self._record.read_text())
            usable = record["uri"] == self._download.uri
            self.etag, self.total = record["etag"], record["total"]
        except (OSError, ValueError, KeyError, TypeError):
            usable = False
        if not (usable and self.path.exists() and (self.etag or self._download.pinned)):
            self.discard()
            return
        with self.path.open("rb") as file:
            while chunk := file.read(CHUNK):
                self.digest.update(chunk)
                self.size += len(chunk)
        self._download.downloads.hold(self.path, self.size)
