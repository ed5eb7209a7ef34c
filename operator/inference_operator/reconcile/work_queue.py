"""Work queue of objects that need a pass: coalesces, delays, and backs off after failures."""

import asyncio
import contextlib
import heapq
import itertools
import random
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

from inference_operator.domain.back_off import back_off
from inference_operator.domain.names import UnitKey

FIRST_DELAY = 0.5
LONGEST_DELAY = 120.0
# One in this many takes is a non-urgent key, however many urgent ones wait.
FAIRNESS = 8


class WorkQueue:
    """Queue of keys; any number of wake-ups before a pass begins cause one pass.

    Each key has one pass at a time: a key that is woken during its pass is queued again.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._clock = clock
        self._jitter = jitter
        self._urgent: dict[UnitKey, None] = {}
        self._ready: dict[UnitKey, None] = {}
        self._turn = 0
        self._busy: set[UnitKey] = set()
        self._again: dict[UnitKey, bool] = {}
        self._later: list[tuple[float, int, UnitKey]] = []
        self._due: dict[UnitKey, float] = {}
        self._order = itertools.count()
        self._failures: dict[UnitKey, int] = {}
        self._changed = asyncio.Event()
        self._stopped = False
        self._idle = asyncio.Event()
        self._idle.set()

    def wake(self, key: UnitKey, *, urgent: bool = False) -> None:
        """Request a pass now; urgent ones come before the others."""
        if self._stopped:
            return
        if key in self._busy:
            self._again[key] = urgent or self._again.get(key, False)
            return
        if urgent:
            self._ready.pop(key, None)
            self._urgent[key] = None
        elif key not in self._urgent:
            self._ready[key] = None
        self._idle.clear()
        self._changed.set()

    def forget(self, key: UnitKey) -> None:
        """Cancel a requested pass, unless it has begun or is due later."""
        self._urgent.pop(key, None)
        self._ready.pop(key, None)
        self._look_if_idle()

    @property
    def has_urgent(self) -> bool:
        """Return whether urgent keys wait."""
        return bool(self._urgent)

    def wake_after(self, key: UnitKey, delay: float) -> None:
        """Request a pass in `delay` seconds; the earliest of several requests counts."""
        due = self._clock() + delay
        if self._due.get(key, float("inf")) <= due:
            return
        self._due[key] = due
        heapq.heappush(self._later, (due, next(self._order), key))
        self._changed.set()

    def __len__(self) -> int:
        return len(self._urgent) + len(self._ready) + len(self._again)

    async def stop(self) -> None:
        """Drop all requests, accept no more, and wait for the passes that have begun."""
        self._stopped = True
        for requests in (self._urgent, self._ready, self._again, self._due):
            requests.clear()
        self._later.clear()
        self._look_if_idle()
        await self._idle.wait()

    async def take(self) -> UnitKey:
        """Wait for the next key, and return it; call `done` after its pass."""
        while True:
            self._promote_due()
            if self._urgent or self._ready:
                key = self._next()
                self._busy.add(key)
                return key
            self._changed.clear()
            timeout = max(0.0, self._later[0][0] - self._clock()) if self._later else None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await self._changed.wait()

    def done(self, key: UnitKey, *, failed: bool = False) -> None:
        """Mark the pass over `key` as ended; after a failure retry it, later each time."""
        self._busy.discard(key)
        if key in self._again:
            self.wake(key, urgent=self._again.pop(key))
        self._look_if_idle()
        if not failed:
            self._failures.pop(key, None)
            return
        self._failures[key] = self._failures.get(key, 0) + 1
        failures = self._failures[key]
        self.wake_after(key, back_off(failures, FIRST_DELAY, LONGEST_DELAY, self._jitter()))

    def _look_if_idle(self) -> None:
        if not self._urgent and not self._ready and not self._busy:
            self._idle.set()

    def _next(self) -> UnitKey:
        self._turn += 1
        others = self._ready and self._turn % FAIRNESS == 0
        queue = self._urgent if self._urgent and not others else self._ready
        key = next(iter(queue))
        del queue[key]
        return key

    def _promote_due(self) -> None:
        now = self._clock()
        while self._later and self._later[0][0] <= now:
            due, _, key = heapq.heappop(self._later)
            # Superseded by an earlier request.
            if self._due.get(key) == due:
                del self._due[key]
                self.wake(key)


async def work(
    queue: WorkQueue,
    one_pass: Callable[[UnitKey, bool], Awaitable[timedelta | None]],
    on_failure: Callable[[UnitKey, Exception], None],
) -> None:
    """Take keys and run passes, until cancelled; under load while urgent keys wait."""
    while True:
        key = await queue.take()
        failed = True
        try:
            delay = await one_pass(key, queue.has_urgent)
            failed = False
            if delay is not None:
                queue.wake_after(key, delay.total_seconds())
        except Exception as error:  # a pass must never end its worker
            on_failure(key, error)
        finally:
            queue.done(key, failed=failed)
