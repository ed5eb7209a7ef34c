"""Sweeper: asks Prometheus for all units at once, judges them, and wakes those that changed."""

import asyncio
import itertools
import logging
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from inference_operator.adapters.prometheus.canary_questions import CanaryQuestions
from inference_operator.adapters.prometheus.needs import Needs, needs_of
from inference_operator.adapters.prometheus.questions import Questions, Take
from inference_operator.adapters.prometheus.size_questions import SizeQuestions
from inference_operator.adapters.uncollected import uncollected_at_most
from inference_operator.adapters.web.telemetry import Telemetry
from inference_operator.domain.analysis import AnalysisQuestion, AnalysisResult
from inference_operator.domain.measurement import NoAnswer, Sweep
from inference_operator.domain.names import UnitKey
from inference_operator.domain.scaling_question import ScalingAnswer, ScalingQuestion

log = logging.getLogger(__name__)

# Share of an interval that lies between two sweeps, if a sweep takes longer than the interval.
_REST = 0.1
# Seconds without a pass of the collector of garbage; a sweep that is answered takes less.
_LONGEST_UNCOLLECTED = 30.0


class Reader(Protocol):
    """Asker of all queries of a sweep: Prometheus', or that of a simulation."""

    async def read(self, needs: Needs, at: datetime) -> Sweep:
        """Return the answers at one evaluation time; what fails is a NoAnswer."""
        ...


@dataclass(frozen=True, slots=True)
class Cadence:
    """When sweeps are, and of which moment."""

    interval: float
    """Seconds between the beginnings of two sweeps."""

    delay: float
    """Seconds before a sweep's beginning for which values are asked: samples arrive late."""

    wall: Callable[[], datetime]
    """The wall clock, which Prometheus has too."""

    allows_queries: bool = True
    """Whether queries of users are asked."""


@dataclass(slots=True)
class Sweeper:
    """The questions of all units and their last answers."""

    reader: Reader
    canaries: CanaryQuestions
    sizes: SizeQuestions
    cadence: Cadence
    telemetry: Telemetry
    thread: Executor
    """Judges the units, one after the other."""

    _asked: asyncio.Event = field(default_factory=asyncio.Event)
    _fresh_at: float = 0.0

    def measure(self, question: AnalysisQuestion) -> AnalysisResult:
        """Register a question about a canary, and return the last answer to it. It never waits."""
        result = self.canaries.measure(question)
        self._begin()
        return result

    def size(self, question: ScalingQuestion) -> ScalingAnswer | None:
        """Register a question about a number of pods, and return the last answer to it; None before
        there is one. It never waits."""
        answer = self.sizes.size(question)
        self._begin()
        return answer

    def forget(self, unit: UnitKey) -> None:
        """Forget the question about a unit's canary."""
        self.canaries.forget(unit)
        self._end()

    def forget_size(self, unit: UnitKey) -> None:
        """Forget the question about a unit's number of pods."""
        self.sizes.forget(unit)
        self._end()

    @property
    def age(self) -> float:
        """Seconds since all families were answered last; 0 while no unit is measured."""
        return time.monotonic() - self._fresh_at if self._asked.is_set() else 0.0

    @property
    def _questions(self) -> tuple[Questions, ...]:
        return self.canaries, self.sizes

    def _begin(self) -> None:
        if not self._asked.is_set():
            self._fresh_at = time.monotonic()
            self._asked.set()

    def _end(self) -> None:
        if not any(map(len, self._questions)):
            self._asked.clear()

    async def run(self) -> None:
        """Sweep again and again while there are questions, until cancelled."""
        while True:
            await self._asked.wait()
            began = time.monotonic()
            try:
                outcome = await self.sweep()
            except Exception:
                # The next sweep may succeed, and the rest of the operator does not depend on it.
                log.exception("a sweep of Prometheus failed")
                outcome = "failed"
            took = time.monotonic() - began
            self.telemetry.sweeps.labels(outcome).inc()
            self.telemetry.sweep_seconds.observe(took)
            interval = self.cadence.interval
            await asyncio.sleep(max(interval - took, _REST * interval))

    async def sweep(self) -> str:
        """Ask, judge and wake once; return how it went: answered, incomplete or unanswered."""
        async with uncollected_at_most(_LONGEST_UNCOLLECTED):
            return await self._sweep()

    async def _sweep(self) -> str:
        loop = asyncio.get_running_loop()
        asks = itertools.chain(*[each.asks() for each in self._questions])
        allows_queries = self.cadence.allows_queries
        needs = await loop.run_in_executor(self.thread, needs_of, asks, allows_queries)
        began = time.monotonic()
        at = self.cadence.wall() - timedelta(seconds=self.cadence.delay)
        sweep = replace(await self.reader.read(needs, at), interval=self.cadence.interval)
        for judging in [each.judging(sweep) for each in self._questions]:
            take: Take = await loop.run_in_executor(self.thread, judging)
            take()
        outcome = _outcome(sweep)
        if outcome == "answered":
            self._fresh_at = began
        return outcome


def _outcome(sweep: Sweep) -> str:
    missing = [isinstance(answer, NoAnswer) for answer in sweep.families.values()]
    return "answered" if not any(missing) else "unanswered" if all(missing) else "incomplete"
