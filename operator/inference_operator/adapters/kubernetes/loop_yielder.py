"""Cooperative yielding: long work lets other tasks of the event loop run."""

import asyncio
import time
from collections.abc import Callable

# The longest time that one task may hold the event loop.
HELD_SECONDS = 0.02


class LoopYielder:
    """Timer that lets other tasks run when this one has held the event loop for a while."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._now = monotonic
        self._since = monotonic()

    async def yield_if_due(self) -> None:
        """Yield to other tasks if it is time; call it between two pieces of work."""
        if self._now() - self._since < HELD_SECONDS:
            return
        await asyncio.sleep(0)
        self._since = self._now()
