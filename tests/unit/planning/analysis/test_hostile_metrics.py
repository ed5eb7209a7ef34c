"""Metrics that a pod makes up: they are judged, or not, and never more than a bounded memory."""

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference_operator.api.analysis_status import Verdict
from inference_operator.domain.measurement import Family, FamilySamples, QueryValue, Unusable
from inference_operator.planning.measuring.counters import MOST_ROWS
from inference_operator.planning.rollout.analysis_record import record_of
from tests.examples import examples
from tests.unit.planning.analysis.judging_harness import (
    CANARY,
    ERRORS,
    MEAN,
    MODEL,
    NOON,
    P95,
    STABLE,
    Bench,
    Rows,
    metric,
    metric_of,
    passing,
    verdict_of,
)
from tests.unit.planning.analysis.judging_harness import settings as analysis

VALUES: list[Any] = [0.0, 1.0, 100.0, 1e6, 9e14, 1e15, 1e16, 1e308, 5e-324, 0.5, *Unusable]
BOUNDARIES = ["5", "20", "+Inf", "1e300", "1e12", "NaN", "-1", "0", "1e-300", "abc", "1e400"]
QUERY = {"name": "u", "type": "Prometheus", "query": "x{r=$revision}"}
EVERY = analysis(
    ERRORS,
    MEAN,
    P95,
    metric("ratio", maxRelative="110%"),
    metric("queue", "QueueTime", max="5ms", maxRelative="110%"),
    metric("p50", "Latency", statistic="p50", maxRelative="100%"),
    metric("gpu", "GPUUtilization", max="50%", maxRelative="110%"),
    {**QUERY, "max": "1", "maxRelative": "110%"},
    window="10s",
)


def made_up(random: Random) -> dict[tuple[Family, tuple[str, ...]], Any]:
    """Return the rows of one scrape of a pod."""
    keys: list[tuple[Family, tuple[str, ...]]] = [
        (Family.REQUESTS, (MODEL, "1")),
        (Family.REQUESTS, (MODEL, random.choice(["1", "2"]))),
        (Family.REQUEST_TIME, (MODEL, "1")),
        (Family.QUEUE_TIME, (MODEL, "1")),
        (Family.FAILURES, (MODEL, "1", "OTHER")),
        (Family.PROBES, (MODEL, "1", "success")),
        (Family.GPU_UTILIZATION, ("gpu-0",)),
        *((Family.BUCKETS, (MODEL, bound)) for bound in random.sample(BOUNDARIES, 6)),
    ]
    return {key: random.choice(VALUES) for key in keys}


@settings(max_examples=examples(25))
@given(st.integers(0, 2**32))
def test_whatever_pods_say_is_judged_and_can_be_written(seed: int) -> None:
    random, bench = Random(seed), Bench(EVERY)
    for number in range(15):
        bench.has_canary = number > 1
        for server in (*bench.stable, *bench.canary):
            made = made_up(random)
            server.shape = lambda _, made=made: made  # type: ignore[misc]
        for revision in (STABLE, CANARY):
            value = random.choice([0.0, 1.0, 1e308, -1e308, 5e-324])
            bench.queries[f'x{{r="{revision}"}}'] = QueryValue(value)
        result = bench.pass_time(random.choice([5, 15, 0.001, 600, -30]))
        record_of(result, CANARY, None, NOON).model_dump_json(by_alias=True)


def test_more_requests_than_a_pod_can_answer_are_no_evidence() -> None:
    bench = passing(ERRORS)
    before = metric_of(bench.judge()).samples
    bench.canary[0].serve(10**13)
    result = bench.pass_time()
    assert metric_of(result).samples == before
    assert metric_of(bench.run(1)).samples == before + 150


