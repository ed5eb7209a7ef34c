"""Percentiles from a gateway's histogram, where Triton has none."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from inference_operator.api.analysis_status import AnalysisStatus, HistogramSource, Verdict
from inference_operator.domain.analysis import AnalysisResult
from inference_operator.domain.measurement import Family, FamilySamples, NoAnswer, Outage, Unusable

from .gateway_bench import QUICK, SERVICES, SLOW, GatewayBench, begun
from .judging_harness import CANARY, P95, Bench, Server, metric, metric_of, settings

MAX = metric("p95", "Latency", statistic="p95", max="20ms")


def run(bench: GatewayBench, windows: int, **latencies: dict[float, int]) -> AnalysisResult:
    result = None
    for _ in range(windows):
        bench.lead("stable", latencies.get("stable", QUICK))
        bench.lead("canary", latencies.get("canary", QUICK))
        bench.serve((450, 0))
        result = bench.pass_time()
    assert result is not None
    return result


@pytest.mark.parametrize("limits", [MAX, P95])
@pytest.mark.parametrize(("latencies", "verdict"), [(QUICK, Verdict.PASS), (SLOW, Verdict.FAIL)])
def test_the_gateway_s_histogram_decides(
    limits: dict[str, str], latencies: dict[float, int], verdict: Verdict
) -> None:
    seen = metric_of(run(begun(limits), 40, canary=latencies), "p95")
    assert seen.verdict is verdict, seen.message
    assert "gateway" in seen.source
    assert seen.canary in ("9.98ms", "10ms", "9.8ms") or seen.canary.endswith("ms")


def test_triton_s_own_histogram_goes_first() -> None:
    bench = begun(MAX)
    for _ in range(20):
        for server in (*bench.stable, *bench.canary):
            server.observe({9.0: 100})
        result = run(bench, 1, canary=SLOW)
    seen = metric_of(result, "p95")
    assert seen.source == "nv_inference_first_response_histogram_ms"
    assert seen.verdict is Verdict.PASS


def test_evidence_of_one_histogram_never_continues_with_the_other() -> None:
    bench = begun(MAX)
    before = metric_of(run(bench, 3, canary=SLOW), "p95")
    for server in (*bench.stable, *bench.canary):
        server.observe({9.0: 100})
    bench.pass_time()
    assert before.samples > 0
    assert bench.memory is not None
    assert bench.memory.canary is not None
    assert bench.memory.source is HistogramSource.TRITON
    assert not bench.memory.canary.limits
    assert not bench.memory.canary.canary.buckets
    assert not any(window.buckets for window in bench.memory.history)


@pytest.mark.parametrize("source", [HistogramSource.GATEWAY, HistogramSource.TRITON, None])
def test_a_record_continues_only_with_its_own_histogram(source: HistogramSource | None) -> None:
    before = run(begun(MAX), 10)
    written = tuple(each.model_copy(update={"source": source}) for each in before.evidence)
    assert [each.source for each in before.evidence] == [HistogramSource.GATEWAY]
    restarted = GatewayBench(settings(MAX))
    restarted.record = AnalysisStatus(revision=CANARY, verdict=before.verdict, evidence=written)
    restarted.lead("stable", {})
    restarted.lead("canary", {})
    restarted.pass_time()
    restarted.pass_time()
    now = metric_of(run(restarted, 1), "p95").samples
    assert (now > before.evidence[0].samples) == (source is HistogramSource.GATEWAY)


def test_a_service_that_was_of_another_revision_counts_anew() -> None:
    bench = begun(MAX)
    run(bench, 2)
    bench.has_canary, bench.stable_name = False, CANARY
    bench.lead("stable", SLOW)
    bench.serve()
    bench.pass_time()
    bench.pass_time()
    assert bench.memory is not None
    counted = sum(max(window.buckets.values(), default=0.0) for window in bench.memory.history)
    assert counted == 0


def test_what_the_canary_s_service_counted_before_the_pods_had_started_is_no_evidence() -> None:
    bench = begun(MAX)
    bench.has_canary = False
    bench.pass_time()
    bench.has_canary = True
    bench.canary = [Server("canary-9")]
    bench.canary_since = bench.now + timedelta(seconds=20)
    bench.lead("canary", SLOW)
    bench.pass_time()
    result = bench.pass_time()
    assert metric_of(result, "p95").samples == 0


def test_an_instance_that_begins_again_counts_from_0_and_a_new_one_starts() -> None:
    bench = begun(MAX)
    run(bench, 1)
    bench.counts["canary", "a:1"] = dict.fromkeys(bench.counts["canary", "a:1"], 0.0)
    bench.lead("canary", {4.0: 50})
    bench.lead("canary", {4.0: 9000}, "b:1")
    bench.lead("stable", QUICK)
    bench.serve((450, 0))
    assert metric_of(bench.pass_time(), "p95").samples == 450 + 50
    bench.lead("canary", {4.0: 7}, "b:1")
    bench.serve((450, 0))
    assert metric_of(bench.pass_time(), "p95").samples == 450 + 50 + 7


def test_neither_histogram_is_said_with_both_remedies() -> None:
    bench = begun(MAX)
    bench.counts, bench.scraped = {}, {}
    bench.serve()
    seen = metric_of(bench.pass_time(), "p95")
    assert (seen.verdict, seen.reason) == (Verdict.NO_DATA, "NoHistogram")
    assert "Triton 26.01" in seen.message
    assert "scrape the gateway" in seen.message
    assert "trading/fx-drift-stable" in seen.message


def test_a_unit_without_a_gateway_is_told_of_one() -> None:
    bench = Bench(settings(MAX))
    bench.begin()
    seen = metric_of(bench.run(3), "p95")
    assert seen.reason == "NoHistogram"
    assert "rollout.canary.gateway" in seen.message


def test_a_canary_without_series_had_no_requests_yet() -> None:
    bench = begun(MAX)
    del bench.counts["canary", "a:1"]
    bench.lead("stable", QUICK)
    bench.serve()
    seen = metric_of(bench.pass_time(), "p95")
    assert seen.verdict is Verdict.LOW_TRAFFIC


@pytest.mark.parametrize(("age", "words"), [(100, "too old"), (-100, "of the future")])
def test_a_stale_histogram_is_no_evidence(age: int, words: str) -> None:
    bench = begun(MAX)
    bench.serve()
    bench.now += timedelta(seconds=15)
    bench.scrape()
    bench.scraped = {key: time - age for key, time in bench.scraped.items()}
    seen = metric_of(bench.judge(), "p95")
    assert (seen.verdict, seen.reason) == (Verdict.NO_DATA, "Stale")
    assert words in seen.message


@pytest.mark.parametrize("value", [Unusable.NOT_A_NUMBER, Unusable.NEGATIVE, 1e16])
def test_a_histogram_that_counts_nothing_real_is_no_evidence(value: Any) -> None:
    bench = begun(MAX)
    bench.serve()
    bench.lead("stable", QUICK)
    bench.now += timedelta(seconds=15)
    bench.scrape()
    bench.counts["canary", "a:1"][0.02] = value
    seen = metric_of(bench.judge(), "p95")
    assert (seen.verdict, seen.reason) == (Verdict.NO_DATA, "NotFinite")


def test_without_an_answer_about_the_gateway_the_percentile_is_an_error_and_spans_the_time() -> (
    None
):
    bench = begun(MAX, metric())
    run(bench, 1)
    bench.lead("canary", QUICK)
    bench.lead("stable", QUICK)
    bench.serve((450, 0))
    bench.now += timedelta(seconds=15)
    bench.scrape()
    sweep = bench.sweep()
    lost = NoAnswer(Outage.REFUSED, "too many rows")
    families = {**sweep.families, Family.GATEWAY_BUCKETS: lost}
    result = bench.judge(replace(sweep, families=families, by_service={}))
    assert metric_of(result, "p95").verdict is Verdict.ERROR
    assert metric_of(result, "errors").verdict is not Verdict.ERROR
    assert result.outage is Outage.REFUSED
    assert not result.is_away
    assert metric_of(run(bench, 1), "p95").samples == 3 * 450


def test_a_warning_about_the_gateway_is_no_data() -> None:
    bench = begun(MAX)
    run(bench, 1)
    sweep = bench.sweep()
    partial = FamilySamples((), 0, 0, ("a store is away",))
    families = {**sweep.families, Family.GATEWAY_BUCKETS: partial}
    seen = metric_of(bench.judge(replace(sweep, families=families)), "p95")
    assert (seen.verdict, seen.reason) == (Verdict.NO_DATA, "Incomplete")


def test_a_crowded_namespace_has_no_histogram_and_counts_on_afterwards() -> None:
    bench = begun(MAX)
    run(bench, 1)
    full = FamilySamples((), 0, 0, (), frozenset({SERVICES["canary"].namespace}))
    sweep = bench.sweep()
    families = {**sweep.families, Family.GATEWAY_BUCKETS: full}
    crowded = metric_of(bench.judge(replace(sweep, families=families)), "p95")
    assert (crowded.verdict, crowded.reason) == (Verdict.NO_DATA, "TooManySeries")
    assert "as many rows of its namespace as an answer may have" in crowded.message
    assert metric_of(run(bench, 40, canary=SLOW), "p95").verdict is Verdict.FAIL
