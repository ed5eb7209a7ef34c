"""Plays of the shapes that metrics take, by the rows of docs/autoscaling.md.

Each unit has three pods and so little load that it would shrink. Its stabilisation windows are 0.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from inference_operator.domain.measurement import (
    Family,
    FamilySamples,
    NoAnswer,
    NoValue,
    Outage,
    PodName,
    QueryValue,
    Unusable,
)
from tests.unit.planning.analysis.judging_harness import Server
from tests.unit.planning.scaling.load_cases import AT_ONCE, PENDING, QUEUE
from tests.unit.planning.scaling.scaling_bench import UNIT, Bench, metric, rules_of

GPU = metric("GPUMemory", "80%")
P95 = metric("Latency", "200ms", statistic="p95")
LATENCY = metric("Latency", "20ms", statistic="mean")
LAG = metric("Prometheus", "4", targetType="AverageValue", query="lag")
POD = PodName(UNIT.namespace, "pod-0")
SWEEPS = 16
"""More than the window of a minute has."""

Changes = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A shape: what pods and Prometheus do at each sweep, and what is decided in the end."""

    reason: str
    """The metric's; that of the decision, if the metric has none."""

    size: int = 3
    rules: Any = field(default_factory=lambda: QUEUE)
    serve: Callable[[Bench], None] = lambda bench: bench.serve(150, queue_ms=0.5)
    see: Callable[[Bench], Changes] = lambda bench: {}
    seconds: float = 15.0
    settled: int = 8
    """Sweeps with good metrics, at the target, before the shape begins."""

    def play(self) -> tuple[int, str]:
        """Return the last size, and the reason of the metric or of the decision."""
        bench = Bench(rules_of(self.rules, behavior=AT_ONCE))
        for pod in range(3):
            bench.gauges[Family.GPU_MEMORY, f"pod-{pod}"] = (((f"GPU-{pod}",), 0.8),)
        bench.pending = dict.fromkeys(("pod-0", "pod-1", "pod-2"), 4.0)
        bench.queries["lag"] = QueryValue(12.0)
        for _ in range(self.settled):
            bench.serve(150, queue_ms=5.0, ms=20.0)
            _observe(bench, 100.0)
            bench.pass_time()
        bench.pending = {}
        for _ in range(SWEEPS):
            self.serve(bench)
            decision = bench.pass_time(self.seconds, **self.see(bench))
            bench.servers = bench.servers[: max(decision.size, 1)]
        return decision.size, (decision.metrics[0].reason or decision.reason).partition(":")[0]


def _observe(bench: Bench, ms: float) -> None:
    for server in bench.servers:
        server.observe({ms: 100})


def _silence(bench: Bench) -> None:
    bench.serve(0)


def _hang(bench: Bench) -> None:
    bench.serve(0)
    bench.pending = {"pod-1": 4.0}


def _fail(bench: Bench) -> None:
    bench.serve(100, failed=100)


def _slow_percentile(bench: Bench) -> None:
    bench.serve(100)
    _observe(bench, 500.0)


def _restart(bench: Bench) -> None:
    """Let a server begin again once a minute."""
    if bench.now % 60 == 0:
        bench.servers[0].restart()
    bench.serve(150, queue_ms=0.5)


def _without(number: int) -> Callable[[Bench], Changes]:
    """Return a view in which so many pods have no series."""
    lost = {PodName(UNIT.namespace, f"pod-{pod}") for pod in range(number)}
    return lambda bench: {
        "by_pod": {pod: each for pod, each in bench.sweep().by_pod.items() if pod not in lost}
    }


def _valued(value: Any, *families: Family) -> Callable[[Bench], Changes]:
    """Return a view in which all samples of these families have another value."""

    def see(bench: Bench) -> Changes:
        by_pod = {
            pod: {
                family: tuple(replace(each, value=value) for each in samples)
                if family in families
                else samples
                for family, samples in per_family.items()
            }
            for pod, per_family in bench.sweep().by_pod.items()
        }
        return {"by_pod": by_pod}

    return see


def _away(outage: Outage) -> Callable[[Bench], Changes]:
    answer = NoAnswer(outage, "connection refused")
    return lambda bench: {"families": dict.fromkeys(Family, answer), "by_pod": {}}


def _warned(bench: Bench) -> Changes:
    warned = FamilySamples((), 0, 0, ("a store is away",))
    return {"families": dict.fromkeys(Family, warned)}


