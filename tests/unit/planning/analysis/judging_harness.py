"""Triton servers with counters, a Prometheus that scrapes them, and a judge that reads it."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from inference_operator.api.analysis import Analysis
from inference_operator.api.analysis_status import AnalysisStatus, Verdict
from inference_operator.domain.analysis import (
    AnalysisQuestion,
    AnalysisResult,
    MeasuredPod,
    MeasuredTrack,
    MetricResult,
    StepQuestion,
)
from inference_operator.domain.measurement import (
    Family,
    FamilySamples,
    NoAnswer,
    PodName,
    QueryValue,
    Sample,
    Sweep,
)
from inference_operator.domain.names import UnitKey
from inference_operator.planning.analysis.judging import judged
from inference_operator.planning.analysis.memory import AnalysisMemory
from inference_operator.planning.measuring.gpus import shared_gpus

NOON = datetime(2031, 5, 6, 12, tzinfo=UTC)
UNIT = UnitKey("InferenceModel", "trading", "fx-drift")
MODEL = "fx-drift"
STABLE, CANARY = "aaa", "bbb"
LONG_BEFORE = NOON - timedelta(hours=1)
REASON = "OTHER"
BOUNDS = (2.0, 5.0, 10.0, 20.0, 50.0, 100.0, math.inf)
Rows = dict[tuple[Family, tuple[str, ...]], float]


def metric(name: str = "errors", kind: str = "ErrorRate", **fields: str) -> dict[str, str]:
    """Return a metric as a spec has it: errors of at most 1 %, unless something else is given."""
    limits = fields or {"max": "1%"}
    return {"name": name, "type": kind, **limits}


ERRORS = metric()
MEAN = metric("mean", "Latency", statistic="mean", max="20ms", maxRelative="120%")
P95 = metric("p95", "Latency", statistic="p95", max="20ms", maxRelative="150%")


def settings(*metrics: Mapping[str, Any], **fields: Any) -> Analysis:
    given = {"metrics": list(metrics or (ERRORS,)), "initialDelay": "0s", **fields}
    return Analysis.model_validate(given)


@dataclass
class Server:
    """A pod's Triton: its raw counters, and what the last scrape saw of them."""

    name: str
    model: str = MODEL
    version: str = "1"
    rows: Rows = field(default_factory=dict)
    scraped: Rows = field(default_factory=dict)
    scraped_at: float = 0.0
    shape: Callable[[Rows], Mapping[tuple[Family, tuple[str, ...]], Any]] = dict
    gpu: str = ""
    """UUID of the GPU that it uses to one half; "" without GPU metrics."""

    def __post_init__(self) -> None:
        for family in (Family.REQUESTS, Family.REQUEST_TIME, Family.QUEUE_TIME):
            self.add(family, 0)
        self.add(Family.FAILURES, 0, REASON)

    def add(self, family: Family, value: float, *labels: str, model: str = "") -> None:
        key = (family, (model or self.model, self.version, *labels))
        self.rows[key] = self.rows.get(key, 0.0) + value

    def serve(
        self, requests: int, failed: int = 0, ms: float = 10.0, queue_ms: float = 1.0
    ) -> None:
        """Answer requests, of which some fail. Only the others have a time."""
        self.add(Family.REQUESTS, requests - failed)
        self.add(Family.FAILURES, failed, REASON)
        self.add(Family.REQUEST_TIME, (requests - failed) * ms * 1000)
        self.add(Family.QUEUE_TIME, (requests - failed) * queue_ms * 1000)

    def observe(self, latencies: Mapping[float, int]) -> None:
        """Add requests to the histogram, by their latency in ms."""
        for bound in BOUNDS:
            label = "+Inf" if bound == math.inf else f"{bound:g}"
            key = (Family.BUCKETS, (self.model, label))
            fast = sum(number for ms, number in latencies.items() if ms <= bound)
            self.rows[key] = self.rows.get(key, 0.0) + fast

    def scrape(self, at: datetime) -> None:
        self.scraped, self.scraped_at = dict(self.rows), at.timestamp()

    def restart(self) -> None:
        self.rows = dict.fromkeys(self.rows, 0.0)

    def samples(self) -> dict[Family, tuple[Sample, ...]]:
        if not self.scraped:
            return {}
        pod = PodName(UNIT.namespace, self.name)
        samples: dict[Family, list[Sample]] = {
            Family.FRESHNESS: [Sample(pod, None, (), self.scraped_at)]
        }
        for (family, labels), value in self.shape(self.scraped).items():
            samples.setdefault(family, []).append(Sample(pod, None, labels, value))
        if self.gpu:
            samples[Family.GPU_UTILIZATION] = [Sample(pod, None, (self.gpu,), 0.5)]
        return {family: tuple(of_family) for family, of_family in samples.items()}


