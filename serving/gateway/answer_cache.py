"""Cached answers of models: stores in their order, one call for equal questions, and versions.

A cached answer is the model's own, before the age of inputs widens it, so that it is right at
whatever time it is used again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic

from serving.gateway.caches.port import Cache, CacheAwayError

SETTLED_SECONDS = 30.0
_MOST_MODELS = 256


class Lookup(StrEnum):
    """The outcome of a look into the stores, as a metric counts it."""

    HIT = "hit"
    MISS = "miss"
    SHARED = "shared"
    OFF = "off"


class Versions:
    """Versions of each model that answered within the last 30 s.

    Nothing is cached while two of them answer: a cache would freeze a canary's shares.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._seen: dict[str, dict[str, float]] = {}

    def saw(self, model: str, version: str) -> None:
        """Note that this version of the model has just answered."""
        if model not in self._seen and len(self._seen) >= _MOST_MODELS:
            return
        self._seen.setdefault(model, {})[version] = self._clock()

    def only(self, model: str) -> str | None:
        """Return the version if exactly one has answered lately, else None."""
        recent = self.recent(model)
        return recent[0] if len(recent) == 1 else None

    def recent(self, model: str) -> list[str]:
        """Return the versions that answered within the last 30 s, the newest answer last."""
        since = self._clock() - SETTLED_SECONDS
        seen = self._seen.get(model, {})
        for version in [version for version, at in seen.items() if at < since]:
            del seen[version]
        return sorted(seen, key=seen.__getitem__)


@dataclass(frozen=True, slots=True)
class Fresh:
    """An answer that was just made, and whether it may be kept."""

    value: bytes
    may_keep: bool


class _SharedCall:
    """One call that several callers wait for; the last one that goes cancels it."""

    def __init__(self, call: Coroutine[None, None, Fresh]) -> None:
        self.task = asyncio.ensure_future(call)
        self._callers = 0

    async def answer(self) -> Fresh:
        self._callers += 1
        try:
            return await asyncio.shield(self.task)
        finally:
            self._callers -= 1
            if self._callers == 0:
                self.task.cancel()


class AnswerCache:
    """Stores that are asked in their order; a store that is away is left out and counted."""

    def __init__(
        self,
        stores: Sequence[Cache],
        seconds: float,
        count_failure: Callable[[str, str], None] = lambda store, call: None,
    ) -> None:
        self._stores, self._seconds = tuple(stores), seconds
        self._count_failure = count_failure
        self._in_flight: dict[str, _SharedCall] = {}

    @property
    def is_on(self) -> bool:
        return bool(self._stores) and self._seconds > 0

    async def answer(
        self, key: str | None, make: Callable[[], Awaitable[Fresh]]
    ) -> tuple[bytes, Lookup]:
        """Return a kept answer, or make one; equal questions in flight share one call.

        `key` is None where nothing may be kept. When a caller goes while others wait for the same
        call, the call goes on; when the last one goes, it is cancelled.
        """
        if key is None or not self.is_on:
            return (await make()).value, Lookup.OFF
        kept = await self._look_up(key)
        if kept is not None:
            return kept, Lookup.HIT
        call = self._in_flight.get(key)
        if call is not None:
            return (await call.answer()).value, Lookup.SHARED
        call = self._in_flight[key] = _SharedCall(self._make(key, make))
        call.task.add_done_callback(lambda _: self._in_flight.pop(key, None))
        return (await call.answer()).value, Lookup.MISS

    async def close(self) -> None:
        for store in self._stores:
            await store.close()

    async def _make(self, key: str, make: Callable[[], Awaitable[Fresh]]) -> Fresh:
        fresh = await make()
        if fresh.may_keep:
            for store in self._stores:
                try:
                    await store.put(key, fresh.value, self._seconds)
                except CacheAwayError:
                    self._count_failure(store.name, "put")
        return fresh

    async def _look_up(self, key: str) -> bytes | None:
        for at, store in enumerate(self._stores):
            try:
                value = await store.get(key)
            except CacheAwayError:
                self._count_failure(store.name, "get")
                continue
            if value is not None:
                await self._lift(key, value, at)
                return value
        return None

    async def _lift(self, key: str, value: bytes, at: int) -> None:
        """Put a value of a later store into the first one, for a short time only.

        The first store does not know how long the later one may still keep it.
        """
        if at > 0 and self._stores[0].name == "memory":
            await self._stores[0].put(key, value, min(1.0, self._seconds))