def _crowded(bench: Bench) -> Changes:
    families = dict(bench.sweep().families)
    crowd = FamilySamples((), 0, 0, (), frozenset({UNIT.namespace}))
    return {"families": {**families, Family.QUEUE_TIME: crowd}}


def _stale(bench: Bench) -> Changes:
    return {"at": bench.at + timedelta(minutes=10)}


def _shared(bench: Bench) -> Changes:
    _memory(bench, 0.2)
    return {"shared_gpus": {"GPU-0": (POD, PodName("elsewhere", "other"))}}


def _memory(bench: Bench, value: Any) -> None:
    for server in bench.servers:
        name = server.name
        bench.gauges[Family.GPU_MEMORY, name] = (((name.replace("pod", "GPU"),), value),)


def _memory_above_all(bench: Bench) -> Changes:
    _memory(bench, 1.2)
    return {}


def _no_gauge(bench: Bench) -> Changes:
    by_pod = bench.sweep().by_pod
    kept = {
        pod: {family: each for family, each in families.items() if family is not Family.PENDING}
        for pod, families in by_pod.items()
    }
    return {"by_pod": kept}


def _answering(answer: QueryValue) -> Callable[[Bench], Changes]:
    return lambda bench: {"queries": {"lag": answer}}


def _young(bench: Bench) -> None:
    """Replace all pods by new ones, each time."""
    bench.servers = [Server(f"pod-{bench.now:.0f}-{number}") for number in range(3)]
    bench.ready_since = bench.at
    bench.serve(150, queue_ms=0.5)


ROWS: dict[str, tuple[Case, ...]] = {
    "no requests, and none that wait or fail": (
        Case("Idle", 1, serve=_silence),
        Case("Idle", 1, LATENCY, serve=_silence),
    ),
    "requests that wait, and none that is answered for half a minute": (
        Case("NoAnswers", serve=_hang),
        Case("NoAnswers", rules=metric("RequestRate", "10", window="10s"), serve=_hang),
    ),
    "requests that all fail": (Case("NoSuccess", rules=LATENCY, serve=_fail),),
    "pods that are younger than the window": (Case("Young", serve=_young),),
    "no series of a pod, or of some": (
        Case("NoSeries", see=_without(3)),
        Case("Partial", see=_without(1)),
    ),
    "NaN, Inf, negative, a share above 1": (
        Case("NotFinite", see=_valued(Unusable.NOT_A_NUMBER, Family.QUEUE_TIME)),
        Case("NotFinite", see=_valued(Unusable.INFINITE, Family.QUEUE_TIME)),
        Case("NotFinite", see=_valued(Unusable.NEGATIVE, Family.QUEUE_TIME)),
        Case("NotFinite", rules=GPU, see=_memory_above_all),
    ),
    "rows without a label that they must have": (
        Case("LabelMissing", see=_valued(Unusable.LABEL_MISSING, Family.QUEUE_TIME)),
    ),
    "more series than an answer may have": (Case("TooManySeries", see=_crowded),),
    "a newest sample that is too old": (Case("Stale", see=_stale),),
    "it is down, slow, refuses, or answers something else": tuple(
        Case(outage.value, see=_away(outage)) for outage in Outage
    ),
    "an answer with `warnings`": (Case("Incomplete", see=_warned),),
    "no sweep for six of its intervals, as while the process was stopped": (
        Case("ValidMetricFound", seconds=600.0),
    ),
    "a window shorter than two scrapes": (
        Case("WindowTooShort", rules={**PENDING, "window": "10s"}, see=_no_gauge),
    ),
    "a percentile beyond the largest boundary": (
        Case("BeyondBuckets", rules=P95, serve=_slow_percentile),
    ),
    "one GPU in two pods": (Case("SharedGPU", rules=GPU, see=_shared),),
    "a query that answers no series, several, or no number": (
        Case("NoSeries", rules=LAG, see=_answering(QueryValue(NoValue.NO_SERIES))),
        Case("Ambiguous", rules=LAG, see=_answering(QueryValue(NoValue.AMBIGUOUS))),
        Case("NotFinite", rules=LAG, see=_answering(QueryValue(NoValue.NOT_A_NUMBER))),
    ),
    "a counter that begins again, or two scrapes of one pod": (
        Case("ValidMetricFound", 1, serve=_restart),
    ),
}
"""Shapes by the text of their row."""
