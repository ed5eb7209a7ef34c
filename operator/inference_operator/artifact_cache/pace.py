"""The least rate of a transfer. Only time spent waiting for the other side counts."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

# Within a node 100 MB/s are normal. A slower transfer keeps its slot from others.
LEAST_BYTES = 16 << 20
LEAST_SECONDS = 30.0


class TooSlowError(Exception):
    """The other side sent or took too little for too long."""


@dataclass(slots=True)
class TransferPace:
    """Minimum rate: every `LEAST_BYTES`, including the last ones, must arrive within
    `LEAST_SECONDS`."""

    _moved: int = 0
    _waited: float = 0.0

    @asynccontextmanager
    async def waiting(self, longest: float = LEAST_SECONDS) -> AsyncIterator[None]:
        """Wait for the other side; TooSlowError after `longest` seconds or below the least rate."""
        begun = time.monotonic()
        left = LEAST_SECONDS - self._waited
        try:
            async with asyncio.timeout(min(left, longest)):
                yield
        except TimeoutError:
            if left > longest:
                raise TooSlowError(f"received nothing for {longest:g} s") from None
            raise TooSlowError(
                f"found {self._moved:,} bytes in {LEAST_SECONDS:g} s, expected {LEAST_BYTES:,} or"
                " more: this is too slow within a node"
            ) from None
        self._waited += time.monotonic() - begun

    def moved(self, count: int) -> None:
        """Count bytes that have passed."""
        self._moved += count
        if self._moved >= LEAST_BYTES:
            self._moved, self._waited = 0, 0.0
