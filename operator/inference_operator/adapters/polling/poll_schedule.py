"""Schedule of polls: after an interval, later after failures, never all at the same time."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable

from inference_operator.domain.back_off import back_off

# The longest wait after any number of failures.
LONGEST_SECONDS = 600.0
# Random share of an interval, so that a thousand subjects are not polled at the same time.
SPREAD = 0.1
# Time after an answer before a person's wish is followed.
HASTE_SECONDS = 10.0


class PollSchedule:
    """Due times of subjects, on a monotonic clock in seconds."""

    def __init__(
        self, interval: float, monotonic: Callable[[], float], random: Callable[[], float]
    ) -> None:
        """Create a schedule; `random` returns numbers from 0 to 1."""
        self._interval = interval
        self._now = monotonic
        self._random = random
        self._due: dict[str, float] = {}
        self._answered: dict[str, float] = {}

    def is_due(self, subject: str) -> bool:
        """Return whether to poll now; a subject that was never polled is due."""
        return self._due.get(subject, 0.0) <= self._now()

    def make_due(self, subject: str) -> None:
        """Poll at the next chance: a new subscriber waits for the answer."""
        self._due[subject] = self._now()

    def hasten(self, subject: str) -> None:
        """Poll at the next chance, but no sooner than a few seconds after the last answer: people
        may ask for it as often as they like."""
        earliest = self._answered.get(subject, self._now() - HASTE_SECONDS) + HASTE_SECONDS
        self._due[subject] = min(self._due.get(subject, 0.0), max(self._now(), earliest))

    def answered(self, subject: str) -> None:
        """Poll again after an interval."""
        self._answered[subject] = self._now()
        spread = 1 - SPREAD + 2 * SPREAD * self._random()
        self._due[subject] = self._now() + self._interval * spread

    def failed(self, subject: str, times: int) -> None:
        """Poll again soon after the first failure, then later after each one."""
        longest = max(LONGEST_SECONDS, self._interval)
        wait = back_off(times, self._interval / 4, longest, self._random())
        self._due[subject] = self._now() + wait

    def keep(self, subjects: Iterable[str]) -> None:
        """Forget all other subjects."""
        kept = set(subjects)
        self._due = {subject: due for subject, due in self._due.items() if subject in kept}
        self._answered = {s: at for s, at in self._answered.items() if s in kept}

    async def wait_until_due(self, news: asyncio.Event, subjects: Iterable[str]) -> None:
        """Wait until the first of the subjects is due, or `news` is set."""
        dues = [self._due.get(subject, 0.0) for subject in subjects]
        left = max(0.0, min(dues) - self._now()) if dues else None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(left):
                await news.wait()
