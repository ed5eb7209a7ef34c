"""Answers of Prometheus about some of the metrics: what they say is judged, and nothing else is."""

from dataclasses import replace
from datetime import timedelta

import pytest

from inference_operator.api.analysis_status import Verdict
from inference_operator.domain.analysis import AnalysisResult
from inference_operator.domain.measurement import (
    Family,
    FamilySamples,
    NoAnswer,
    Outage,
    QueryValue,
)
from inference_operator.planning.analysis.queries import user_queries
from tests.unit.planning.analysis.judging_harness import (
    P95,
    Bench,
    metric,
    metric_of,
    settings,
    verdict_of,
)

REFUSED = NoAnswer(Outage.REFUSED, "answered with more than 100,000 rows")
PARTIAL = FamilySamples((), 0, 0, ("one of two stores did not answer",))
CORE = (Family.REQUESTS, Family.FAILURES, Family.FRESHNESS, Family.PROBES)
MEAN = metric("mean", "Latency", statistic="mean", max="20ms")
LOSS = metric("loss", "Prometheus", query="sum(loss{rev=$revision})", max="5")


def lived(
    bench: Bench, windows: int, failed: int = 0, slow: int = 1, ms: float = 10.0
) -> AnalysisResult:
    """Judge after so many windows in which the canary had 150 requests each."""
    return without(bench, {}, windows, failed, slow, ms)


def without(
    bench: Bench,
    lost: dict[Family, FamilySamples | NoAnswer],
    windows: int,
    failed: int = 0,
    slow: int = 1,
    ms: float = 10.0,
) -> AnalysisResult:
    """Judge the same while Prometheus does not answer about some families."""
    result = None
    for _ in range(windows):
        bench.serve(canary=(0, 0), stable=(450, 2))
        for server in bench.stable:
            server.observe({5.0: 440, 30.0: 10})
        for server in bench.canary:
            server.serve(150, failed, ms=ms)
            server.observe({5.0: 150 - slow, 30.0: slow})
        bench.now += timedelta(seconds=15)
        bench.scrape()
        sweep = bench.sweep()
        by_pod = {
            pod: {family: samples for family, samples in rows.items() if family not in lost}
            for pod, rows in sweep.by_pod.items()
        }
        result = bench.judge(replace(sweep, families={**sweep.families, **lost}, by_pod=by_pod))
    assert result is not None
    return result


def passed(*metrics: dict[str, str]) -> Bench:
    """Return a canary whose metrics have passed."""
    bench = Bench(settings(*metrics))
    bench.has_canary = False
    bench.pass_time()
    lived(bench, 30)
    bench.has_canary = True
    assert lived(bench, 40).verdict is Verdict.PASS
    return bench


@pytest.mark.parametrize("mode", ["Enforce", "DryRun"])
@pytest.mark.parametrize("answer", [REFUSED, PARTIAL], ids=["refused", "partial"])
@pytest.mark.parametrize(
    ("family", "other"), [(Family.BUCKETS, P95), (Family.REQUEST_TIME, MEAN)], ids=["p95", "mean"]
)
def test_failing_requests_are_found_while_another_metric_has_no_answer(
    family: Family, other: dict[str, str], answer: FamilySamples | NoAnswer, mode: str
) -> None:
    bench = passed(metric(), {**other, "mode": mode})

    result = without(bench, {family: answer}, 4, failed=100)

    assert result.verdict is Verdict.FAIL
    assert verdict_of(result) is Verdict.FAIL
    expected = Verdict.ERROR if answer is REFUSED else Verdict.NO_DATA
    assert verdict_of(result, other["name"]) is expected


@pytest.mark.parametrize("answer", [REFUSED, PARTIAL], ids=["refused", "partial"])
def test_a_histogram_that_is_answered_again_spans_the_time(
    answer: FamilySamples | NoAnswer,
) -> None:
    bench = passed(metric(), P95)
    lost = without(bench, {Family.BUCKETS: answer}, 10, slow=60)

    again = lived(bench, 1)

    assert lost.verdict is not Verdict.PASS
    assert verdict_of(lost) is Verdict.PASS
    assert (again.verdict, verdict_of(again, "p95")) == (Verdict.FAIL, Verdict.FAIL)


def test_times_that_are_answered_again_are_of_the_requests_that_they_belong_to() -> None:
    bench = passed(metric(), MEAN)
    shown = set()
    for _ in range(12):
        without(bench, {Family.REQUEST_TIME: REFUSED}, 3)
        shown |= {metric_of(lived(bench, 1), "mean").canary for _ in range(6)}

    # "" is a window with too few requests whose times are known.
    assert shown == {"", "10ms"}


@pytest.mark.parametrize("family", CORE)
@pytest.mark.parametrize("answer", [REFUSED, PARTIAL], ids=["refused", "partial"])
def test_nothing_passes_while_requests_are_not_counted(
    family: Family, answer: FamilySamples | NoAnswer
) -> None:
    bench = passed({**metric(), "mode": "DryRun"}, P95, MEAN)

    result = without(bench, {family: answer}, 10)

    expected = Verdict.ERROR if answer is REFUSED else Verdict.NO_DATA
    assert {each.verdict for each in result.metrics} == {expected}
    assert result.verdict is expected
    assert lived(bench, 1).verdict is Verdict.PASS


def asked(bench: Bench, value: float) -> AnalysisResult:
    """Judge after two minutes in which a user's query answers a value."""
    bench.queries = dict.fromkeys(user_queries(bench.question), QueryValue(value))
    return lived(bench, 9)


@pytest.mark.parametrize("answer", [REFUSED, PARTIAL], ids=["refused", "partial"])
def test_a_query_does_not_pass_by_a_window_from_before_requests_were_lost(
    answer: FamilySamples | NoAnswer,
) -> None:
    bench = Bench(settings(LOSS, window="30s"))
    bench.begin()
    assert asked(bench, 1.0).verdict is Verdict.PASS

    result = without(bench, {Family.REQUESTS: answer}, 10)

    assert result.verdict is (Verdict.ERROR if answer is REFUSED else Verdict.NO_DATA)
    assert asked(bench, 100.0).verdict is Verdict.FAIL


def test_a_query_does_not_pass_by_a_window_from_before_the_series_of_its_pods_went() -> None:
    bench = Bench(settings(LOSS, window="30s"))
    bench.begin()
    assert asked(bench, 1.0).verdict is Verdict.PASS

    bench.canary[0].scraped = {}
    result = bench.judge()

    assert (result.verdict, metric_of(result, "loss").reason) == (Verdict.NO_DATA, "NoSeries")
    assert "1 of 1 pods of the canary have no series (such as canary-0)" in result.message


def test_a_query_about_pods_that_were_never_scraped_says_so() -> None:
    bench = Bench(settings(LOSS, window="30s"))
    result = bench.judge()
    for _ in range(9):
        bench.now += timedelta(seconds=15)
        result = bench.judge()

    assert (result.verdict, metric_of(result, "loss").reason) == (Verdict.NO_DATA, "NoSeries")
    assert "apply manifests/monitoring" in result.message


def test_a_query_waits_for_pods_that_are_new() -> None:
    bench = Bench(settings(LOSS, window="30s", initialDelay="60s"))
    bench.begin()
    bench.canary_since = bench.now
    bench.memory = None
    bench.scrape()

    result = bench.judge()

    assert (result.verdict, metric_of(result, "loss").reason) == (Verdict.LOW_TRAFFIC, "Young")