def test_a_boundary_of_years_is_no_boundary() -> None:
    bench = Bench(analysis(P95))
    for server in (*bench.stable, *bench.canary):
        server.observe({8.0: 1, 500.0: 139})
        server.shape = _with_a_boundary_of_years
    result = bench.run(4)
    assert verdict_of(result, "p95") is not Verdict.ERROR
    assert all((each.boundary or 0) <= 1000 for each in result.evidence)


def _with_a_boundary_of_years(rows: Rows) -> Rows:
    every = rows[Family.BUCKETS, (MODEL, "+Inf")]
    return {**rows, (Family.BUCKETS, (MODEL, "1e12")): every}


def _other_versions(scrape: int, number: int) -> Iterator[tuple[Family, tuple[str, ...]]]:
    for each in range(number):
        yield Family.REQUESTS, (MODEL, f"{scrape}-{each}")
        yield Family.PROBES, (MODEL, f"{scrape}-{each}", "success")


def test_a_pod_with_other_series_at_each_scrape_takes_a_bounded_memory() -> None:
    bench = Bench()
    for scrape in range(6):
        made = dict.fromkeys(_other_versions(scrape, MOST_ROWS - 1), 1.0)
        bench.canary[0].shape = lambda rows, made=made: {**rows, **made}  # type: ignore[misc]
        bench.pass_time()
    assert bench.memory is not None
    pod = bench.memory.pods["canary-0"]
    assert pod.probes is not None
    assert max(len(pod.last.rows), len(pod.probes.rows)) <= 2 * MOST_ROWS


def test_a_pod_with_too_many_series_has_no_verdict() -> None:
    bench = passing(ERRORS)
    made = dict.fromkeys(_other_versions(0, MOST_ROWS), 1.0)
    bench.canary[0].shape = lambda rows: {**rows, **made}
    result = bench.pass_time()
    assert (verdict_of(result), metric_of(result).reason) == (Verdict.NO_DATA, "TooManySeries")
    assert "too many series: 2,001 of requests, at most 2,000" in metric_of(result).message


@pytest.mark.parametrize("family", [Family.REQUESTS, Family.FRESHNESS])
@pytest.mark.parametrize(
    ("namespace", "verdict"), [("trading", Verdict.NO_DATA), ("other", Verdict.PASS)]
)
def test_a_namespace_with_too_many_series_has_no_verdict_and_others_have_theirs(
    family: Family, namespace: str, verdict: Verdict
) -> None:
    bench = passing(ERRORS)
    bench.now += timedelta(seconds=15)
    bench.scrape()
    full = FamilySamples((), 0, 0, (), frozenset({namespace}))
    rows = bench.sweep()
    if namespace == "trading":
        kept = {
            pod: {f: s for f, s in of.items() if f is not family} for pod, of in rows.by_pod.items()
        }
        rows = replace(rows, by_pod=kept)
    result = bench.judge(replace(rows, families={**rows.families, family: full}))
    assert verdict_of(result) is verdict
    assert ("TooManySeries" in metric_of(result).reason) == (verdict is Verdict.NO_DATA)


def test_a_sample_of_the_future_does_not_stop_the_count_of_later_ones() -> None:
    bench = passing(ERRORS)
    before = metric_of(bench.judge()).samples
    bench.now += timedelta(seconds=15)
    for server in (*bench.stable, *bench.canary):
        server.scrape(bench.now)
        server.scraped_at += timedelta(days=365).total_seconds()
    result = bench.judge()
    assert metric_of(result).reason == "Stale"
    assert "in the future" in metric_of(result).message
    assert metric_of(bench.run(2)).samples == before + 300


def test_counters_that_fall_at_each_scrape_are_no_evidence() -> None:
    bench = passing(ERRORS)
    before = metric_of(bench.judge()).samples
    for number in range(20):
        factor = 1 - number / 1000
        bench.canary[0].shape = lambda rows, factor=factor: {  # type: ignore[misc]
            row: value * factor for row, value in rows.items()
        }
        result = bench.pass_time()
    assert metric_of(result).samples == before
    assert math.isfinite(metric_of(result).samples)
