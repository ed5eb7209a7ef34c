"""A folder of records: a file of JSON lines for each minute and worker, bounded in bytes.

Several processes may use one folder. Locks of the system keep a file that is being sent from those
who write or send it too; they end when the folder is closed, and with their process.
"""

import asyncio
import contextlib
import fcntl
import os
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from threading import Lock
from typing import Any, BinaryIO

import orjson

_ID = re.compile(r"(\d{8}T\d{6})-[0-9a-f]{16}")
_STAMP = "%Y%m%dT%H%M%S"
_MINUTE = "%Y%m%dT%H%M"
# A record is written a second after its prediction, or later where the disk was full.
_MINUTES_LATER = 3


def new_prediction_id(now: datetime) -> str:
    """Return an id that begins with the time, by which its record is found again."""
    return f"{now.astimezone(UTC).strftime(_STAMP)}-{token_hex(8)}"


class RecordFolder:
    """Files `records-<minute>-<process>.jsonl`; the oldest go when `most_bytes` are exceeded."""

    def __init__(
        self,
        folder: Path,
        most_bytes: int,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        removed: Callable[[int], None] = lambda count: None,
    ) -> None:
        self._folder, self._most, self._clock, self._removed = folder, most_bytes, clock, removed
        self._taken: BinaryIO | None = None
        self._taking, self._closed = Lock(), False

    def start(self) -> None:
        return

    async def write(self, lines: Sequence[bytes]) -> None:
        await asyncio.to_thread(self._write, lines)

    async def find(self, prediction_id: str) -> Mapping[str, Any] | None:
        match = _ID.fullmatch(prediction_id)
        if match is None:
            return None
        return await asyncio.to_thread(self._find, prediction_id, match[1])

    async def close(self) -> None:
        """Leave the file that was being sent to others, also one that a thread just takes."""
        await asyncio.to_thread(self._close)

    def take(self) -> Path | None:
        """Return the oldest file under a name that nothing is written to any more, to be sent and
        removed; None if there is none that nobody else has, or after `close`. It blocks."""
        with self._taking:
            self._let_go()
            return None if self._closed else self._take()

    def _close(self) -> None:
        with self._taking:
            self._closed = True
            self._let_go()

    def _take(self) -> Path | None:
        began = sorted(self._folder.glob("sending-*.jsonl"))
        for file in began:
            with contextlib.suppress(FileNotFoundError, BlockingIOError):
                return self._held(file)
        for file in sorted(self._folder.glob("records-*.jsonl")):
            # The writer may begin another file of that name before this one is sent.
            name = f"{file.stem.replace('records-', 'sending-', 1)}-{token_hex(4)}.jsonl"
            with contextlib.suppress(FileNotFoundError, BlockingIOError):
                return self._held(file.rename(file.with_name(name)))
        return None

    def _held(self, file: Path) -> Path:
        """Hold a file until the next one is taken; BlockingIOError if somebody else has it."""
        taken = file.open("rb")
        try:
            fcntl.flock(taken, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not _is_at(taken, file):
                raise FileNotFoundError(file)
        except OSError:
            taken.close()
            raise
        self._taken = taken
        return file

    def _let_go(self) -> None:
        if self._taken is not None:
            self._taken.close()
            self._taken = None

    def _write(self, lines: Sequence[bytes]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        minute = self._clock().strftime(_MINUTE)
        path = self._folder / f"records-{minute}-{os.getpid()}.jsonl"
        content = b"".join(line + b"\n" for line in lines)
        # Not so if another process has just taken the file to send it.
        while not _appended(path, content):
            continue
        self._shrink()

    def _shrink(self) -> None:
        sizes = {}
        for file in sorted(self._folder.glob("records-*.jsonl")):
            with contextlib.suppress(FileNotFoundError):
                sizes[file] = file.stat().st_size
        total = sum(sizes.values())
        for file, size in list(sizes.items())[:-1]:
            if total <= self._most:
                return
            with contextlib.suppress(FileNotFoundError):
                with file.open("rb") as lines:
                    count = sum(1 for _ in lines)
                file.unlink()
                self._removed(count)
            total -= size

    def _find(self, prediction_id: str, stamp: str) -> Mapping[str, Any] | None:
        try:
            began = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
        except ValueError:
            return None
        needle = prediction_id.encode()
        for later in range(_MINUTES_LATER + 1):
            minute = (began + timedelta(minutes=later)).strftime(_MINUTE)
            for file in self._folder.glob(f"*-{minute}-*.jsonl"):
                with contextlib.suppress(FileNotFoundError), file.open("rb") as lines:
                    for line in lines:
                        if needle in line:
                            record: Mapping[str, Any] = orjson.loads(line)
                            return record
        return None


def _appended(path: Path, content: bytes) -> bool:
    """Write to a file's end; False if it has got another name meanwhile."""
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        if not _is_at(file, path):
            return False
        file.write(content)
        return True


def _is_at(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
