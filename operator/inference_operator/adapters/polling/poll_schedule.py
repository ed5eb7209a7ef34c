"""When to ask a server again: after an interval, later after failures, never in step."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable

from inference_operator.domain.back_off import back_off

# Waits grow up to this, however often asking failed.
LONGEST_SECONDS = 600.0
# Of an interval: what it may differ by, so that a thousand subjects are not asked at once.
SPREAD = 0.1


class PollSchedule:
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

    def make_due(self, subject: str) -> None:
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

    async def wait_until_due(self, news: asyncio.Event, subjects: Iterable[str]) -> None:
        """Until the first of them is due, or there is news."""
        dues = [self._due.get(subject, 0.0) for subject in subjects]
        left = max(0.0, min(dues) - self._now()) if dues else None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(left):
                await news.wait()
