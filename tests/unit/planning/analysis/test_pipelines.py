"""Triton's ways of counting a pipeline's requests, and gauges, queues and queries."""

from dataclasses import replace
from typing import Any

import pytest

from inference_operator.api.analysis_status import Verdict
from inference_operator.domain.analysis import AnalysisQuestion, AnalysisResult, MeasuredTrack
from inference_operator.domain.measurement import (
    Family,
    NoAnswer,
    NoValue,
    Outage,
    QueryValue,
    Sample,
    Unusable,
)
from inference_operator.planning.analysis.families import all_families
from inference_operator.planning.analysis.judging import judged
from inference_operator.planning.analysis.queries import user_queries
from inference_operator.planning.measuring.totals import totals_of
from tests.unit.planning.analysis.judging_harness import (
    MODEL,
    REASON,
    UNIT,
    Bench,
    Rows,
    metric,
    metric_of,
    settings,
)

QUERY = "sum(rate(answers_total{namespace=$namespace,model=$model,rev=$revision}[$window]))"


def pipeline(version: int) -> MeasuredTrack:
    return MeasuredTrack("bbb", MODEL, version, ("fast", "slow"), ())


@pytest.mark.parametrize(
    ("version", "by_version", "failures"),
    [
        (7, {"1": 5.0, "7": 5.0}, 5.0),
        (7, {"1": 5.0}, 5.0),
        (7, {"7": 5.0}, 0.0),
        (1, {"1": 10.0}, 5.0),
    ],
)
def test_a_failed_request_of_a_pipeline_counts_once(
    version: int, by_version: dict[str, float], failures: float
) -> None:
    rows: Rows = {(Family.FAILURES, (MODEL, each, REASON)): n for each, n in by_version.items()}
    rows[Family.REQUESTS, (MODEL, "1")] = 90.0

    totals = totals_of(rows, pipeline(version), "pod", 15)

    assert (totals.failures, totals.successes) == (failures, 90.0)


def test_a_model_s_failures_of_all_reasons_count() -> None:
    rows: Rows = {(Family.FAILURES, (MODEL, "3", reason)): 2.0 for reason in ("CANCELED", "OTHER")}

    assert totals_of(rows, replace(pipeline(3), step_models=()), "pod", 15).failures == 4.0


def asked(bench: Bench, steps: tuple[str, ...]) -> AnalysisQuestion:
    question = bench.question
    canary = question.canary
    return replace(
        question,
        stable=replace(question.stable, step_models=steps),
        canary=replace(canary, step_models=steps) if canary else None,
    )


def test_the_queue_of_a_pipeline_is_that_of_its_slowest_model() -> None:
    bench = Bench(settings(metric("queue", "QueueTime", max="5ms"), window="30s"))
    steps = ("fast", "slow")
    for server in (*bench.stable, *bench.canary):
        for model in steps:
            server.add(Family.REQUESTS, 0, model=model)
            server.add(Family.QUEUE_TIME, 0, model=model)
    memory, result = None, None
    for _ in range(12):
        for server in (*bench.stable, *bench.canary):
            server.serve(300, queue_ms=0)
            for model, ms in (("fast", 1), ("slow", 8)):
                server.add(Family.REQUESTS, 300, model=model)
                server.add(Family.QUEUE_TIME, 300 * ms * 1000, model=model)
        bench.now += bench.settings.interval
        bench.scrape()
        memory, result = judged(memory, asked(bench, steps), bench.sweep())

    assert result is not None
    assert result.verdict is Verdict.FAIL
    assert metric_of(result, "queue").canary == "8ms"


def with_gpu(bench: Bench, values: dict[str, Any]) -> AnalysisResult:
    """Judge after two minutes in which the pods had this use of their GPU."""
    result = None
    for _ in range(9):
        bench.now += bench.settings.interval
        bench.serve()
        bench.scrape()
        sweep = bench.sweep()
        by_pod = {
            pod: {
                **samples,
                Family.GPU_UTILIZATION: (
                    Sample(pod, bench.settings.window, ("GPU-1",), values[pod.name.split("-")[0]]),
                ),
            }
            for pod, samples in sweep.by_pod.items()
        }
        result = bench.judge(replace(sweep, by_pod=by_pod))
    assert result is not None
    return result


