"""Bounds on work at the same time: requests in flight with a short queue, and models in use."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from serving.gateway.problems import Problem, Reason, RefusedError

RETRY_SECONDS = 1


class InFlight:
    """At most `most` requests at once; `queue` more wait up to `seconds` for a place."""

    def __init__(self, most: int, queue: int, seconds: float) -> None:
        self._places = asyncio.Semaphore(most)
        self._most, self._queue, self._seconds = most, queue, seconds
        self.running = self.waiting = 0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Take a place; RefusedError (Overloaded) without one in time."""
        await self._enter()
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1
            self._places.release()

    async def _enter(self) -> None:
        if not self._places.locked():
            await self._places.acquire()
            return
        if self.waiting >= self._queue:
            raise RefusedError(self._overloaded(f"{self.waiting} requests already wait"))
        self.waiting += 1
        try:
            async with asyncio.timeout(self._seconds):
                await self._places.acquire()
        except TimeoutError:
            raise RefusedError(self._overloaded(f"no place for {self._seconds:g} s")) from None
        finally:
            self.waiting -= 1

    def _overloaded(self, cause: str) -> Problem:
        return Problem(
            Reason.OVERLOADED,
            f"{self._most} requests are in flight and {cause}; send the request again later",
            remedy="send the request again later, or let more gateways run",
            retry_after=RETRY_SECONDS,
        )


class ModelSlots:
    """At most `most` models in use; an idle one that was used least recently gives way."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._users: OrderedDict[str, int] = OrderedDict()

    @contextmanager
    def use(self, model: str) -> Iterator[None]:
        """Hold a slot for the model; RefusedError with TooManyModels when all others are busy."""
        self._make_room(model)
        self._users[model] = self._users.get(model, 0) + 1
        self._users.move_to_end(model)
        try:
            yield
        finally:
            self._users[model] -= 1

    @property
    def models(self) -> list[str]:
        """Return the models with a slot, the least recently used first."""
        return list(self._users)

    def _make_room(self, model: str) -> None:
        if model in self._users or len(self._users) < self._most:
            return
        idle = next((name for name, users in self._users.items() if users == 0), None)
        if idle is None:
            busy = ", ".join(self._users)
            raise RefusedError(
                Problem(
                    Reason.TOO_MANY_MODELS,
                    f"inference.max_concurrent_models: {self._most} models have requests in flight"
                    f" ({busy}), so {model} gets none; send the request again later, or raise the"
                    " setting",
                    value=str(self._most),
                    remedy="send the request again later, or raise inference.max_concurrent_models",
                    retry_after=RETRY_SECONDS,
                )
            )
        del self._users[idle]
