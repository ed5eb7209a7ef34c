"""When to ask about something again, and when to let others run.

Each interval, later after failures, and never in step.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable

# Waits grow up to this, however often asking failed.
LONGEST_SECONDS = 600.0
# Of the event loop: how long one may hold it before others want to run too.
HELD_SECONDS = 0.02
# Of an interval: what it may differ by, so that a thousand subjects are not asked at once.
SPREAD = 0.1


def back_off(failures: int, first: float, longest: float, drawn: float) -> float:
    """Seconds to wait after so many failures in a row: doubling from `first` up to `longest`, less
    up to a half by what was drawn from 0 to 1."""
    return min(longest, first * 2.0 ** min(failures - 1, 20)) * (0.5 + 0.5 * drawn)


class Breather:
    """Lets others run wherever one who has much to do has held the event loop for a while."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._now = monotonic
        self._since = monotonic()

    async def breathe(self) -> None:
        """Return at once, or after others have run: call it between two pieces of work."""
        if self._now() - self._since < HELD_SECONDS:
            return
        await asyncio.sleep(0)
        self._since = self._now()


class Pace:
    """Due times of subjects, on a clock of seconds that only goes on."""

    def __init__(
        self, interval: float, monotonic: Callable[[], float], random: Callable[[], float]
    ) -> None:
        """`random` gives numbers from 0 to 1."""
        self._interval = interval
        self._now = monotonic
        self._random = random
        self._due: dict[str, float] = {}

    def is_due(self, subject: str) -> bool:
        """Whether to ask now; a subject that was never asked about is."""
        return self._due.get(subject, 0.0) <= self._now()

    def due_now(self, subject: str) -> None:
        """Ask at the next chance: somebody new waits for the answer."""
        self._due[subject] = self._now()

    def answered(self, subject: str) -> None:
        """Ask again after an interval."""
        spread = 1 - SPREAD + 2 * SPREAD * self._random()
        self._due[subject] = self._now() + self._interval * spread

    def failed(self, subject: str, times: int) -> None:
        """Ask again soon after the first failure, then ever later."""
        longest = max(LONGEST_SECONDS, self._interval)
        wait = back_off(times, self._interval / 4, longest, self._random())
        self._due[subject] = self._now() + wait

    def keep(self, subjects: Iterable[str]) -> None:
        """Forget all others."""
        wanted = set(subjects)
        self._due = {subject: due for subject, due in self._due.items() if subject in wanted}

    async def rest(self, news: asyncio.Event, subjects: Iterable[str]) -> None:
        """Until the first of them is due, or there is news."""
        dues = [self._due.get(subject, 0.0) for subject in subjects]
        left = max(0.0, min(dues) - self._now()) if dues else None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(left):
                await news.wait()
