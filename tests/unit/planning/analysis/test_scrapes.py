"""Scrapes and sweeps that do not come when the others come, and counters that begin again."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from inference_operator.api.analysis_status import Verdict
from tests.unit.planning.analysis.judging_harness import (
    Bench,
    Rows,
    metric,
    metric_of,
    passing,
    settings,
)

RELATIVE = metric(max="1%", maxRelative="200%")


def test_a_restart_of_triton_is_no_negative_count() -> None:
    bench = passing()
    before = metric_of(bench.run(1)).samples
    bench.canary[0].restart()

    result = bench.run(1, canary=(150, 0))

    assert result.verdict is Verdict.PASS
    assert metric_of(result).samples == before + 150


def test_a_counter_that_falls_a_little_is_not_counted_again() -> None:
    bench = passing()
    before = metric_of(bench.run(1)).samples

    def behind(rows: Rows) -> Mapping[Any, Any]:
        return {row: value - 1 if value > 1 else value for row, value in rows.items()}

    bench.canary[0].shape = behind
    result = bench.pass_time()

    assert result.verdict is Verdict.PASS
    assert metric_of(result).samples == before


def test_sweeps_between_scrapes_count_nothing_twice() -> None:
    bench = passing()
    before = metric_of(bench.run(1)).samples

    for _ in range(5):
        bench.now += timedelta(seconds=2)
        result = bench.judge()

    assert (result.verdict, metric_of(result).samples) == (Verdict.PASS, before)


def test_a_scrape_that_is_older_than_the_last_is_left_out() -> None:
    bench = passing()
    before = metric_of(bench.run(1)).samples
    server = bench.canary[0]
    server.scraped_at -= 10
    server.scraped = dict.fromkeys(server.scraped, 5.0)

    assert metric_of(bench.judge()).samples == before


def test_a_window_shorter_than_two_scrapes_becomes_longer() -> None:
    mean = metric("mean", "Latency", statistic="mean", max="20ms")
    bench = Bench(settings(mean, window="10s"))
    bench.begin()

    result = bench.run(6, canary=(300, 0))

    assert result.verdict is Verdict.PASS
    assert metric_of(result, "mean").canary == "10ms"
