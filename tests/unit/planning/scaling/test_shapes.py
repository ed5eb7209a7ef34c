"""Shapes that metrics take when they cannot be trusted: none of them ever removes a pod."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from inference_operator.api.reasons import Reason
from inference_operator.domain.measurement import (
    Family,
    FamilySamples,
    NoAnswer,
    Outage,
    Unusable,
)
from inference_operator.domain.scaling import CanaryState, MetricLoad, Surroundings
from inference_operator.planning.scaling.families import all_families, user_queries, windows_of
from inference_operator.planning.scaling.tracks import together
from tests.unit.planning.analysis.judging_harness import Server
from tests.unit.planning.scaling.load_cases import AT_ONCE, QUEUE
from tests.unit.planning.scaling.scaling_bench import NOON, Bench, metric, rules_of

NOTHING = FamilySamples((), 0, 0, ())


def away(outage: Outage) -> Callable[[Bench], dict[str, Any]]:
    answer = NoAnswer(outage, "connection refused")
    return lambda bench: {"families": dict.fromkeys(Family, answer), "by_pod": {}}


def warned(bench: Bench) -> dict[str, Any]:
    return {"families": dict.fromkeys(Family, replace(NOTHING, warnings=("a store is away",)))}


def empty(bench: Bench) -> dict[str, Any]:
    return {"by_pod": {}}


def half(bench: Bench) -> dict[str, Any]:
    by_pod = bench.sweep().by_pod
    return {"by_pod": {pod: each for pod, each in by_pod.items() if pod.name == "pod-0"}}


def unlike(value: Any) -> Callable[[Bench], dict[str, Any]]:
    def changes(bench: Bench) -> dict[str, Any]:
        by_pod = {
            pod: {
                family: samples
                if family is Family.FRESHNESS
                else tuple(replace(each, value=value) for each in samples)
                for family, samples in families.items()
            }
            for pod, families in bench.sweep().by_pod.items()
        }
        return {"by_pod": by_pod}

    return changes


def old(bench: Bench) -> dict[str, Any]:
    return {"at": bench.at + timedelta(minutes=10)}


SHAPES = {
    "stopped": away(Outage.UNREACHABLE),
    "frozen": away(Outage.TIMED_OUT),
    "500": away(Outage.REFUSED),
    "warnings": warned,
    "NaN": unlike(Unusable.NOT_A_NUMBER),
    "Inf": unlike(Unusable.INFINITE),
    "negative": unlike(Unusable.NEGATIVE),
    "empty": empty,
    "old": old,
    "half": half,
}


@pytest.mark.parametrize("canary", [CanaryState.NONE, CanaryState.RUNNING])
@pytest.mark.parametrize("shape", SHAPES)
def test_an_outage_at_peak_removes_no_pod(shape: str, canary: CanaryState) -> None:
    bench = Bench(rules_of(behavior=AT_ONCE))
    bench.run(8, queue_ms=5.0)
    bench.surroundings = Surroundings(canary=canary)
    sizes, reasons = [], set()
    for i in range(45):
        if i == 20:
            # The operator restarts.
            bench.memory = None
        # The counters stand still, as if nobody called.
        decision = bench.pass_time(**SHAPES[shape](bench))
        sizes.append(decision.size)
        reasons.add(decision.reason)
    bench.run(7, queue_ms=10.0)

    assert set(sizes) == {3}
    assert Reason.SCALING_HELD in reasons
    assert bench.last is not None
    assert bench.last.size == 6


@pytest.mark.parametrize(("away", "size"), [(45.0, 1), (600.0, 3)])
def test_a_time_without_a_sweep_is_an_outage(away: float, size: int) -> None:
    """The operator itself did not ask: its sweeps failed, or its process was stopped."""
    bench = Bench(rules_of(behavior=AT_ONCE))
    bench.run(8, queue_ms=5.0)
    bench.serve(queue_ms=1.0)
    bench.pass_time(away)
    bench.serve(queue_ms=1.0)
    bench.pass_time()
    sizes = []
    for _ in range(3):
        sizes.append(bench.run(1, queue_ms=1.0).size)

    # A window of one minute must be whole again.
    assert sizes[0] == size
    assert bench.run(3, queue_ms=1.0).size == 1


def test_steady_load_wakes_nobody() -> None:
    bench = Bench()
    bench.run(60, queue_ms=5.0)

    # The first answer.
    assert bench.wakes == 1


def test_a_breach_is_answered_within_two_sweeps_of_its_window() -> None:
    bench = Bench()
    bench.run(8, queue_ms=2.0)
    sizes = [bench.run(1, queue_ms=30.0).size for _ in range(2)]

    assert max(sizes) > 3


def test_a_silent_unit_shrinks_to_its_minimum() -> None:
    bench = Bench()
    bench.run(8, queue_ms=5.0)
    for _ in range(40):
        bench.run(1, requests=0)
        assert bench.last is not None
        bench.servers = bench.servers[: bench.last.size]

    assert bench.last.size == 1


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_jump_of_the_wall_clock_removes_no_pod(hours: int) -> None:
    bench = Bench(rules_of(behavior=AT_ONCE))
    bench.run(8, queue_ms=5.0)
    bench.at += timedelta(hours=hours)
    sizes = []
    for _ in range(10):
        bench.serve(queue_ms=5.0)
        # The pods' clocks did not jump.
        for server in bench.servers:
            server.scraped_at += 15
            server.scraped = dict(server.rows)
        bench.at += timedelta(seconds=15)
        sizes.append(bench.decide().size)

    assert set(sizes) == {3}


def test_a_canary_s_pods_tell_what_a_revision_needs() -> None:
    bench = Bench(rules_of(behavior=AT_ONCE), canary=[Server("canary-0")])
    bench.surroundings = Surroundings(canary=CanaryState.RUNNING)
    for _ in range(8):
        for server in bench.servers:
            server.serve(150, queue_ms=3.0)
        bench.canary[0].serve(50, queue_ms=9.0)
        decision = bench.pass_time()

    # 3 pods at 9 ms of 5 ms.
    assert decision.size == 6


def test_a_unit_asks_for_what_its_metrics_need() -> None:
    rules = rules_of(
        {"type": "Latency", "statistic": "p95", "target": "20ms", "window": "5m"},
        {"type": "Prometheus", "targetType": "Value", "query": "lag", "target": "3"},
        {"type": "Prometheus", "name": "b", "targetType": "Value", "query": "lag", "target": "4"},
    )

    assert all_families(rules) == {
        Family.REQUESTS,
        Family.FAILURES,
        Family.BUCKETS,
        Family.PENDING,
        Family.FRESHNESS,
        Family.PROBES,
    }
    assert {str(window) for window in windows_of(rules)} == {"1m", "5m"}
    assert user_queries(Bench(rules).question) == ("lag",)


def test_tracks_that_divide_the_pods_are_added_up() -> None:
    stable = MetricLoad("QueueTime", 6.0, 24.0, 4, 4)
    canary = MetricLoad("QueueTime", None, 0.0, 4, 0, young=4, reason="Young")
    both = together(stable, canary, is_divided=True)

    assert (both.value, both.pods, both.seen, both.young, both.is_whole) == (6.0, 8, 4, 4, False)


class Unscraped(Server):
    """A pod that nobody scrapes."""

    def scrape(self, at: datetime) -> None:
        """Nothing is seen of it."""


def test_a_pod_that_is_not_scraped_holds_the_number_once_its_window_is_over() -> None:
    queue = {**QUEUE, "window": "10s"}
    names = ["pod-2", "pod-3"]
    servers = [Server("pod-0"), Server("pod-1"), *map(Unscraped, names)]
    bench = Bench(rules_of(queue, behavior=AT_ONCE), servers, ready_since=NOON)
    sizes, reasons = [], []
    for _ in range(12):
        bench.serve(150, queue_ms=0.5)
        decision = bench.pass_time(5.0)
        sizes.append(decision.size)
        reasons.append(decision.metrics[0].reason or "")

    # It was ready for less than a window, and then for less than two scrapes: both hold.
    assert set(sizes) == {4}
    assert all(reason.startswith("Partial") for reason in reasons[3:]), reasons


def test_a_rate_that_falls_while_requests_wait_removes_no_pod() -> None:
    """Most of its long window was before the hang, and its value falls at each sweep."""
    bench = Bench(rules_of(metric("RequestRate", "10", window="10m")))
    bench.run(60, requests=150)
    bench.pending = dict.fromkeys(("pod-0", "pod-1", "pod-2"), 4.0)
    sizes = [bench.run(1, requests=0).size for _ in range(45)]

    assert set(sizes) == {3}
    bench.pending = {}
    assert bench.run(45, requests=30).size == 1
