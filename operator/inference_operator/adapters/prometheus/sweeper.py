"""Sweeper: asks Prometheus for all units at once, judges them, and wakes those that changed."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from inference_operator.adapters.prometheus.needs import Needs, needs_of
from inference_operator.adapters.web.telemetry import Telemetry
from inference_operator.api.analysis import Analysis
from inference_operator.api.analysis_status import Verdict
from inference_operator.domain.analysis import AnalysisQuestion, AnalysisResult
from inference_operator.domain.measurement import NoAnswer, Sweep
from inference_operator.domain.names import UnitKey
from inference_operator.planning.analysis.memory import AnalysisMemory

log = logging.getLogger(__name__)

Judge = Callable[
    [AnalysisMemory | None, AnalysisQuestion, Sweep], tuple[AnalysisMemory, AnalysisResult]
]
"""Returns what to remember of a unit, and its result. The first memory is None."""

# Share of an interval that lies between two sweeps, if a sweep takes longer than the interval.
_REST = 0.1
# Sweeps in a row that say the same of a unit without a canary before it is woken. Where Prometheus
# fails now and then, a thousand units would write their statuses after each sweep.
STEADY_SWEEPS = 3


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
class _Entry:
    """A unit that is measured."""

    question: AnalysisQuestion
    memory: AnalysisMemory | None = None
    result: AnalysisResult | None = None
    judged_by: Analysis | None = None
    """The settings that the result is an answer to."""

    read: AnalysisResult | None = None
    """What the last pass read."""

    unlike: int = 0
    """How many sweeps in a row differed from the result, of a unit without a canary."""


@dataclass(slots=True)
class Sweeper:
    """The questions of all units and their last answers."""

    reader: Reader
    judge: Judge
    cadence: Cadence
    wake: Callable[[UnitKey], None]
    telemetry: Telemetry
    thread: Executor
    """Judges the units, one after the other."""

    _entries: dict[UnitKey, _Entry] = field(default_factory=dict)
    _asked: asyncio.Event = field(default_factory=asyncio.Event)
    _fresh_at: float = 0.0

    def measure(self, question: AnalysisQuestion) -> AnalysisResult:
        """Register a unit's question, and return the last answer to it. It never waits."""
        entry = self._entries.get(question.unit)
        if entry is None or entry.question.uid != question.uid:
            if not self._entries:
                self._fresh_at = time.monotonic()
            entry = self._entries[question.unit] = _Entry(question)
            self._asked.set()
        elif _canary_of(entry.question) != _canary_of(question):
            # Evidence about a canary that has ended must not abort the same one that is retried.
            # A sweep that is being judged now is of the former entry.
            memory = replace(entry.memory, canary=None) if entry.memory else None
            entry = self._entries[question.unit] = _Entry(question, memory)
        entry.question = question
        entry.read = _shown(entry)
        return entry.read

    def forget(self, unit: UnitKey) -> None:
        """Forget a unit that has no question, or does not exist."""
        self._entries.pop(unit, None)
        if not self._entries:
            self._asked.clear()

    @property
    def age(self) -> float:
        """Seconds since all families were answered last; 0 while no unit is measured."""
        return time.monotonic() - self._fresh_at if self._entries else 0.0

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
        questions = [entry.question for entry in self._entries.values()]
        loop = asyncio.get_running_loop()
        allows_queries = self.cadence.allows_queries
        needs = await loop.run_in_executor(self.thread, needs_of, questions, allows_queries)
        began = time.monotonic()
        at = self.cadence.wall() - timedelta(seconds=self.cadence.delay)
        sweep = await self.reader.read(needs, at)
        entries = [(entry, entry.question) for entry in self._entries.values()]
        judged = await loop.run_in_executor(self.thread, _judged, self.judge, entries, sweep)
        for (entry, question), (memory, result) in zip(entries, judged, strict=True):
            if self._entries.get(question.unit) is entry:
                entry.judged_by = question.settings
                self._take(entry, memory, result)
        outcome = _outcome(sweep)
        if outcome == "answered":
            self._fresh_at = began
        return outcome

    def _take(self, entry: _Entry, memory: AnalysisMemory | None, result: AnalysisResult) -> None:
        before = entry.result.verdict if entry.result else None
        if result.canary is not None and result.verdict is not before:
            self.telemetry.verdict_changes.labels(str(result.verdict)).inc()
        entry.memory = memory
        if _is_brief(entry, result):
            return
        entry.result = result
        if entry.read is None or _told(entry.read, entry) != _told(_shown(entry), entry):
            self.wake(entry.question.unit)


def _judged(
    judge: Judge, entries: Iterable[tuple[_Entry, AnalysisQuestion]], sweep: Sweep
) -> list[tuple[AnalysisMemory | None, AnalysisResult]]:
    """Return the memory and the result of each unit, in their order; it runs in a thread."""
    judged: list[tuple[AnalysisMemory | None, AnalysisResult]] = []
    for entry, question in entries:
        try:
            memory, result = judge(entry.memory, question, sweep)
        except Exception:
            # One unit must not end the judgement of the others.
            log.exception("a unit could not be judged", extra={"unit": str(question.unit)})
            memory = None
            result = _result(question, Verdict.ERROR, "the judgement failed: see the log")
        judged.append((memory, result))
    return judged


def _shown(entry: _Entry) -> AnalysisResult:
    """Return the last answer, if it is one to the present question."""
    question, result = entry.question, entry.result
    revisions = (_canary_of(question), question.stable.revision)
    is_of_present = result and (result.canary, result.stable) == revisions
    # Other limits may have been written since: a metric of theirs may never have passed.
    if result and is_of_present and entry.judged_by == question.settings:
        return result
    return _result(question, Verdict.NO_DATA, "the metrics were not asked for yet")


def _canary_of(question: AnalysisQuestion) -> str | None:
    return question.canary.revision if question.canary else None


def _result(question: AnalysisQuestion, verdict: Verdict, message: str) -> AnalysisResult:
    return AnalysisResult(_canary_of(question), question.stable.revision, verdict, message)


def _is_brief(entry: _Entry, result: AnalysisResult) -> bool:
    """Count the sweeps that differ from the result; return whether there are still too few."""
    former = entry.result if result.canary is None else None
    is_unlike = former is not None and _told(former, entry) != _told(result, entry)
    entry.unlike = entry.unlike + 1 if is_unlike else 0
    return is_unlike and entry.unlike < STEADY_SWEEPS


def _told(result: AnalysisResult, entry: _Entry) -> tuple[object, ...]:
    """Return the parts of a result that a pass acts on: others change with each sweep."""
    step = entry.question.step
    is_out = result.outage is not None
    # The reasons of an outage may differ from sweep to sweep.
    reason = "" if is_out else result.unavailable
    of_unit = (result.canary, result.stable, is_out, result.is_away, reason)
    if result.canary is None:
        return of_unit
    return (
        *of_unit,
        result.verdict,
        [(m.name, m.verdict, "" if is_out else m.reason) for m in result.metrics],
        result.at is None,
        (result.step_since, min(result.step_passes, step.count)) if step else None,
    )


def _outcome(sweep: Sweep) -> str:
    missing = [isinstance(answer, NoAnswer) for answer in sweep.families.values()]
    return "answered" if not any(missing) else "unanswered" if all(missing) else "incomplete"
