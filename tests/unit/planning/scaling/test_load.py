"""Values of the metrics, from the counters and gauges of pods."""

from datetime import timedelta
from typing import Any

import pytest

from inference_operator.domain.measurement import (
    Family,
    NoAnswer,
    NoValue,
    Outage,
    PodName,
    QueryValue,
    Unusable,
)
from tests.unit.planning.analysis.judging_harness import Server
from tests.unit.planning.scaling.scaling_bench import MODEL, NOON, UNIT, Bench, metric, rules_of

LATENCY = metric("Latency", "20ms", statistic="mean")
P95 = metric("Latency", "20ms", statistic="p95")
RATE = metric("RequestRate", "10")
PENDING = metric("PendingRequests", "4")
BATCH = metric("BatchSize", "80%")
GPU = metric("GPUUtilization", "70%")
MEMORY = metric("GPUMemory", "80%")
QUERY = metric("Prometheus", "4", targetType="AverageValue", query="lag")


def served(*metrics: Any, sweeps: int = 5, **more: Any) -> Bench:
    bench = Bench(rules_of(*metrics))
    bench.run(sweeps + 1, **more)
    return bench


def test_a_mean_is_of_the_window_s_requests() -> None:
    load = served(LATENCY, ms=12.0).load()

    assert (load.value, load.pods, load.seen) == (pytest.approx(12.0), 3, 3)
    assert load.is_whole


def test_a_rate_is_each_pod_s() -> None:
    load = served(RATE, requests=300).load()

    assert load.value == pytest.approx(20.0)
    assert load.total == pytest.approx(60.0)


def test_a_window_forgets_what_was_before_it() -> None:
    bench = served(RATE, requests=300)
    bench.run(4, requests=30)

    assert bench.load().value == pytest.approx(2.0)


def test_pods_that_were_not_there_for_the_window_are_young() -> None:
    bench = served(RATE)
    bench.servers.append(Server("pod-3"))
    bench.run(3)
    young = bench.load()
    bench.run(3)

    assert (young.seen, young.young, young.missing, young.is_whole) == (3, 1, 0, True)
    assert bench.load().seen == 4


def test_the_first_minute_holds() -> None:
    bench = Bench(rules_of(RATE))
    bench.run(3)
    load = bench.load()

    assert (load.value, load.reason, load.is_missing) == (None, "Young", False)


def test_a_pipeline_queues_where_its_slowest_model_does() -> None:
    steps = ("lstm", "news")
    servers = [Server(f"pod-{i}") for i in range(3)]
    bench = Bench(rules_of(), servers, step_models=steps)
    for _ in range(6):
        for server in servers:
            server.serve(100, queue_ms=0.0)
            for model, ms in zip(steps, (8.0, 1.0), strict=True):
                server.add(Family.REQUESTS, 100, model=model)
                server.add(Family.QUEUE_TIME, 100 * ms * 1000, model=model)
        bench.pass_time()
    load = bench.load()

    assert load.value == pytest.approx(8.0)
    assert load.message == "model lstm, the slowest of 2"


def test_a_percentile_is_interpolated() -> None:
    bench = Bench(rules_of(P95))
    for _ in range(6):
        for server in bench.servers:
            server.serve(100)
            server.observe({4.0: 90, 15.0: 10})
        bench.pass_time()
    load = bench.load()

    # 5 of the 10 between 11 and 21 ms.
    assert load.value == pytest.approx(16.0)
    assert load.can_shrink


def test_a_percentile_beyond_the_histogram_removes_no_pod() -> None:
    bench = Bench(rules_of(P95))
    for _ in range(6):
        for server in bench.servers:
            server.serve(100)
            server.observe({4.0: 90, 500.0: 10})
        bench.pass_time()
    load = bench.load()

    assert (load.value, load.can_shrink, load.reason) == (101.0, False, "BeyondBuckets")


def test_a_batch_is_a_share_of_the_largest() -> None:
    bench = Bench(rules_of(BATCH))
    for _ in range(6):
        for server in bench.servers:
            server.serve(100)
            server.add(Family.INFERENCES, 60)
            server.add(Family.EXECUTIONS, 10)
        bench.pass_time()

    assert bench.load().value == pytest.approx(0.75)


def test_waiting_requests_are_those_of_settled_pods() -> None:
    bench = Bench(rules_of(PENDING), pending={"pod-0": 6.0, "pod-1": 3.0})
    bench.run(2)
    load = bench.load()
    bench.ready_since = bench.at - timedelta(seconds=59)

    assert (load.value, load.total, load.seen) == (3.0, 9.0, 3)
    assert (bench.load().value, bench.load().young) == (None, 3)


def test_the_use_of_gpus_is_a_mean_of_the_pods() -> None:
    bench = Bench(rules_of(GPU))
    for i, use in enumerate((0.9, 0.6, 0.3)):
        bench.gauges[Family.GPU_UTILIZATION, f"pod-{i}"] = ((("GPU-a",), use), (("GPU-b",), use))
    bench.run(2)

    assert bench.load().value == pytest.approx(0.6)


