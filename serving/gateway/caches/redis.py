"""A cache in Redis, with a time budget and a pause after failures in a row."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any

from redis.exceptions import RedisError

from serving.gateway.caches.port import LARGEST_VALUE, CacheAwayError

_PREFIX = "inference-gateway:answer:"
_FAILURES, _PAUSE_SECONDS = 5, 5.0
BUDGET_SECONDS = 0.005


class RedisCache:
    """Values under a prefix of ours; Redis removes them when their time is over.

    A call that takes longer than `budget` seconds is given up. After 5 failures in a row Redis is
    not asked for 5 s. The values are bounded by Redis's own `maxmemory`.
    """

    name = "redis"

    def __init__(
        self,
        client: Any,
        budget: float = BUDGET_SECONDS,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._client, self._budget, self._clock = client, budget, clock
        self._failures, self._paused_until = 0, 0.0

    async def get(self, key: str) -> bytes | None:
        value = await self._within_budget(lambda: self._client.get(_PREFIX + key))
        return None if value is None else bytes(value)

    async def put(self, key: str, value: bytes, seconds: float) -> None:
        milliseconds = int(seconds * 1000)
        if len(value) > LARGEST_VALUE or milliseconds <= 0:
            return
        await self._within_budget(lambda: self._client.set(_PREFIX + key, value, px=milliseconds))

    async def close(self) -> None:
        await self._client.aclose()

    async def _within_budget(self, call: Callable[[], Awaitable[Any]]) -> Any:
        if self._clock() < self._paused_until:
            raise CacheAwayError("Redis failed 5 times in a row; it is asked again after 5 s")
        try:
            async with asyncio.timeout(self._budget):
                answer = await call()
        except (TimeoutError, RedisError, OSError) as error:
            self._failures += 1
            if self._failures >= _FAILURES:
                self._failures, self._paused_until = 0, self._clock() + _PAUSE_SECONDS
            raise CacheAwayError(f"Redis: {type(error).__name__}: {error}") from error
        self._failures = 0
        return answer
