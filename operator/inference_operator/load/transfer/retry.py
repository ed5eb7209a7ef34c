"""Retries: transient failures, the waits between attempts, and the limit of attempts."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from inference_operator.api.reasons import Reason
from inference_operator.load.failure import LoadError
from inference_operator.load.transfer.progress import log


class TransientError(Exception):
    """A failure that may pass; `retry_after` is the wait that the server asks for, in seconds."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UnreachableError(TransientError):
    """A failure before the source answered at all; `remedy` replaces the general one."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


Sleep = Callable[[float], object]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Attempts without progress before giving up, and the waits between them in seconds."""

    attempts: int = 6
    unanswered_attempts: int = 3
    """Attempts while the source has never answered. A person may have to act, and reads of it only
    when the container ends; the kubelet starts it again."""

    first_wait: float = 1.0
    longest_wait: float = 30.0
    longest_retry_after: float = 120.0

    @property
    def patient(self) -> "RetryPolicy":
        """The policy for a source that has answered: its network is only interrupted."""
        return replace(self, unanswered_attempts=self.attempts)

    def attempts_for(self, cut: TransientError, reached: int) -> int:
        """Return the attempts for this failure, with so many bytes there."""
        if isinstance(cut, UnreachableError) and reached == 0:
            return min(self.unanswered_attempts, self.attempts)
        return self.attempts


class Retries:
    """Failures in a row. Bytes beyond those of any earlier attempt are progress.

    Progress resets the count, so a large artifact arrives over a bad connection. A server that
    never makes progress fails.
    """

    def __init__(
        self,
        policy: RetryPolicy,
        sleep: Sleep = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._policy, self._sleep, self._chance = policy, sleep, chance
        self._failures = 0
        self._reached = 0

    def wait(self, cut: TransientError, source: str, reached: int) -> None:
        """Sleep before the next attempt, or raise FetchFailed when none is left."""
        if reached > self._reached:
            self._failures, self._reached = 0, reached
        self._failures += 1
        if self._failures >= self._policy.attempts_for(cut, self._reached):
            remedy = cut.remedy if isinstance(cut, UnreachableError) else ""
            problem = f"{cut}" if f"{cut}".startswith(source) else f"{source}: {cut}"
            raise LoadError(
                Reason.FETCH_FAILED,
                f"{problem}; gave up after {self._failures} attempts without progress",
                remedy or "check the server and the network between it and this namespace",
            )
        pause = self._pause(cut)
        log("waiting to retry", "WARNING", source=source, error=str(cut), seconds=round(pause, 2))
        self._sleep(pause)

    def _pause(self, cut: TransientError) -> float:
        if cut.retry_after is not None:
            return min(cut.retry_after, self._policy.longest_retry_after)
        doubled: float = self._policy.first_wait * 2 ** (self._failures - 1)
        return min(doubled, self._policy.longest_wait) * (0.5 + self._chance() / 2)
