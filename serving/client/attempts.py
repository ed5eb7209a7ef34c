"""Attempts of one call: a deadline for all of them, and retries from a budget."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from tritonclient.utils import InferenceServerException

from serving.client.budget import RetryBudget
from serving.client.errors import Place
from serving.client.failures import error_of, may_retry
from serving.records import Timings
from serving.settings.triton import TritonSettings

Answer = TypeVar("Answer")


@dataclass(slots=True)
class Attempts:
    """The attempts of all calls to one target."""

    settings: TritonSettings
    budget: RetryBudget
    retried: int = 0
    """Attempts after the first ones, of all calls."""

    @classmethod
    def of(cls, settings: TritonSettings) -> "Attempts":
        return cls(settings, RetryBudget(settings.retry_share, settings.retry_burst))

    async def call(
        self, place: Place, seconds: float | None, send: Callable[[float], Awaitable[Answer]]
    ) -> tuple[Answer, Timings]:
        """Return the answer of the first attempt that has one; `send` gets the seconds left.

        A cancelled call is cancelled in the server too: gRPC ends its stream.

        Raises:
            TritonError: without an answer in time.
        """
        began = time.monotonic()
        deadline = began + (self.settings.timeout if seconds is None else seconds)
        waited, number = 0.0, 0
        self.budget.earn()
        while True:
            number += 1
            left = deadline - time.monotonic()
            try:
                answer = await asyncio.wait_for(send(max(left, 0.001)), max(left, 0.001))
                return answer, Timings(time.monotonic() - began, number, waited)
            except (TimeoutError, InferenceServerException) as failure:
                wait = self._wait(number)
                is_last = number >= self.settings.attempts or not may_retry(failure)
                if is_last or time.monotonic() + wait >= deadline or not self.budget.spend():
                    raise error_of(failure, place) from failure
            self.retried += 1
            await asyncio.sleep(wait)
            waited += wait

    def _wait(self, number: int) -> float:
        """Return the seconds before the next attempt: they double, between a half and all of it."""
        longest = min(self.settings.backoff * 2.0 ** (number - 1), self.settings.longest_backoff)
        return longest * random.uniform(0.5, 1.0)
