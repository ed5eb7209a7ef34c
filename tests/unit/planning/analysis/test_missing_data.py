"""Each shape of missing or odd data, after evidence that would pass: nothing missing is zero."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from inference_operator.api.analysis_status import Verdict
from inference_operator.domain.analysis import AnalysisResult
from inference_operator.domain.measurement import (
    Family,
    FamilySamples,
    NoAnswer,
    Outage,
    PodName,
    Sample,
    Sweep,
    Unusable,
)
from tests.unit.planning.analysis.judging_harness import (
    MODEL,
    REASON,
    UNIT,
    Bench,
    Server,
    metric,
    metric_of,
    passing,
    settings,
)

RELATIVE = metric(max="1%", maxRelative="200%")


def outage(bench: Bench, error: NoAnswer) -> Sweep:
    return bench.sweep(families=dict.fromkeys(Family, error), by_pod={})


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Outage.UNREACHABLE, "connection refused"),
        (Outage.TIMED_OUT, "no answer within 5 s"),
        (Outage.REFUSED, "HTTP 500: storage is down"),
        (Outage.REFUSED, "answered with text that is not JSON: '<html>'"),
        (Outage.REFUSED, "HTTP 401"),
    ],
)
def test_an_outage_is_an_error_with_the_server_s_words(reason: Outage, words: str) -> None:
    bench = passing()
    bench.serve()
    bench.now += timedelta(seconds=15)

    result = bench.judge(outage(bench, NoAnswer(reason, words)))

    assert (result.verdict, result.outage, result.is_away) == (Verdict.ERROR, reason, True)
    assert words in result.message
    assert result.unavailable_message == words
    assert metric_of(result).reason == reason
    assert bench.run(1).verdict is Verdict.PASS, "it goes on where it was"


def test_errors_during_an_outage_count_when_it_ends() -> None:
    bench = passing()
    for _ in range(20):
        bench.serve(canary=(150, 30))
        bench.now += timedelta(seconds=15)
        bench.judge(outage(bench, NoAnswer(Outage.UNREACHABLE, "down")))

    assert bench.pass_time().verdict is Verdict.FAIL


def test_a_warning_is_neither_pass_nor_fail() -> None:
    bench = passing()
    bench.serve(canary=(150, 100))
    bench.now += timedelta(seconds=15)
    bench.scrape()
    partial = FamilySamples((), 0, 0, ("store gateway 3 did not answer",))

    result = bench.judge(bench.sweep(families=dict.fromkeys(Family, partial)))

    assert (result.verdict, result.unavailable) == (Verdict.NO_DATA, "Incomplete")
    assert "store gateway 3 did not answer" in result.message


def no_series(bench: Bench, track: str) -> AnalysisResult:
    for server in bench.canary if track == "canary" else bench.stable:
        server.scraped = {}
    return bench.judge()


def test_a_canary_without_series_is_no_data() -> None:
    bench = passing()

    result = no_series(bench, "canary")

    assert (result.verdict, result.unavailable) == (Verdict.NO_DATA, "NoSeries")
    assert "1 of 1 pods of the canary have no series (such as canary-0)" in result.message
    assert "Prometheus has series of 3 other pods" in result.message


def test_an_empty_answer_names_the_manifests_of_monitoring() -> None:
    bench = passing()

    result = bench.judge(bench.sweep(by_pod={}))

    assert (result.verdict, result.unavailable) == (Verdict.NO_DATA, "NoSeries")
    assert "apply manifests/monitoring" in result.message


def test_rows_without_a_label_of_the_pod_are_said() -> None:
    bench = passing()
    unlabelled = FamilySamples((), 240, 0, ())

    result = bench.judge(bench.sweep(by_pod={}, families=dict.fromkeys(Family, unlabelled)))

    assert result.verdict is Verdict.NO_DATA
    assert "240 rows have no label of a pod: correct the scrape configuration" in result.message


def test_a_stable_revision_without_series_stops_only_comparisons() -> None:
    relative, absolute = passing(RELATIVE), passing()

    result = no_series(relative, "stable")

    assert (result.verdict, metric_of(result).reason) == (Verdict.NO_DATA, "NoSeries")
    assert no_series(absolute, "stable").verdict is Verdict.PASS


def test_pods_that_are_new_are_waited_for() -> None:
    bench = Bench()
    bench.begin()
    bench.canary = [Server("canary-9")]
    bench.canary_since = bench.now
    bench.now += timedelta(seconds=10)

    young = bench.judge()
    bench.now += timedelta(seconds=60)
    for server in bench.stable:
        server.scrape(bench.now)
    old = bench.judge()

    assert (young.verdict, metric_of(young).reason) == (Verdict.LOW_TRAFFIC, "Young")
    assert (old.verdict, metric_of(old).reason) == (Verdict.NO_DATA, "NoSeries")


def test_no_requests_are_low_traffic() -> None:
    bench = Bench()
    bench.begin()

    result = bench.run(10, canary=(0, 0))

    assert result.verdict is Verdict.LOW_TRAFFIC
    assert "the canary has had no requests yet" in result.message


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (Unusable.NOT_A_NUMBER, "NotFinite"),
        (Unusable.INFINITE, "NotFinite"),
        (Unusable.NEGATIVE, "NotFinite"),
        (1e300, "NotFinite"),
        (Unusable.LABEL_MISSING, "LabelMissing"),
        (Unusable.LABEL_TOO_LONG, "LabelMissing"),
    ],
)
@pytest.mark.parametrize("family", [Family.REQUESTS, Family.FAILURES])
def test_what_is_no_count_is_no_data(family: Family, value: Any, reason: str) -> None:
    bench = passing()
    labels = (MODEL, "1", REASON) if family is Family.FAILURES else (MODEL, "1")
    bench.canary[0].shape = lambda rows: {**rows, (family, labels): value}

    result = bench.run(1)

    assert (result.verdict, result.unavailable) == (Verdict.NO_DATA, reason)
    assert metric_of(result).reason == reason

    bench.canary[0].shape = dict
    assert bench.run(1).verdict is Verdict.PASS


def test_a_pod_without_a_finite_time_of_its_scrape_is_no_data() -> None:
    bench = passing()
    sweep = bench.sweep()
    pod = PodName(UNIT.namespace, "canary-0")
    odd = {Family.FRESHNESS: (Sample(pod, None, (), Unusable.NOT_A_NUMBER),)}

    result = bench.judge(replace(sweep, by_pod={**sweep.by_pod, pod: odd}))

    assert (result.verdict, result.unavailable) == (Verdict.NO_DATA, "NotFinite")


def test_the_model_s_own_series_must_be_there() -> None:
    bench = passing()
    bench.canary[0].shape = lambda rows: {
        (family, ("other-model", *labels[1:])): value for (family, labels), value in rows.items()
    }

    result = bench.run(1)

    assert (result.verdict, result.unavailable) == (Verdict.NO_DATA, "NoSeries")


def test_a_sample_that_is_too_old_is_stale() -> None:
    bench = passing()
    bench.now += timedelta(seconds=33)
    for server in bench.stable:
        server.scrape(bench.now)

    result = bench.judge()

    assert (result.verdict, result.unavailable) == (Verdict.NO_DATA, "Stale")
    assert "a newest sample that is too old or of the future: 33 s old" in result.message


def test_half_of_the_canary_s_pods_can_fail_and_cannot_pass() -> None:
    good, bad = passing(servers=2), passing(servers=2)
    for bench, failed in ((good, 0), (bad, 40)):
        bench.canary[1].scraped = {}
        for _ in range(4):
            bench.now += timedelta(seconds=15)
            bench.serve(canary=(150, failed))
            for server in (*bench.stable, bench.canary[0]):
                server.scrape(bench.now)
            result = bench.judge()
        if failed:
            assert result.verdict is Verdict.FAIL
        else:
            assert (result.verdict, result.unavailable) == (Verdict.NO_DATA, "Partial")
            assert "1 of 2 pods of the canary have no series (such as canary-1)" in result.message


@pytest.mark.parametrize(("missing", "verdict"), [(1, Verdict.PASS), (2, Verdict.NO_DATA)])
def test_four_of_five_pods_of_the_stable_revision_suffice(missing: int, verdict: Verdict) -> None:
    bench = Bench(settings(RELATIVE), stable=[Server(f"stable-{i}") for i in range(5)])
    bench.begin(stable=(450, 3))
    bench.run(40, canary=(150, 1), stable=(450, 3))
    for server in bench.stable[:missing]:
        server.scraped = {}

    result = bench.judge()

    assert result.verdict is verdict


@pytest.mark.parametrize("family", [Family.BUCKETS, Family.GPU_UTILIZATION])
def test_what_no_pod_has_is_said_with_its_remedy(family: Family) -> None:
    p95 = metric("m", "Latency", statistic="p95", max="20ms")
    gpu = metric("m", "GPUUtilization", max="90%")
    bench = Bench(settings(p95 if family is Family.BUCKETS else gpu))
    bench.begin()

    result = bench.run(10)

    assert result.verdict is Verdict.NO_DATA
    words = "Triton 26.01" if family is Family.BUCKETS else "0 of 1 pods have GPU metrics"
    assert words in result.message
    reason = "NoHistogram" if family is Family.BUCKETS else "NoSeries"
    assert metric_of(result, "m").reason == reason


def test_another_tenant_s_rows_change_nothing() -> None:
    alone, beside = passing(), passing()
    foreign = Server("canary-0")
    foreign.serve(10_000, 9_999)
    foreign.scrape(beside.now)
    pods = (PodName("elsewhere", "canary-0"), PodName(UNIT.namespace, "canary-1"))
    beside.others = {
        pod: {
            family: tuple(replace(each, pod=pod) for each in samples)
            for family, samples in foreign.samples().items()
        }
        for pod in pods
    }

    def later(bench: Bench) -> AnalysisResult:
        return bench.run(3, canary=(150, 1))

    assert later(alone) == later(beside)
