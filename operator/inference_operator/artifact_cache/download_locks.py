"""Download locks: the first pod to claim a digest fetches it; the others wait."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """An answer to a claim; `load` reads it from the header `State`."""

    PRESENT = "present"
    YOURS = "yours"
    TAKEN = "taken"


@dataclass(slots=True)
class DownloadLocks:
    """One holder for each digest; the next in line gets a lock that is released."""

    _locks: dict[str, asyncio.Lock] = field(default_factory=dict)
    _interested: dict[str, int] = field(default_factory=dict)

    @asynccontextmanager
    async def claim(self, sha256: str, longest_wait: float) -> AsyncIterator[bool]:
        """Hold the lock while the context lasts; yield False when it was not free in time."""
        lock = self._locks.setdefault(sha256, asyncio.Lock())
        self._interested[sha256] = self._interested.get(sha256, 0) + 1
        held = False
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(longest_wait):
                    held = await lock.acquire()
            yield held
        finally:
            if held:
                lock.release()
            self._interested[sha256] -= 1
            if not self._interested[sha256]:
                del self._interested[sha256], self._locks[sha256]

    @property
    def waiting(self) -> int:
        """The number of claims that wait for another holder."""
        held = sum(lock.locked() for lock in self._locks.values())
        return sum(self._interested.values()) - held
