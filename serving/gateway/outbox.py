"""Records of predictions on their way: a bounded queue, written in batches in the background.

A prediction never waits for it. What does not fit is dropped and counted.
"""

import asyncio
import contextlib
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from serving.settings.gateway import OutboxSettings

_MOST_RECENT = 2_000


class Sink(Protocol):
    """A place of records. `write` raises OSError if it cannot take them now."""

    def start(self) -> None: ...

    async def write(self, lines: Sequence[bytes]) -> None: ...

    async def find(self, prediction_id: str) -> Mapping[str, Any] | None: ...

    async def close(self) -> None: ...


@dataclass(slots=True)
class OutboxCounts:
    """Records by what became of them."""

    accepted: int = 0
    written: int = 0
    """Handed over: to the folder, or to the monitor or its spool."""
    sent: int = 0
    """Taken by the monitor."""
    spooled: int = 0
    """Put into files first, since the monitor was away."""
    dropped: dict[str, int] = field(default_factory=dict)

    def drop(self, cause: str, count: int) -> None:
        self.dropped[cause] = self.dropped.get(cause, 0) + count


class Outbox:
    """A queue of at most `queue` records, handed to the sink every `interval` seconds.

    A sink that fails gets the same records again at the next turn, until the queue is full.
    """

    def __init__(
        self,
        sink: Sink,
        settings: OutboxSettings,
        counts: OutboxCounts | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._sink, self._clock = sink, clock
        self._most, self._batch = settings.queue, settings.batch
        self._interval = settings.interval
        self._lines: deque[bytes] = deque()
        self._recent: OrderedDict[str, Mapping[str, Any]] = OrderedDict()
        self._full_batch = asyncio.Event()
        self._flushing = asyncio.Lock()
        self._ends = False
        self._task: asyncio.Task[None] | None = None
        self.counts = counts or OutboxCounts()

    @property
    def waiting(self) -> int:
        return len(self._lines)

    def put(self, record: Mapping[str, Any]) -> None:
        """Take a record; one of a prediction can be looked up by its id from now on."""
        if len(self._lines) >= self._most:
            self.counts.drop("queue_full", 1)
            return
        self.counts.accepted += 1
        self._lines.append(orjson.dumps({**record, "recorded_at": self._clock()}))
        if prediction_id := record.get("prediction_id"):
            self._recent[prediction_id] = record
            if len(self._recent) > _MOST_RECENT:
                self._recent.popitem(last=False)
        if len(self._lines) >= self._batch:
            self._full_batch.set()

    async def find(self, prediction_id: str) -> Mapping[str, Any] | None:
        """Return the record of a prediction, from memory or from the sink."""
        recent = self._recent.get(prediction_id)
        return recent if recent is not None else await self._sink.find(prediction_id)

    def start(self) -> None:
        self._sink.start()
        self._task = asyncio.create_task(self._run(), name="outbox")

    async def close(self) -> None:
        """Write what is left, as far as the sink takes it, and end."""
        self._ends = True
        self._full_batch.set()
        if self._task is not None:
            # It is not cancelled: what is being written would be written again.
            await self._task
        await self.flush()
        if self._lines:
            self.counts.drop("shutdown", len(self._lines))
        await self._sink.close()

    async def flush(self) -> None:
        """Hand all waiting records to the sink, in batches; stop at its first failure."""
        async with self._flushing:
            await self._flush()

    async def _flush(self) -> None:
        while self._lines:
            lines = [self._lines[at] for at in range(min(self._batch, len(self._lines)))]
            try:
                await self._sink.write(lines)
            except OSError:
                return
            for _ in lines:
                self._lines.popleft()
            self.counts.written += len(lines)

    async def _run(self) -> None:
        while not self._ends:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._interval):
                    await self._full_batch.wait()
            self._full_batch.clear()
            await self.flush()