def pods_of(servers: Iterable[Server], ready_since: datetime) -> tuple[MeasuredPod, ...]:
    return tuple(MeasuredPod(each.name, ready_since, timedelta(seconds=5)) for each in servers)


def track(revision: str, servers: Iterable[Server], since: datetime = LONG_BEFORE) -> MeasuredTrack:
    return MeasuredTrack(revision, MODEL, 1, (), pods_of(servers, since))


@dataclass
class Bench:
    """Servers of both tracks, and the judge with its memory."""

    settings: Analysis = field(default_factory=settings)
    stable: list[Server] = field(default_factory=lambda: [Server(f"stable-{i}") for i in range(3)])
    canary: list[Server] = field(default_factory=lambda: [Server("canary-0")])
    now: datetime = NOON
    memory: AnalysisMemory | None = None
    step: StepQuestion | None = None
    record: AnalysisStatus | None = None
    has_canary: bool = True
    others: dict[PodName, dict[Family, tuple[Sample, ...]]] = field(default_factory=dict)
    queries: dict[str, QueryValue | NoAnswer] = field(default_factory=dict)
    canary_since: datetime = LONG_BEFORE
    stable_name: str = STABLE

    @property
    def question(self) -> AnalysisQuestion:
        canary = track(CANARY, self.canary, self.canary_since) if self.has_canary else None
        stable = track(self.stable_name, self.stable)
        return AnalysisQuestion(UNIT, "uid", self.settings, stable, canary, self.step, self.record)

    def sweep(self, **changes: Any) -> Sweep:
        by_pod = {
            PodName(UNIT.namespace, each.name): samples
            for each in (*self.stable, *self.canary)
            if (samples := each.samples())
        }
        families = {family: FamilySamples((), 0, 0, ()) for family in Family}
        pods = {**by_pod, **self.others}
        usage = [s for of in pods.values() for s in of.get(Family.GPU_UTILIZATION, ())]
        families[Family.GPU_UTILIZATION] = FamilySamples(tuple(usage), 0, 0, ())
        fresh = [s for of in pods.values() for s in of.get(Family.FRESHNESS, ())]
        gpus = shared_gpus({**families, Family.FRESHNESS: FamilySamples(tuple(fresh), 0, 0, ())})
        queries = dict(self.queries)
        made = Sweep(self.now, families, pods, queries, gpus, age_limit=32.0)
        return replace(made, **changes)

    def judge(self, sweep: Sweep | None = None) -> AnalysisResult:
        self.memory, result = judged(self.memory, self.question, sweep or self.sweep())
        return result

    def scrape(self) -> None:
        for server in (*self.stable, *self.canary):
            server.scrape(self.now)

    def pass_time(self, seconds: float = 15) -> AnalysisResult:
        """Scrape all servers after some time, and judge."""
        self.now += timedelta(seconds=seconds)
        self.scrape()
        return self.judge()

    def serve(self, canary: tuple[int, int] = (150, 0), stable: tuple[int, int] = (450, 2)) -> None:
        """Answer requests of both tracks, (all, failed) of each server."""
        for server in self.stable:
            server.serve(*stable)
        for server in self.canary:
            server.serve(*canary)

    def run(
        self,
        windows: int,
        canary: tuple[int, int] = (150, 0),
        stable: tuple[int, int] = (450, 2),
    ) -> AnalysisResult:
        """Judge after so many windows, each with the same requests."""
        result = None
        for _ in range(windows):
            self.serve(canary, stable)
            result = self.pass_time()
        assert result is not None
        return result

    def begin(self, windows: int = 30, stable: tuple[int, int] = (450, 2)) -> AnalysisResult:
        """Judge the stable revision alone, and then begin a canary."""
        self.has_canary = False
        self.pass_time()
        self.run(windows, (0, 0), stable)
        self.has_canary = True
        self.pass_time()
        return self.pass_time()


def verdict_of(result: AnalysisResult, name: str = "errors") -> Verdict:
    return result.verdicts[name]


def metric_of(result: AnalysisResult, name: str = "errors") -> MetricResult:
    return next(each for each in result.metrics if each.name == name)


def passing(*metrics: Mapping[str, str], servers: int = 1) -> Bench:
    """Return a canary that has passed."""
    canary = [Server(f"canary-{i}") for i in range(servers)]
    bench = Bench(settings(*(metrics or (metric(),))), canary=canary)
    bench.begin(stable=(450, 3))
    assert bench.run(40, canary=(150, 1), stable=(450, 3)).verdict is Verdict.PASS
    return bench
