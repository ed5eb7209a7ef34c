"""A folder of batches: each has a folder of its own with its items and its answered rows.

A batch takes its place by a rename after its items are on the disk, so that none is half there.
All methods block; they are for threads. Several processes may use one folder.
"""

import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from time import time
from typing import BinaryIO

import orjson

from serving.gateway.batches.rows import Row, rows_of

_ID = re.compile(r"[0-9a-f]{32}")
_NEW, _GONE = ".new-", ".gone-"
_LONGEST_WRITE = 300.0
"""Seconds after which an unfinished folder is one of a process that was killed."""
ITEMS, _ABOUT, _ROWS, _LOCK, _DONE = "items.jsonl", "about.json", "rows", "lock", "done"


class FullError(Exception):
    """A bound that a new batch would exceed; the text names the setting and what was found."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most batches, the most bytes of all, and the seconds that each is kept."""

    most: int
    bytes: int
    keep: float


@dataclass(frozen=True, slots=True)
class Progress:
    """A batch as it stands: times in seconds since 1970, counts of rows, and some of the rows."""

    name: str
    total: int
    created_at: float
    expires_at: float
    succeeded: int = 0
    failed: int = 0
    rows: tuple[Row, ...] = ()

    @property
    def answered(self) -> int:
        return self.succeeded + self.failed


class BatchFolder:
    """Batches by their names; a name is a secret of the one who sent the batch."""

    def __init__(self, folder: Path, bounds: Bounds, clock: Callable[[], float] = time) -> None:
        self._folder, self._bounds, self._clock = folder, bounds, clock

    def add(self, items: Sequence[bytes]) -> Progress:
        """Keep a batch of items, one JSON text without line ends each.

        FullError if there is no room for it, OSError if the disk refuses it.
        """
        self.sweep()
        self._check_room(sum(map(len, items)) + len(items))
        name, now = token_hex(16), self._clock()
        new = self._folder / (_NEW + name)
        new.mkdir(parents=True)
        try:
            _write(new / ITEMS, b"".join(item + b"\n" for item in items))
            _write(new / _ABOUT, orjson.dumps({"total": len(items), "created_at": now}))
            (new / _ROWS).touch()
            new.rename(self._folder / name)
        except OSError:
            shutil.rmtree(new, ignore_errors=True)
            raise
        _sync(self._folder)
        return Progress(name, len(items), now, now + self._bounds.keep)

    def progress(self, name: str, first: int = 0, count: int = 0) -> Progress | None:
        """Return the state of a batch with `count` of its rows from `first` on; None without it."""
        if not _ID.fullmatch(name):
            return None
        folder = self._folder / name
        try:
            about = orjson.loads((folder / _ABOUT).read_bytes())
            total, created = about["total"], about["created_at"]
            if self._clock() >= created + self._bounds.keep:
                return None
            succeeded = failed = 0
            rows = []
            with (folder / _ROWS).open("rb") as lines:
                for row in rows_of(lines):
                    succeeded, failed = succeeded + row.succeeded, failed + (not row.succeeded)
                    if first <= row.number < first + count:
                        rows.append(row)
        except FileNotFoundError:
            return None
        in_order = tuple(sorted(rows, key=lambda row: row.number))
        until = created + self._bounds.keep
        return Progress(name, total, created, until, succeeded, failed, in_order)

    def unfinished(self) -> list[str]:
        """Return the batches with work left, the oldest first."""
        waiting = [path for path in self._all() if not (path / _DONE).exists()]
        return [path.name for path in sorted(waiting, key=_came)]

    @contextmanager
    def held(self, name: str) -> Iterator[bool]:
        """Hold the batch for this process; False if another one has it, or if it is gone.

        The system lets go of it when the process ends, by kill -9 too.
        """
        try:
            lock = (self._folder / name / _LOCK).open("ab")
        except FileNotFoundError:
            yield False
            return
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    def items(self, name: str) -> BinaryIO:
        """Open the items of a batch, a line each."""
        return (self._folder / name / ITEMS).open("rb")

    def answered(self, name: str) -> set[int]:
        """Return the numbers of the rows that have an answer."""
        with (self._folder / name / _ROWS).open("rb") as lines:
            return {row.number for row in rows_of(lines)}

    def append(self, name: str, line: bytes) -> None:
        """Write an answered row; FileNotFoundError if the batch was removed."""
        descriptor = os.open(self._folder / name / _ROWS, os.O_WRONLY | os.O_APPEND)
        try:
            if os.write(descriptor, line) != len(line):
                raise OSError("the disk took a part of a row")
        finally:
            os.close(descriptor)

    def finish(self, name: str) -> None:
        with suppress(FileNotFoundError):
            (self._folder / name / _DONE).touch()

    def remove(self, name: str) -> bool:
        """Remove a batch; False if there is none."""
        if not _ID.fullmatch(name):
            return False
        gone = self._folder / (_GONE + name)
        try:
            (self._folder / name).rename(gone)
        except FileNotFoundError:
            return False
        shutil.rmtree(gone, ignore_errors=True)
        return True

    def sweep(self) -> None:
        """Remove batches whose time is over, and what killed processes left."""
        for path in self._all():
            with suppress(FileNotFoundError):
                about = orjson.loads((path / _ABOUT).read_bytes())
                if self._clock() >= about["created_at"] + self._bounds.keep:
                    self.remove(path.name)
        for path in (*self._folder.glob(_NEW + "*"), *self._folder.glob(_GONE + "*")):
            with suppress(FileNotFoundError):
                if time() - path.stat().st_mtime > _LONGEST_WRITE:
                    shutil.rmtree(path, ignore_errors=True)

    def _all(self) -> list[Path]:
        if not self._folder.is_dir():
            return []
        return [path for path in self._folder.iterdir() if _ID.fullmatch(path.name)]

    def _check_room(self, size: int) -> None:
        batches = self._all()
        if len(batches) >= self._bounds.most:
            raise FullError(f"batches.most: {len(batches)} batches are kept")
        used = sum(_size(path / part) for path in batches for part in (ITEMS, _ROWS))
        if used + size > self._bounds.bytes:
            raise FullError(f"batches.bytes: {used} of {self._bounds.bytes} bytes are in use")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _came(path: Path) -> int:
    try:
        return (path / ITEMS).stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
