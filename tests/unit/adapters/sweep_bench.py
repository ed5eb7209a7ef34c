"""A sweeper over a fake server, with a judge that a test sets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from prometheus_client import generate_latest

from inference_operator.adapters.prometheus.access import AccessFiles
from inference_operator.adapters.prometheus.client import Prometheus
from inference_operator.adapters.prometheus.scope import Scope
from inference_operator.adapters.prometheus.sweep import Source, SweepReader
from inference_operator.adapters.prometheus.sweeper import Cadence
from inference_operator.adapters.web.telemetry import Telemetry
from inference_operator.api.analysis_status import Verdict
from inference_operator.domain.analysis import (
    AnalysisQuestion,
    AnalysisResult,
)
from inference_operator.domain.measurement import (
    Sweep,
)
from inference_operator.domain.names import UnitKey
from inference_operator.planning.analysis.canary import begun_canary
from inference_operator.planning.analysis.memory import AnalysisMemory
from tests.fakes.prometheus import FakePrometheus, fake_prometheus
from tests.fakes.sweepers import sweeper
from tests.unit.adapters.questions import NOON

TIMEOUT = 0.5
PASS = AnalysisResult("canary", "stable", Verdict.PASS, "1 of 200 failed", at=NOON)


@dataclass
class Bench:
    """A sweeper over a fake server, with a judge that a test sets."""

    server: FakePrometheus
    thread: ThreadPoolExecutor
    telemetry: Telemetry = field(default_factory=Telemetry)
    woken: list[UnitKey] = field(default_factory=list)
    sweeps: list[Sweep] = field(default_factory=list)
    memories: list[AnalysisMemory | None] = field(default_factory=list)
    """What each judgement remembered."""

    verdict: Callable[[AnalysisQuestion], AnalysisResult] = field(default=lambda _: PASS)
    allows_queries: bool = True
    timeout: float = TIMEOUT
    """Seconds that an answer, and all queries of users together, may take."""

    def __post_init__(self) -> None:
        self.prometheus = Prometheus(self.server.uri, self.timeout, self.thread)
        source = Source(self.prometheus, AccessFiles(), Scope(), self.timeout)
        reader = SweepReader(source, self.thread, self.telemetry)
        cadence = Cadence(0.05, 1, lambda: NOON, self.allows_queries)
        self.sweeper = sweeper(
            reader,
            cadence,
            self.thread,
            judge=self._judged,
            wake=self.woken.append,
            telemetry=self.telemetry,
        )

    def _judged(
        self, memory: AnalysisMemory | None, asked: AnalysisQuestion, sweep: Sweep
    ) -> tuple[AnalysisMemory, AnalysisResult]:
        self.memories.append(memory)
        self.sweeps.append(sweep)
        canary = begun_canary(asked) if asked.canary else None
        memory = AnalysisMemory(uid=asked.uid, closed=sweep.at, canary=canary)
        return memory, self.verdict(asked)

    def counted(self, name: str) -> set[str]:
        """The lines of one of the operator's metrics."""
        lines = generate_latest(self.telemetry.registry).decode().splitlines()
        return {line.removeprefix(name) for line in lines if line.startswith(name)}


@asynccontextmanager
async def sweep_bench() -> AsyncIterator[Bench]:
    async with fake_prometheus() as server:
        with ThreadPoolExecutor(1) as thread:
            bench = Bench(server, thread)
            yield bench
            await bench.prometheus.close()


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come true")