@pytest.mark.parametrize(
    ("canary", "stable", "verdict", "words"),
    [
        (0.5, 0.5, Verdict.PASS, "50% is within"),
        (0.95, 0.5, Verdict.FAIL, "95% is above"),
        (0.0, 0.0, Verdict.PASS, "0% is within"),
        (0.4, 0.0, Verdict.INCOMPARABLE, "write max"),
        (Unusable.NOT_A_NUMBER, 0.5, Verdict.NO_DATA, "is no share"),
        (87.0, 0.5, Verdict.NO_DATA, "is no share"),
    ],
)
def test_gpu_utilisation_is_the_mean_of_a_window(
    canary: Any, stable: Any, verdict: Verdict, words: str
) -> None:
    bench = Bench(settings(metric("gpu", "GPUUtilization", max="90%", maxRelative="120%")))
    bench.begin()

    result = with_gpu(bench, {"canary": canary, "stable": stable})

    assert result.verdict is verdict
    assert words in result.message


def queried(answer: QueryValue | NoAnswer, **limits: str) -> AnalysisResult:
    given = limits or {"max": "0.2"}
    bench = Bench(settings(metric("own", "Prometheus", query=QUERY, **given), window="30s"))
    bench.begin()
    texts = user_queries(bench.question)
    bench.queries = {texts[0]: answer, **dict.fromkeys(texts[1:], QueryValue(0.1))}
    return bench.run(9)


@pytest.mark.parametrize(
    ("answer", "verdict", "words"),
    [
        (QueryValue(0.1), Verdict.PASS, "0.1 is within 0.2"),
        (QueryValue(0.3), Verdict.FAIL, "0.3 is above 0.2; 3 of 3 windows failed"),
        (QueryValue(-1.0), Verdict.PASS, "-1 is within 0.2"),
        (QueryValue(NoValue.NO_SERIES), Verdict.NO_DATA, "write a longer one"),
        (
            QueryValue(NoValue.AMBIGUOUS, ('{a="1"}', '{a="2"}')),
            Verdict.NO_DATA,
            'several series ({a="1"}, {a="2"})',
        ),
        (QueryValue(NoValue.NOT_A_NUMBER), Verdict.NO_DATA, "NaN"),
        (QueryValue(NoValue.INFINITE), Verdict.NO_DATA, "infinite"),
        (QueryValue(0.1, (), ("partial",)), Verdict.NO_DATA, "Prometheus warns: partial"),
        (NoAnswer(Outage.REFUSED, "parse error"), Verdict.ERROR, "parse error"),
    ],
)
def test_a_user_s_query_is_judged_by_its_one_value(
    answer: QueryValue | NoAnswer, verdict: Verdict, words: str
) -> None:
    result = queried(answer)

    assert result.verdict is verdict
    assert words in result.message


@pytest.mark.parametrize(
    ("value", "verdict"), [(0.11, Verdict.PASS), (0.13, Verdict.FAIL), (-0.1, Verdict.PASS)]
)
def test_a_user_s_query_is_compared_with_the_stable_revision_s(
    value: float, verdict: Verdict
) -> None:
    assert queried(QueryValue(value), maxRelative="120%").verdict is verdict


def test_a_query_without_an_answer_is_no_outage_of_prometheus() -> None:
    result = queried(NoAnswer(Outage.REFUSED, "parse error"))
    assert (result.outage, result.is_away) == (Outage.REFUSED, False)


def test_a_query_that_was_not_asked_is_no_data() -> None:
    bench = Bench(settings(metric("own", "Prometheus", query=QUERY, max="1"), window="30s"))
    bench.begin()

    assert bench.run(9).verdict is Verdict.NO_DATA


def test_queries_are_of_both_revisions_only_where_they_are_compared() -> None:
    own = metric("own", "Prometheus", query=QUERY, max="1")
    both = metric("both", "Prometheus", query=QUERY, maxRelative="120%")
    wrong = metric("wrong", "Prometheus", query="$nothing", max="1")

    assert len(user_queries(Bench(settings(own)).question)) == 1
    assert len(user_queries(Bench(settings(own, both, wrong)).question)) == 2
    assert user_queries(Bench(settings(own), has_canary=False).question) == ()
    assert f'namespace="{UNIT.namespace}"' in user_queries(Bench(settings(own)).question)[0]


def test_only_the_families_of_the_metrics_are_asked_for() -> None:
    mean = metric("mean", "Latency", statistic="mean", max="1ms")
    p95 = metric("p95", "Latency", statistic="p95", max="1ms")
    always = {Family.REQUESTS, Family.FRESHNESS, Family.PROBES}

    assert all_families(settings(metric())) == always | {Family.FAILURES}
    assert all_families(settings(mean)) == always | {Family.REQUEST_TIME}
    assert all_families(settings(p95)) == always | {Family.BUCKETS}
