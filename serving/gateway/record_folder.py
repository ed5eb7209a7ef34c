"""A folder of records: a file of JSON lines for each minute and worker, bounded in bytes."""

import asyncio
import contextlib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any

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
        return

    def take(self) -> Path | None:
        """Return the oldest file under a name that nothing is written to any more, to be sent and
        removed; None if there is none. It blocks."""
        began = sorted(self._folder.glob("sending-*.jsonl"))
        if began:
            return began[0]
        for file in sorted(self._folder.glob("records-*.jsonl")):
            taken = file.with_name(file.name.replace("records-", "sending-", 1))
            with contextlib.suppress(FileNotFoundError):
                return file.rename(taken)
        return None

    def _write(self, lines: Sequence[bytes]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        minute = self._clock().strftime(_MINUTE)
        with (self._folder / f"records-{minute}-{os.getpid()}.jsonl").open("ab") as file:
            file.write(b"".join(line + b"\n" for line in lines))
        self._shrink()

    def _shrink(self) -> None:
        files = sorted(self._folder.glob("records-*.jsonl"))
        sizes = [file.stat().st_size for file in files]
        total = sum(sizes)
        for file, size in zip(files[:-1], sizes[:-1], strict=True):
            if total <= self._most:
                return
            with file.open("rb") as lines:
                self._removed(sum(1 for _ in lines))
            file.unlink(missing_ok=True)
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
                with file.open("rb") as lines:
                    for line in lines:
                        if needle in line:
                            record: Mapping[str, Any] = orjson.loads(line)
                            return record
        return None
