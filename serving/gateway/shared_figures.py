"""Figures of the workers of one program, which each worker adds up from a folder of theirs.

A file has the tallies of one worker in one slot of the window, and is written again each second.
The files of a worker that was killed count until their slot leaves the window.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from secrets import token_hex
from typing import Any

import orjson

from serving.gateway.figures import Series, Slot, Tally, Window

_PUBLISH_SECONDS = 1.0
_LOG = logging.getLogger(__name__)


class SharedFigures:
    """The window of this worker, and those that the others publish in `folder`."""

    def __init__(
        self, window: Window, folder: Path, publish: Callable[[], None] = lambda: None
    ) -> None:
        """`publish` is called each second too, for what other parts share."""
        self._window, self._folder, self._publish = window, folder, publish
        self._name = f"{os.getpid()}-{token_hex(4)}"
        self._published: dict[int, int] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="figures")

    async def close(self) -> None:
        """Publish what is left, and end."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._publish_if_possible()

    async def figures(self) -> dict[str, Any]:
        """Return the figures of all workers; those of others are a second old at most."""
        return self._window.figures(await asyncio.to_thread(self._others))

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_PUBLISH_SECONDS)
            await self._publish_if_possible()

    async def _publish_if_possible(self) -> None:
        self._publish()
        try:
            contents = self._changed()
            await asyncio.to_thread(self._write, contents)
        except OSError as error:
            _LOG.warning("figures cannot be shared: %s", error)
            return
        self._published = {number: requests for number, (requests, _) in contents.items()} | {
            number: requests
            for number, requests in self._published.items()
            if number not in contents and number >= self._window.oldest()
        }

    def _changed(self) -> dict[int, tuple[int, bytes]]:
        """Return number, requests and content of the slots that have more than was written."""
        changed = {}
        for number, slot in self._window.slots():
            requests = sum(tally.count for tally in slot.values())
            if requests != self._published.get(number):
                changed[number] = (requests, content_of(slot))
        return changed

    def _write(self, contents: dict[int, tuple[int, bytes]]) -> None:
        oldest = self._window.oldest()
        for path in self._folder.glob("*.slot"):
            if int(path.name.partition("-")[0]) < oldest:
                path.unlink(missing_ok=True)
        for number, (_, content) in contents.items():
            partial = self._folder / f"{self._name}.partial"
            partial.write_bytes(content)
            partial.replace(self._folder / f"{number}-{self._name}.slot")

    def _others(self) -> list[Slot]:
        return list(self._read())

    def _read(self) -> Iterator[Slot]:
        oldest = self._window.oldest()
        for path in self._folder.glob("*.slot"):
            if path.name.endswith(f"-{self._name}.slot"):
                continue
            if int(path.name.partition("-")[0]) >= oldest:
                with contextlib.suppress(FileNotFoundError):
                    yield slot_of(path.read_bytes())


def content_of(slot: Slot) -> bytes:
    """Return a slot as JSON; `slot_of` reads it."""
    return orjson.dumps(
        [
            [
                [series.route, series.model, series.version],
                [tally.count, tally.failed, tally.total, tally.least, tally.most],
                list(tally.buckets.items()),
            ]
            for series, tally in slot.items()
        ]
    )


def slot_of(content: bytes) -> Slot:
    """Return the slot of a content.

    >>> slot = {Series("/a", "m", "1"): Tally()}
    >>> slot[Series("/a", "m", "1")].add(0.5, failed=True)
    >>> slot_of(content_of(slot)) == slot
    True
    """
    slot: Slot = {}
    for series, numbers, buckets in orjson.loads(content):
        tally = Tally(*numbers)
        tally.buckets.update(dict(buckets))
        slot[Series(*series)] = tally
    return slot
