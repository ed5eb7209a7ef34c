"""Work on batches in the background: rows that wait for an answer are asked, a few at once.

Any process that shares the folder goes on with the batches of one that ended.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import islice
from random import random
from typing import Any, BinaryIO

from serving.gateway.batches.folder import BatchFolder, Progress
from serving.gateway.batches.rows import line_of
from serving.gateway.problems import Problem, Reason, RefusedError

Answer = Callable[[dict[str, Any], str], Awaitable[dict[str, Any]]]
"""From an item and the id of its call to its answer; RefusedError with its problem."""

_LOG = logging.getLogger("serving.gateway.batches")
_SWEEP_SECONDS = 2.0
_BATCHES_AT_ONCE = 4
_LINES = 64
_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between attempts of a row whose model is away for a while."""
_AWAY = {
    Reason.OVERLOADED,
    Reason.TOO_MANY_MODELS,
    Reason.MODEL_NOT_READY,
    Reason.DEADLINE_EXCEEDED,
}
_DISK_PAUSE = 5.0
_FAILED = Problem(
    Reason.INTERNAL,
    "the gateway failed on this item; report the request's id to its owner",
    remedy="report the request's id to the gateway's owner",
)


class Batches:
    """Batches of a folder; `at_once` rows of all of them are asked at the same time."""

    def __init__(
        self,
        folder: BatchFolder,
        answer: Answer,
        at_once: int,
        pauses: Sequence[float] = _PAUSES,
    ) -> None:
        self._folder, self._answer, self._pauses = folder, answer, pauses
        self._places = asyncio.Semaphore(at_once)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None

    async def add(self, items: Sequence[dict[str, Any]]) -> Progress:
        """Keep a batch, and begin with it; FullError or OSError if it cannot be kept."""
        progress = await asyncio.to_thread(self._kept, items)
        self._wake.set()
        return progress

    async def progress(self, name: str, first: int, count: int) -> Progress | None:
        return await asyncio.to_thread(self._folder.progress, name, first, count)

    async def remove(self, name: str) -> bool:
        """Remove a batch, and end the work on it; False if there is none."""
        removed = await asyncio.to_thread(self._folder.remove, name)
        if (task := self._running.get(name)) is not None:
            task.cancel()
        return removed

    def start(self) -> None:
        self._loop = asyncio.create_task(self._run(), name="batches")

    async def close(self) -> None:
        """End all work; rows without an answer are asked by the next process."""
        tasks = [*self._running.values()]
        if self._loop is not None:
            tasks.append(self._loop)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _kept(self, items: Sequence[dict[str, Any]]) -> Progress:
        # The standard library's JSON has integers of any size, and letters of ASCII only.
        return self._folder.add([json.dumps(item).encode() for item in items])

    async def _run(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self._folder.sweep)
                for name in await asyncio.to_thread(self._folder.unfinished):
                    if len(self._running) < _BATCHES_AT_ONCE and name not in self._running:
                        task = asyncio.create_task(self._work(name), name=f"batch {name[:8]}")
                        self._running[name] = task
                        task.add_done_callback(partial(self._ended, name))
            except OSError as error:
                _LOG.warning("batches cannot be read: %s", error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_SWEEP_SECONDS):
                    await self._wake.wait()
            self._wake.clear()

    def _ended(self, name: str, _: asyncio.Task[None]) -> None:
        self._running.pop(name, None)

    async def _work(self, name: str) -> None:
        try:
            with self._folder.held(name) as is_ours:
                if is_ours:
                    await self._answer_all(name)
                    self._wake.set()
        except* FileNotFoundError:
            _LOG.info("batch %s was removed", name[:8])
        except* OSError as errors:
            _LOG.warning("batch %s cannot be read: %s", name[:8], errors.exceptions[0])

    async def _answer_all(self, name: str) -> None:
        answered = await asyncio.to_thread(self._folder.answered, name)
        number = 0
        with self._folder.items(name) as items:
            while lines := await asyncio.to_thread(_next_lines, items):
                rows = [(at, line) for at, line in enumerate(lines, number) if at not in answered]
                number += len(lines)
                async with asyncio.TaskGroup() as group:
                    for at, line in rows:
                        group.create_task(self._row(name, at, line))
        await asyncio.to_thread(self._folder.finish, name)

    async def _row(self, name: str, number: int, line: bytes) -> None:
        async with self._places:
            written = line_of(number, await self._answered(json.loads(line), name, number))
            while True:
                try:
                    await asyncio.to_thread(self._folder.append, name, written)
                    return
                except FileNotFoundError:
                    raise
                except OSError as error:
                    _LOG.warning("batch %s cannot be written: %s", name[:8], error)
                    await asyncio.sleep(_DISK_PAUSE)

    async def _answered(self, item: dict[str, Any], name: str, number: int) -> dict[str, Any]:
        call_id = f"{name[:16]}-{number}"
        for pause in (*self._pauses, None):
            try:
                return {"result": await self._answer(item, call_id)}
            except RefusedError as refused:
                problem = refused.problem
            except Exception:
                _LOG.exception("row %d of batch %s failed", number, name[:8])
                problem = _FAILED
            if pause is None or problem.reason not in _AWAY:
                break
            await asyncio.sleep(pause * (0.5 + random() / 2))
        return {"problem": problem.below(f"requests[{number}]").body(call_id)}


def _next_lines(items: BinaryIO) -> list[bytes]:
    return list(islice(items, _LINES))
