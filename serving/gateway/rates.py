"""Rates of callers: so many requests a second, minute, hour or day for each key.

Redis counts for all gateways where there is one. While it is away or slow, each process counts by
itself, and answers go on.
"""

import asyncio
import contextlib
import math
from collections.abc import Callable
from hashlib import sha256
from time import monotonic, time

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import RateLimiter, SlidingWindowCounterRateLimiter
from redis.exceptions import RedisError

from serving.gateway.problems import Problem, Reason, RefusedError

_PREFIX = "inference-gateway-rate"
_FAILURES, _PAUSE_SECONDS = 5, 5.0
_BUDGET_SECONDS, _CONNECT_SECONDS = 0.005, 1.0
_LONGEST_WAIT = 86_400


class Rates:
    """The rate of each caller, over a window that slides.

    `url` is that of Redis, or empty. A call to Redis that takes longer than `budget` seconds is
    given up; after 5 failures in a row Redis is left alone for 5 s. `away` is called for each
    request that was counted here instead.
    """

    def __init__(
        self,
        rate: str,
        url: str = "",
        budget: float = _BUDGET_SECONDS,
        away: Callable[[], None] = lambda: None,
    ) -> None:
        self._item: RateLimitItem = parse(rate)
        self._rate, self._budget, self._away = rate, budget, away
        self._here = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._redis: RedisStorage | None = None
        self._shared: RateLimiter | None = None
        if url:
            self._redis = RedisStorage(
                url, wrap_exceptions=False, implementation="redispy", key_prefix=_PREFIX
            )
            self._shared = SlidingWindowCounterRateLimiter(self._redis)
        self._failures, self._paused_until = 0, 0.0

    async def check(self, caller: str) -> None:
        """Count a request of a caller; RefusedError (RateExceeded) beyond the rate."""
        name = sha256(caller.encode()).hexdigest()[:32]
        seconds = await self._wait(name)
        if seconds is not None:
            raise RefusedError(self._exceeded(seconds))

    async def start(self) -> None:
        """Connect to Redis ahead of the first request; the program starts without it too."""
        if self._redis is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CONNECT_SECONDS):
                    await self._redis.check()

    async def close(self) -> None:
        """Close the connections to Redis."""
        if self._redis is not None:
            await self._redis.bridge.get_connection().aclose()  # type: ignore[attr-defined]

    async def _wait(self, name: str) -> int | None:
        """Return the seconds to wait; None if the request may go on."""
        if self._shared is not None:
            if monotonic() >= self._paused_until:
                try:
                    async with asyncio.timeout(self._budget):
                        seconds = await _hit(self._shared, self._item, name)
                    self._failures = 0
                    return seconds
                except (TimeoutError, RedisError, OSError):
                    self._failed()
            self._away()
        return await _hit(self._here, self._item, name)

    def _failed(self) -> None:
        self._failures += 1
        if self._failures >= _FAILURES:
            self._failures, self._paused_until = 0, monotonic() + _PAUSE_SECONDS

    def _exceeded(self, seconds: int) -> Problem:
        remedy = f"send the request again after {seconds} s, or ask for a higher limits.rate"
        return Problem(
            Reason.RATE_EXCEEDED,
            f"Authorization: found more requests of this caller than expected, {self._rate}"
            f" (limits.rate); {remedy}",
            "Authorization",
            expected=self._rate,
            remedy=remedy,
            retry_after=seconds,
        )


async def _hit(limiter: RateLimiter, item: RateLimitItem, name: str) -> int | None:
    if await limiter.hit(item, name):
        return None
    reset = (await limiter.get_window_stats(item, name)).reset_time
    return min(max(1, math.ceil(reset - time())), _LONGEST_WAIT)
