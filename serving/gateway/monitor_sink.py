"""Records on their way to the monitor; while it is away, in files that are sent later.

Each record arrives at least once: the monitor tells repeated ones by their `prediction_id`.
"""

import asyncio
import contextlib
import gzip
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import Enum, auto
from itertools import islice
from pathlib import Path
from random import uniform
from typing import Any

import aiohttp

from serving.gateway.outbox import OutboxCounts
from serving.gateway.record_folder import RecordFolder

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_COMPRESSION = 1
_KEY_BYTES = 4096
_LOG = logging.getLogger(__name__)


class Outcome(Enum):
    """What became of records that were sent."""

    TAKEN = auto()
    REFUSED = auto()
    """The monitor will never take them."""
    AWAY = auto()


Post = Callable[[Sequence[bytes]], Awaitable[Outcome]]


class MonitorSink:
    """A sink that sends what comes, and keeps it in `spool` while that does not work.

    Records never overtake spooled ones. What is refused is dropped and counted.
    """

    def __init__(
        self,
        post: Post,
        spool: RecordFolder,
        counts: OutboxCounts,
        batch: int,
        pauses: tuple[float, float] = (_FIRST_PAUSE, _LONGEST_PAUSE),
    ) -> None:
        self._post, self._spool, self._counts, self._batch = post, spool, counts, batch
        self._first_pause, self._longest_pause = pauses
        self._has_spooled = True  # by the process before, until the folder was seen
        self._resending: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._resending = asyncio.create_task(self._resend(), name="spool")

    async def write(self, lines: Sequence[bytes]) -> None:
        """Send the records or spool them; OSError if the disk does not take them either."""
        if not self._has_spooled and await self._sent(lines):
            return
        await self._spool.write(lines)
        self._counts.spooled += len(lines)
        self._has_spooled = True

    async def find(self, prediction_id: str) -> Mapping[str, Any] | None:
        return await self._spool.find(prediction_id)

    async def close(self) -> None:
        if self._resending is not None:
            self._resending.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._resending
        await self._spool.close()

    async def _sent(self, lines: Sequence[bytes]) -> bool:
        outcome = await self._post(lines)
        if outcome is Outcome.TAKEN:
            self._counts.sent += len(lines)
        elif outcome is Outcome.REFUSED:
            self._counts.drop("refused", len(lines))
        return outcome is not Outcome.AWAY

    async def _resend(self) -> None:
        """Send spooled files, the oldest first, with pauses that double while it does not work."""
        pause = self._first_pause
        while True:
            try:
                if await self._send_spooled():
                    pause = self._first_pause
                else:
                    pause = min(2 * pause, self._longest_pause)
            except OSError as error:
                _LOG.warning("spooled records cannot be read: %s", error)
                pause = self._longest_pause
            await asyncio.sleep(uniform(pause / 2, pause))

    async def _send_spooled(self) -> bool:
        """Return whether the monitor has taken all that was spooled."""
        while (file := await asyncio.to_thread(self._spool.take)) is not None:
            if not await self._send_file(file):
                return False
            await asyncio.to_thread(file.unlink, True)
        self._has_spooled = False
        return True

    async def _send_file(self, file: Path) -> bool:
        with file.open("rb") as content:
            while lines := await asyncio.to_thread(lambda: list(islice(content, self._batch))):
                # A line without its end is the last one of a process that was killed.
                whole = [line.rstrip(b"\n") for line in lines if line.endswith(b"\n")]
                if whole and not await self._sent(whole):
                    return False
        return True


def posting(url: str, key_file: str, seconds: float) -> Post:
    """Return a call of the monitor's `POST /v1/records` with lines of JSON, compressed by gzip."""
    address = url.rstrip("/") + "/v1/records"
    timeout = aiohttp.ClientTimeout(total=seconds)

    async def post(lines: Sequence[bytes]) -> Outcome:
        content = await asyncio.to_thread(gzip.compress, b"\n".join(lines) + b"\n", _COMPRESSION)
        headers = {"content-type": "application/x-ndjson", "content-encoding": "gzip"}
        try:
            if key_file:
                headers["authorization"] = f"Bearer {await asyncio.to_thread(_key, Path(key_file))}"
            async with (
                aiohttp.ClientSession(timeout=timeout, trust_env=False) as session,
                session.post(
                    address, data=content, headers=headers, allow_redirects=False
                ) as response,
            ):
                return _outcome(response.status)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            _LOG.info("the monitor does not answer: %s", error or type(error).__name__)
            return Outcome.AWAY

    return post


def _key(path: Path) -> str:
    """Read the key anew for each batch, so that a new one counts at once."""
    with path.open("r", encoding="utf-8") as file:
        return file.read(_KEY_BYTES).strip()


def _outcome(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome.TAKEN
    if status in (400, 413, 415, 422):
        _LOG.error("the monitor refuses records with %d: they are dropped", status)
        return Outcome.REFUSED
    _LOG.warning("the monitor answers %d: records wait in the spool", status)
    return Outcome.AWAY
