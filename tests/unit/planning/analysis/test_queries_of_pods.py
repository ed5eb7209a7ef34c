"""Queries of users that name pods by `$pods`, and what those without it are compared with."""

from dataclasses import replace
from typing import Any

import pytest

from inference_operator.api.analysis_status import HistogramSource, Verdict
from inference_operator.domain.analysis import AnalysisResult
from inference_operator.domain.measurement import QueryValue
from inference_operator.planning.analysis import queries
from inference_operator.planning.analysis.queries import user_queries
from tests.unit.planning.analysis.gateway_bench import QUICK, GatewayBench, begun
from tests.unit.planning.analysis.judging_harness import (
    Bench,
    Server,
    metric,
    metric_of,
    settings,
)
from tests.unit.planning.analysis.test_baseline_pods import bench_of

OF_PODS = metric("own", "Prometheus", query="sum(loss{pod=~$pods})", maxRelative="120%")
OF_REVISION = metric("own", "Prometheus", query="sum(loss{rev=$revision})", maxRelative="120%")
CANARYS = 'sum(loss{pod=~"canary-0"})'
BASELINES = 'sum(loss{pod=~"baseline-0"})'
OWN_PODS = 'sum(loss{pod=~"stable-0|stable-1|stable-2"})'
ALL_PODS = "; stable is all pods of its revision, since "


def answered(bench: Bench, values: dict[str, float], windows: int = 10) -> AnalysisResult:
    bench.queries = {text: QueryValue(value) for text, value in values.items()}
    return bench.run(windows)


@pytest.mark.parametrize(("value", "verdict"), [(0.2, Verdict.PASS), (0.3, Verdict.FAIL)])
def test_a_query_of_pods_compares_with_those_of_the_baseline(
    value: float, verdict: Verdict
) -> None:
    bench = bench_of(OF_PODS)
    result = answered(bench, {CANARYS: value, BASELINES: 0.2, OWN_PODS: 9.0})

    assert user_queries(bench.question) == (CANARYS, BASELINES)
    assert result.verdict is verdict
    assert metric_of(result, "own").message.endswith("; stable is the baseline of 1 pod")


def test_a_query_of_pods_names_those_of_each_track() -> None:
    bench = Bench(settings(OF_PODS))
    bench.begin()

    assert user_queries(bench.question) == (CANARYS, OWN_PODS)
    assert answered(bench, {CANARYS: 1.0, OWN_PODS: 1.0}).verdict is Verdict.PASS


@pytest.mark.parametrize("is_late", [False, True])
def test_a_query_of_a_revision_says_that_it_compares_with_all_pods(is_late: bool) -> None:
    bench = bench_of(OF_REVISION, is_late=is_late)
    result = answered(bench, {'sum(loss{rev="bbb"})': 1.0, 'sum(loss{rev="aaa"})': 1.0})

    assert result.verdict is Verdict.PASS
    assert result.message.endswith(ALL_PODS + "the query does not name $pods")


def test_a_query_of_a_revision_names_it_where_it_has_no_value() -> None:
    result = answered(bench_of(OF_REVISION), {'sum(loss{rev="bbb"})': 1.0})

    assert result.message.startswith("own: stable revision: the query was not asked;")


@pytest.mark.parametrize(
    ("has_canary", "words"),
    [(True, "no pod of the baseline answers yet"), (False, "no pod of the canary answers yet")],
)
def test_without_a_pod_a_query_waits_and_is_not_asked(has_canary: bool, words: str) -> None:
    bench = bench_of(OF_PODS, has_baseline=False)
    bench.canary = bench.canary if has_canary else []
    result = bench.run(10)

    assert (result.verdict, metric_of(result, "own").reason) == (Verdict.LOW_TRAFFIC, "Young")
    assert metric_of(result, "own").message == words
    assert user_queries(bench.question) == ((CANARYS,) if has_canary else ())


def test_an_absolute_limit_of_a_query_does_not_wait_for_the_baseline() -> None:
    limited = metric("own", "Prometheus", query="sum(loss{pod=~$pods})", max="1")

    result = answered(bench_of(limited, has_baseline=False), {CANARYS: 0.5})

    assert (result.verdict, result.message) == (Verdict.PASS, "own: 0.5 is within 1")


def test_names_of_too_many_pods_are_no_query(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "LONGEST_FILLED", 40)
    bench = Bench(settings(OF_PODS))
    bench.begin()
    result = bench.run(10)

    assert user_queries(bench.question) == (CANARYS,)
    assert (result.verdict, metric_of(result, "own").reason) == (Verdict.NO_DATA, "TooLong")
    assert metric_of(result, "own").message == (
        "the query with the names of 3 pods has 44 characters, at most 40 are asked: write $pods"
        " once, or $revision"
    )


def test_a_window_waits_for_the_sweep_that_asks_about_the_pods_of_now() -> None:
    bench = Bench(settings(OF_PODS))
    bench.begin()
    values = {CANARYS: 1.0, OWN_PODS: 1.0}
    answered(bench, values, windows=4)
    bench.canary.append(Server("canary-1"))
    verdicts = [answered(bench, values, windows=1).verdict for _ in range(3)]
    grown = {'sum(loss{pod=~"canary-0|canary-1"})': 9.0, OWN_PODS: 1.0}
    result = answered(bench, grown, windows=5)

    assert Verdict.NO_DATA not in verdicts
    assert metric_of(result, "own").message.startswith("9 is above 1.2 (120% of stable)")


class GatewayBaseline(GatewayBench):
    """A unit with a gateway whose canary is compared with a baseline."""

    @property
    def question(self) -> Any:
        asked = super().question
        stable = replace(asked.stable, is_baseline=asked.canary is not None)
        return replace(asked, stable=stable)


def test_a_percentile_of_a_gateway_says_that_it_compares_with_all_pods() -> None:
    p95 = metric("p95", "Latency", statistic="p95", maxRelative="150%")
    bench = begun(p95, kind=GatewayBaseline)
    for _ in range(40):
        bench.lead("stable", QUICK)
        bench.lead("canary", QUICK)
        bench.serve((450, 0))
        result = bench.pass_time()

    assert bench.memory is not None
    assert bench.memory.source is HistogramSource.GATEWAY
    assert result.verdict is Verdict.PASS
    assert result.message.endswith(
        ALL_PODS + "a gateway does not tell those of the baseline from others"
    )
