"""Turns of the event loop: long work lets other tasks run."""

import asyncio
import time
from collections.abc import Callable

# How long one task may hold the event loop before others want to run.
HELD_SECONDS = 0.02


class LoopYielder:
    """Lets other tasks run when this one has held the event loop for a while."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._now = monotonic
        self._since = monotonic()

    async def yield_if_due(self) -> None:
        """Return at once, or after others have run: call it between two pieces of work."""
        if self._now() - self._since < HELD_SECONDS:
            return
        await asyncio.sleep(0)
        self._since = self._now()
