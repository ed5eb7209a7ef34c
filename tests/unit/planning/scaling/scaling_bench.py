"""Pods with counters, a Prometheus that scrapes them, and a unit that is scaled by it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from inference_operator.api.autoscaling import Autoscaling
from inference_operator.domain.analysis import MeasuredTrack
from inference_operator.domain.measurement import (
    Family,
    FamilySamples,
    NoAnswer,
    PodName,
    QueryValue,
    Sample,
    Sweep,
)
from inference_operator.domain.scaling import MetricLoad, ScalingDecision, Surroundings
from inference_operator.domain.scaling_question import ScalingAnswer, ScalingQuestion
from inference_operator.planning.scaling.load import load_of
from inference_operator.planning.scaling.question import UnitMemory, answer, is_other_size
from tests.unit.planning.analysis.judging_harness import (
    LONG_BEFORE,
    MODEL,
    NOON,
    UNIT,
    Server,
    pods_of,
)
from tests.unit.planning.scaling.load_cases import QUEUE
from tests.unit.planning.scaling.load_cases import settings as rules_of

STEP = 15.0
__all__ = ["MODEL", "NOON", "QUEUE", "STEP", "UNIT", "Bench", "rules_of"]


@dataclass
class Bench:
    """A unit with pods. Each has the same load, unless a test gives it another one."""

    rules: Autoscaling = field(default_factory=rules_of)
    servers: list[Server] = field(default_factory=lambda: [Server(f"pod-{i}") for i in range(3)])
    canary: list[Server] = field(default_factory=list)
    step_models: tuple[str, ...] = ()
    ready_since: datetime = LONG_BEFORE
    at: datetime = NOON
    now: float = 0.0
    memory: UnitMemory | None = None
    last: ScalingAnswer | None = None
    pending: dict[str, Any] = field(default_factory=dict)
    gauges: dict[tuple[Family, str], tuple[tuple[tuple[str, ...], Any], ...]] = field(
        default_factory=dict
    )
    queries: dict[str, QueryValue | NoAnswer] = field(default_factory=dict)
    surroundings: Surroundings = field(default_factory=Surroundings)
    max_batch_size: int = 8
    wakes: int = 0

    @property
    def question(self) -> ScalingQuestion:
        tracks = [self._track("aaa", self.servers)]
        if self.canary:
            tracks.append(self._track("bbb", self.canary))
        size = len(self.servers)
        return ScalingQuestion(
            UNIT,
            "uid",
            self.rules,
            size,
            tuple(tracks),
            max_batch_size=self.max_batch_size,
            surroundings=self.surroundings,
        )

    def _track(self, revision: str, servers: list[Server]) -> MeasuredTrack:
        pods = pods_of(servers, self.ready_since)
        return MeasuredTrack(revision, MODEL, 1, self.step_models, pods)

    def serve(self, requests: int = 150, **more: Any) -> None:
        for server in (*self.servers, *self.canary):
            server.serve(requests, **more)

    def sweep(self, **changes: Any) -> Sweep:
        by_pod = {}
        for server in (*self.servers, *self.canary):
            if samples := server.samples():
                by_pod[PodName(UNIT.namespace, server.name)] = samples | self._gauges(server)
        families = {family: FamilySamples((), 0, 0, ()) for family in Family}
        made = Sweep(self.at, families, by_pod, dict(self.queries), {}, age_limit=32.0)
        return replace(made, **changes)

    def _gauges(self, server: Server) -> dict[Family, tuple[Sample, ...]]:
        pod = PodName(UNIT.namespace, server.name)
        rows = {
            Family.PENDING: (((MODEL, "1"), self.pending.get(server.name, 0.0)),),
        }
        for (family, name), values in self.gauges.items():
            if name == server.name:
                rows[family] = values
        windows = {metric.window for metric in self.rules.metrics}
        return {
            family: tuple(
                Sample(pod, None if family is Family.GPU_MEMORY else window, labels, value)
                for labels, value in values
                for window in windows
            )
            for family, values in rows.items()
        }

    def pass_time(self, seconds: float = STEP, **changes: Any) -> ScalingDecision:
        """Scrape all pods after some time, and decide."""
        self.at += timedelta(seconds=seconds)
        for server in (*self.servers, *self.canary):
            server.scrape(self.at)
        return self.decide(seconds, **changes)

    def decide(self, seconds: float = STEP, **changes: Any) -> ScalingDecision:
        """Decide after some time of the clock that nothing adjusts, without a scrape."""
        self.now += seconds
        self.memory, given = answer(self.memory, self.question, self.sweep(**changes), self.now)
        self.wakes += is_other_size(self.last, given)
        self.last = given
        return given.decision

    def run(self, sweeps: int, requests: int = 150, **more: Any) -> ScalingDecision:
        """Serve and decide so many times."""
        decision = None
        for _ in range(sweeps):
            self.serve(requests, **more)
            decision = self.pass_time()
        assert decision is not None
        return decision

    def load(self, **changes: Any) -> MetricLoad:
        """Return the load of the first metric, without deciding."""
        before = self.memory.pods if self.memory else {}
        _, load = load_of(self.question, self.sweep(**changes), before, self.now)
        return load.metrics[0]


def metric(kind: str, target: str, **more: str) -> Mapping[str, str]:
    return {"type": kind, "target": target, **more}
