"""Verdicts on versions that are good, bad, and fast but wrong."""

from inference_operator.api.analysis_status import Verdict
from tests.unit.planning.analysis.judging_harness import (
    MEAN,
    Bench,
    settings,
)


def test_a_good_version_passes() -> None:
    bench = Bench()
    bench.begin()

    result = bench.run(20)

    assert result.verdict is Verdict.PASS, result.message
    assert "0 of 3,000 requests failed" in result.message


def test_errors_of_five_percent_fail_within_a_minute() -> None:
    bench = Bench()
    bench.begin()

    result = bench.run(4, canary=(150, 8))

    assert result.verdict is Verdict.FAIL
    assert "failed" in result.message and "exceeds 1%" in result.message


def test_few_requests_are_low_traffic_and_say_how_many_are_missing() -> None:
    bench = Bench()
    bench.begin()

    result = bench.run(2, canary=(10, 0))

    assert result.verdict is Verdict.LOW_TRAFFIC
    assert "requests of the canary are missing" in result.message


def test_a_mean_fails_by_two_of_three_windows() -> None:
    bench = Bench(settings(MEAN))
    bench.begin()

    for _ in range(12):
        for server in bench.canary:
            server.serve(150, 0, ms=25)
        bench.serve(canary=(0, 0))
        result = bench.pass_time()

    assert result.verdict is Verdict.FAIL
    assert "25ms is above" in result.message
