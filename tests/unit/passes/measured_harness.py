"""An operator that measures: a real sweeper, and a judge that says what a test says."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from inference_operator.adapters.prometheus.needs import Needs
from inference_operator.adapters.prometheus.sweeper import Cadence, Reader, Sweeper
from inference_operator.adapters.web.telemetry import Telemetry
from inference_operator.domain.analysis import AnalysisQuestion, AnalysisResult
from inference_operator.domain.measurement import Family, FamilySamples, Sweep
from inference_operator.domain.names import UnitKey
from inference_operator.observation.store import Store
from inference_operator.planning.analysis.memory import AnalysisMemory
from inference_operator.reconcile.reconciler import Dependencies
from inference_operator.validation.defaults import Defaults
from tests.fakes.sweepers import sweeper

from .judged_harness import Judged


class Measured(Judged):
    """An operator with its sweeper; a test lets it sweep, and its passes read the last answers."""

    def __init__(self) -> None:
        self.reader: Reader = _Empty()
        self.questions: list[AnalysisQuestion] = []
        """What the passes have asked since the operator started."""

        self.judged: list[AnalysisQuestion] = []
        """What the sweeps have judged."""

        self.woken_by_sweep: list[UnitKey] = []
        """Whom the last sweep woke."""

        super().__init__()

    def dependencies(
        self, store: Store, wake: Callable[[UnitKey], None], defaults: Defaults
    ) -> Dependencies:
        self.questions.clear()
        cadence = Cadence(10, 1, lambda: self.now)
        self.sweeper = _Recording(
            self.questions,
            sweeper(
                self.reader,
                cadence,
                Inline(),
                judge=self._judge,
                wake=self.woken_by_sweep.append,
                telemetry=Telemetry(),
                clock=self.seconds,
            ),
        )
        given = super().dependencies(store, wake, defaults)
        return replace(given, metrics=self.sweeper)

    def seconds(self) -> float:
        """Seconds of a clock that nothing adjusts."""
        return self.now.timestamp()

    def _judge(
        self, memory: AnalysisMemory | None, question: AnalysisQuestion, sweep: Sweep
    ) -> tuple[AnalysisMemory, AnalysisResult]:
        self.judged.append(question)
        result = replace(self.result_of(question), at=sweep.at)
        return memory or AnalysisMemory(uid=question.uid), result

    async def sweep(self, seconds: int = 10) -> None:
        """Sweep after some time; the unit that it wakes is looked at."""
        self.now += timedelta(seconds=seconds)
        self.woken_by_sweep.clear()
        await self.sweeper.sweep()
        if self.woken_by_sweep:
            await self.settle(self.rounds)


class _Recording:
    """A sweeper that keeps the questions about canaries."""

    def __init__(self, questions: list[AnalysisQuestion], inner: Sweeper) -> None:
        self._questions = questions
        self._inner = inner
        self.size = inner.size
        self.forget = inner.forget
        self.forget_size = inner.forget_size
        self.sweep = inner.sweep

    @property
    def age(self) -> float:
        return self._inner.age

    def measure(self, question: AnalysisQuestion) -> AnalysisResult:
        self._questions.append(question)
        return self._inner.measure(question)


class _Empty:
    """A Prometheus that answers everything with nothing."""

    async def read(self, needs: Needs, at: datetime) -> Sweep:
        return Sweep(at, {family: FamilySamples((), 0, 0, ()) for family in Family}, {})


class Inline(Executor):
    """Runs what it is given at once."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done