def test_a_shared_gpu_removes_no_pod() -> None:
    bench = Bench(rules_of(MEMORY))
    for i in range(3):
        bench.gauges[Family.GPU_MEMORY, f"pod-{i}"] = (((f"GPU-{i}",), 0.2),)
    bench.run(2)
    mine, other = PodName(UNIT.namespace, "pod-0"), PodName("elsewhere", "secret")
    load = bench.load(shared_gpus={"GPU-0": (mine, other)})

    assert (load.can_shrink, load.reason) == (False, "SharedGPU")
    assert load.message == "the pod pod-0 and a pod of another namespace share the GPU GPU-0"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (Unusable.NOT_A_NUMBER, "NotFinite"),
        (Unusable.INFINITE, "NotFinite"),
        (Unusable.NEGATIVE, "NotFinite"),
        (1e12, "NotFinite"),
    ],
)
def test_a_gauge_that_is_no_count_is_missing(value: Any, reason: str) -> None:
    bench = Bench(rules_of(PENDING), pending=dict.fromkeys(("pod-0", "pod-1", "pod-2"), value))
    bench.run(2)
    load = bench.load()

    assert (load.value, load.reason, load.is_missing) == (None, reason, True)


def test_a_window_of_less_than_two_scrapes_is_said() -> None:
    bench = Bench(rules_of(metric("GPUUtilization", "70%", window="10s")))
    bench.run(2)
    load = bench.load()

    assert load.reason == "WindowTooShort"
    assert load.message == "a window of 10s has fewer than two scrapes: write a longer one"


def test_silence_is_idle_and_a_hang_is_not() -> None:
    bench = served(sweeps=5)
    bench.run(6, requests=0)
    quiet = bench.load()
    bench.pending["pod-1"] = 4.0
    hung = bench.load()
    bench.pending["pod-1"] = Unusable.NOT_A_NUMBER

    assert (quiet.is_idle, quiet.is_whole, quiet.seen) == (True, True, 3)
    assert (hung.is_idle, hung.is_missing, hung.reason) == (False, True, "NoAnswers")
    assert bench.load().reason == "NoAnswers"


@pytest.mark.parametrize("rules", [RATE, PENDING, GPU], ids=lambda each: str(each["type"]))
def test_pods_that_hang_have_no_small_load(rules: Any) -> None:
    bench = Bench(rules_of(rules))
    bench.gauges = {(Family.GPU_UTILIZATION, f"pod-{i}"): ((("gpu",), 0.0),) for i in range(3)}
    bench.run(6)
    assert bench.load().is_whole
    bench.run(6, requests=0)
    assert bench.load().is_whole, "nobody calls"
    bench.pending["pod-1"] = 2.0
    load = bench.load()

    assert (load.is_whole, load.reason) == (False, "NoAnswers")
    assert load.message == "requests wait, and none was answered"


def test_no_count_of_those_that_wait_is_no_silence() -> None:
    """The query about them was refused, and no other one."""
    bench = served(sweeps=5)
    bench.run(6, requests=0)
    by_pod = {
        pod: {family: each for family, each in samples.items() if family is not Family.PENDING}
        for pod, samples in bench.sweep().by_pod.items()
    }
    load = bench.load(by_pod=by_pod)

    assert (load.is_idle, load.reason) == (False, "NoAnswers")
    assert load.message == "no count of those that wait"


def test_failures_alone_are_no_silence() -> None:
    bench = served(LATENCY)
    bench.run(6, requests=100, failed=100)
    load = bench.load()

    assert (load.is_idle, load.is_missing, load.reason) == (False, True, "NoSuccess")


@pytest.mark.parametrize(
    ("answer", "reason", "value"),
    [
        (QueryValue(12.0), "", 12.0),
        (QueryValue(0.0), "", 0.0),
        (QueryValue(-1.0), "NotFinite", None),
        (QueryValue(NoValue.NO_SERIES), "NoSeries", None),
        (QueryValue(NoValue.AMBIGUOUS), "Ambiguous", None),
        (QueryValue(NoValue.NOT_A_NUMBER), "NotFinite", None),
        (QueryValue(NoValue.INFINITE), "NotFinite", None),
        (QueryValue(12.0, warnings=("a store is away",)), "Incomplete", 12.0),
        (NoAnswer(Outage.REFUSED, "parse error"), "PrometheusRefused", None),
        (None, "NoSeries", None),
    ],
)
def test_a_user_s_query(answer: Any, reason: str, value: float | None) -> None:
    bench = Bench(rules_of(QUERY))
    if answer is not None:
        bench.queries["lag"] = answer
    bench.run(2)
    load = bench.load()

    assert (load.reason, load.value) == (reason, value)
    assert load.is_whole == (not reason)


def test_the_names_of_a_query_are_the_stable_revision_s() -> None:
    query = metric("Prometheus", "4", targetType="Value", query="lag{model=$model}[$window]")
    bench = Bench(rules_of(query), queries={f'lag{{model="{MODEL}"}}[1m]': QueryValue(3.0)})
    bench.run(2)

    assert bench.load().value == 3.0


def test_a_frozen_prometheus_is_stale_by_our_own_clock() -> None:
    """The wall clock went back an hour, so that old samples look new."""
    bench = served()
    bench.at -= timedelta(hours=1)
    for server in bench.servers:
        server.scraped_at -= 3590
    bench.decide(33.0)
    load = bench.load()

    assert (load.value, load.reason, load.is_missing) == (None, "Stale", True)


def test_parts_are_bounded() -> None:
    bench = Bench(rules_of(metric("QueueTime", "5ms", window="10m")))
    for _ in range(200):
        bench.serve()
        bench.pass_time(5.0)
    assert bench.memory is not None

    assert max(len(each.parts) for each in bench.memory.pods.values()) <= 10
    assert bench.load().value == pytest.approx(1.0)
    assert bench.at > NOON
