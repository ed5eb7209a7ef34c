"""Units whose pods are scraped by a real Prometheus, and a sweeper that judges them."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from inference_operator.adapters.prometheus.access import AccessFiles
from inference_operator.adapters.prometheus.client import Prometheus
from inference_operator.adapters.prometheus.scope import Scope
from inference_operator.adapters.prometheus.sweep import Source, SweepReader
from inference_operator.adapters.prometheus.sweeper import Cadence, Sweeper
from inference_operator.adapters.web.telemetry import Telemetry
from inference_operator.api.analysis import Analysis
from inference_operator.domain.analysis import (
    AnalysisQuestion,
    AnalysisResult,
    MeasuredPod,
    MeasuredTrack,
    MetricResult,
)
from inference_operator.domain.measurement import PodName
from inference_operator.domain.names import UnitKey
from tests.fakes.sweepers import sweeper
from tests.integration.prometheus.triton_pods import TritonPod

NAMESPACE = "shop"
_LONG_AGO = timedelta(hours=1)
_TIMEOUT, _DELAY = 2.0, 0.0
_EACH_SECONDS = 0.5


@dataclass
class Unit:
    """A unit with two pods of a canary and three of the stable revision."""

    name: str
    metrics: tuple[Mapping[str, Any], ...]
    canary: list[TritonPod]
    stable: list[TritonPod]
    ready_for: timedelta = _LONG_AGO
    """How long the canary's pods have been ready."""

    results: list[AnalysisResult] = field(default_factory=list)
    """What the sweeps have answered."""

    @classmethod
    def new(cls, name: str, *metrics: Mapping[str, Any]) -> "Unit":
        canary, stable = (
            [TritonPod(PodName(NAMESPACE, f"{name}-{track}-{number}")) for number in range(count)]
            for track, count in (("new", 2), ("old", 3))
        )
        return cls(name, metrics, canary, stable)

    @property
    def pods(self) -> list[TritonPod]:
        return [*self.canary, *self.stable]

    @property
    def question(self) -> AnalysisQuestion:
        settings = {
            "metrics": list(self.metrics),
            "initialDelay": "0s",
            "window": "10s",
            "failures": 1,
            "outOf": 1,
        }
        return AnalysisQuestion(
            unit=UnitKey("InferenceModel", NAMESPACE, self.name),
            uid=self.name,
            settings=Analysis.model_validate(settings),
            stable=_track("old", self.stable, _LONG_AGO),
            canary=_track("new", self.canary, self.ready_for),
        )

    @property
    def last(self) -> AnalysisResult:
        return self.results[-1]

    @property
    def metric(self) -> MetricResult:
        """The only metric's last verdict."""
        (metric,) = self.last.metrics
        return metric


def _track(revision: str, pods: Iterable[TritonPod], ready_for: timedelta) -> MeasuredTrack:
    since = datetime.now(UTC) - ready_for
    measured = tuple(MeasuredPod(each.pod.name, since, timedelta()) for each in pods)
    return MeasuredTrack(revision, "price", 1, pods=measured)


@dataclass
class Sweeps:
    """A sweeper of one Prometheus, and the units that it measures."""

    sweeper: Sweeper
    units: tuple[Unit, ...]

    async def until(self, condition: Callable[[Unit], bool], seconds: float) -> None:
        """Sweep until the condition holds for each unit, at most so long."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            questions = [unit.question for unit in self.units]
            for question in questions:
                self.sweeper.measure(question)
            await self.sweeper.sweep()
            for unit, question in zip(self.units, questions, strict=True):
                unit.results.append(self.sweeper.measure(question))
            if all(map(condition, self.units)):
                return
            await asyncio.sleep(_EACH_SECONDS)


@asynccontextmanager
async def sweeps(
    uri: str, units: Iterable[Unit], scope: Scope | None = None
) -> AsyncIterator[Sweeps]:
    """Measure the units with the Prometheus at that address."""
    with ThreadPoolExecutor(1) as thread:
        client, telemetry = Prometheus(uri, _TIMEOUT, thread), Telemetry()
        source = Source(client, AccessFiles(), scope or Scope(), _TIMEOUT)
        cadence = Cadence(1.0, _DELAY, lambda: datetime.now(UTC))
        reader = SweepReader(source, thread, telemetry)
        try:
            yield Sweeps(sweeper(reader, cadence, thread), tuple(units))
        finally:
            await client.close()
