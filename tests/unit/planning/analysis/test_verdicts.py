"""Verdicts on versions that are good, bad, fast but wrong, and on pods that cannot be compared."""

import pytest

from inference_operator.api.analysis_status import Verdict
from inference_operator.domain.analysis import AnalysisResult, StepQuestion
from inference_operator.domain.measurement import Family, NoAnswer, Outage
from tests.unit.planning.analysis.judging_harness import (
    CANARY,
    ERRORS,
    MEAN,
    P95,
    STABLE,
    Bench,
    Server,
    metric,
    metric_of,
    settings,
    verdict_of,
)

FAST = {4.0: 100, 8.0: 48, 15.0: 2}
SLOW = {8.0: 100, 30.0: 50}


def with_latencies(
    bench: Bench, windows: int, canary: dict[float, int], failed: int = 0
) -> AnalysisResult:
    """Judge after windows in which all servers answer 150 requests, with these latencies."""
    result = None
    for _ in range(windows):
        for server in bench.stable:
            server.serve(150, 0)
            server.observe(FAST)
        for server in bench.canary if bench.has_canary else ():
            server.serve(150, failed)
            server.observe(canary)
        result = bench.pass_time()
    assert result is not None
    return result


def begun(bench: Bench) -> Bench:
    for server in (*bench.stable, *bench.canary):
        server.observe(FAST)
    bench.has_canary = False
    bench.pass_time()
    with_latencies(bench, 30, FAST)
    bench.has_canary = True
    bench.pass_time()
    return bench


def test_a_good_version_passes() -> None:
    bench = Bench()
    bench.begin()

    result = bench.run(20)

    assert (result.verdict, result.canary, result.stable) == (Verdict.PASS, CANARY, STABLE)
    assert result.message == "errors: 0 of 3,000 requests failed (0%), within 1%"
    shown = metric_of(result)
    assert (shown.canary, shown.stable, shown.limit, shown.samples) == ("0%", "0.444%", "1%", 3000)


def test_errors_of_five_percent_fail_within_a_minute() -> None:
    bench = Bench()
    bench.begin()

    result = bench.run(4, canary=(150, 8))

    assert result.verdict is Verdict.FAIL
    assert result.message == "errors: 32 of 600 requests failed (5.33%), which exceeds 1%"


def test_few_requests_are_low_traffic_and_say_how_many_are_missing() -> None:
    bench = Bench()
    bench.begin()

    result = bench.run(2, canary=(10, 0))

    assert result.verdict is Verdict.LOW_TRAFFIC
    assert "0 of 20 requests failed (0%); about " in result.message
    assert "requests of the canary are missing to judge it by 1%" in result.message


def test_where_nothing_failed_nothing_can_be_compared_and_500_requests_pass() -> None:
    bench = Bench(settings(metric(maxRelative="150%")))
    bench.begin(stable=(450, 0))

    few = bench.run(3, canary=(150, 0), stable=(450, 0))
    enough = bench.run(1, canary=(150, 0), stable=(450, 0))

    assert few.verdict is Verdict.LOW_TRAFFIC
    assert "about 50 requests of the canary are missing to judge it by 150% of" in few.message
    assert enough.verdict is Verdict.PASS


def test_min_samples_are_waited_for() -> None:
    bench = Bench(settings(metric(max="20%"), minSamples=5000))
    bench.begin()

    few, enough = bench.run(20), bench.run(14)

    assert few.verdict is Verdict.LOW_TRAFFIC
    assert "about 2,000 requests of the canary are missing" in few.message
    assert enough.verdict is Verdict.PASS


def test_a_share_far_above_the_stable_revision_s_fails() -> None:
    bench = Bench(settings(metric(maxRelative="150%")))
    bench.begin(stable=(450, 4))

    result = bench.run(8, canary=(150, 12), stable=(450, 4))

    assert result.verdict is Verdict.FAIL
    assert "; of the stable revision's, " in result.message
    assert ", which exceeds 150% of stable" in result.message


def test_slow_requests_fail_by_both_limits() -> None:
    bench = begun(Bench(settings(P95)))

    good = with_latencies(bench, 30, FAST)
    slow = with_latencies(begun(Bench(settings(P95))), 6, SLOW)

    assert good.verdict is Verdict.PASS, good.message
    assert slow.verdict is Verdict.FAIL
    assert "requests were slower than 20ms" in slow.message
    assert "(max 20ms of p95)" in slow.message


def test_twice_the_latency_fails_by_the_relative_limit() -> None:
    relative = metric("p95", "Latency", statistic="p95", maxRelative="150%")
    bench = begun(Bench(settings(relative)))

    result = with_latencies(bench, 10, {8.0: 100, 16.0: 48, 30.0: 2})

    assert result.verdict is Verdict.FAIL
    assert "(maxRelative 150% of p95)" in result.message


def test_a_limit_above_all_boundaries_is_no_data_with_its_remedy() -> None:
    bench = begun(Bench(settings(metric("p95", "Latency", statistic="p95", max="1s"))))

    result = with_latencies(bench, 3, FAST)

    assert (result.verdict, metric_of(result, "p95").reason) == (Verdict.NO_DATA, "NoBoundary")
    assert "the largest boundary of the histogram is 100ms" in result.message


def test_a_fast_wrong_version_fails() -> None:
    """Its errors are answered at once, and the histogram sees them: its p95 is better."""
    bench = begun(Bench(settings(ERRORS, P95)))

    result = with_latencies(bench, 6, {1.0: 140, 8.0: 10}, failed=15)

    assert verdict_of(result, "p95") is not Verdict.FAIL
    assert result.verdict is Verdict.FAIL
    assert result.message.startswith("errors: ")


def test_a_version_whose_requests_time_out_fails_though_its_mean_is_better() -> None:
    bench = Bench(settings(ERRORS, MEAN))
    bench.begin()

    for _ in range(8):
        for server in bench.canary:
            server.serve(300, 30, ms=5)
        bench.serve(canary=(0, 0))
        result = bench.pass_time()

    assert verdict_of(result, "mean") is Verdict.PASS
    assert (result.verdict, result.message[:7]) == (Verdict.FAIL, "errors:")


def test_a_mean_of_fewer_than_200_requests_is_low_traffic() -> None:
    bench = Bench(settings(MEAN, window="10s"))
    bench.begin()

    few, enough = bench.run(6, canary=(150, 0)), bench.run(3, canary=(450, 0))

    assert (few.verdict, enough.verdict) == (Verdict.LOW_TRAFFIC, Verdict.PASS)
    assert "the canary had 150 requests in the last window; 50 more are missing" in few.message


def test_a_dry_run_is_shown_and_does_not_decide() -> None:
    dry = {**metric("strict", max="0.0001%"), "mode": "DryRun"}
    bench = Bench(settings(ERRORS, dry))
    bench.begin()

    result = bench.run(20, canary=(150, 1))

    assert verdict_of(result, "strict") is Verdict.FAIL
    assert result.verdict is not Verdict.FAIL


def test_pods_with_too_much_load_are_not_compared() -> None:
    bench = Bench(settings(metric(maxRelative="150%")))
    bench.begin()

    overloaded = bench.run(8, canary=(2000, 100), stable=(450, 4))
    evidence = overloaded.evidence[0]
    bench.canary += [Server(f"canary-{i}") for i in range(1, 5)]
    bench.pass_time()
    bench.pass_time()
    compared = bench.run(8, canary=(400, 20), stable=(450, 4))

    assert overloaded.verdict is Verdict.INCOMPARABLE
    assert "4.4 times the load" in overloaded.message
    assert max(evidence.above) == 0, "it is no evidence"
    assert compared.verdict is Verdict.FAIL


def test_too_much_load_does_not_excuse_an_absolute_limit() -> None:
    bench = Bench(settings(metric(max="1%", maxRelative="150%")))
    bench.begin()

    assert bench.run(8, canary=(2000, 100), stable=(450, 4)).verdict is Verdict.FAIL


def test_less_load_is_compared_and_said() -> None:
    bench = Bench(settings(metric(maxRelative="150%")))
    bench.begin(stable=(900, 18))

    result = bench.run(60, canary=(300, 6), stable=(900, 18))

    assert result.verdict is Verdict.PASS, result.message
    assert "its pods have 0.3 times the load of the stable ones" in result.message


@pytest.mark.parametrize("metrics", [("errors",), ("errors", "mean")])
def test_passes_of_a_step_are_counted_by_intervals(metrics: tuple[str, ...]) -> None:
    bench = Bench(settings(ERRORS, MEAN, interval="30s"))
    bench.begin()
    bench.run(40, canary=(300, 0))
    bench.step = StepQuestion(bench.now, frozenset(metrics))

    first = bench.run(1, canary=(300, 0))
    third = bench.run(4, canary=(300, 0))

    assert (first.step_since, first.step_passes) == (bench.step.since, 1)
    assert third.step_passes == 3

    bench.step = StepQuestion(bench.now, frozenset(metrics))
    assert bench.judge().step_passes == 0, "a step counts its own"


def test_missing_data_begins_the_count_of_passes_again_and_an_outage_does_not() -> None:
    bench = Bench()
    bench.begin()
    bench.run(40, canary=(300, 0))
    bench.step = StepQuestion(bench.now, frozenset({"errors"}))
    assert bench.run(3).step_passes == 3

    bench.now += bench.settings.interval
    down = dict.fromkeys(Family, NoAnswer(Outage.TIMED_OUT, "slow"))
    without_answer = bench.judge(bench.sweep(families=down))
    without_series = bench.judge(bench.sweep(by_pod={}))

    assert without_answer.step_passes == 3
    assert (without_series.verdict, without_series.step_passes) == (Verdict.NO_DATA, 0)


def test_a_step_without_new_windows_does_not_pass_again() -> None:
    bench = Bench()
    bench.begin()
    bench.run(40, canary=(300, 0))
    bench.step = StepQuestion(bench.now, frozenset({"errors"}))

    for _ in range(2):
        bench.now += bench.settings.interval
        result = bench.judge()

    assert (result.verdict, result.step_passes) == (Verdict.PASS, 0)


def test_equal_arguments_give_equal_answers() -> None:
    first, second = Bench(settings(ERRORS, MEAN)), Bench(settings(ERRORS, MEAN))
    for bench in (first, second):
        bench.begin()

    assert first.run(5) == second.run(5)
    assert first.memory == second.memory


def test_without_a_canary_the_pods_are_watched() -> None:
    bench = Bench(has_canary=False)
    bench.pass_time()
    healthy = bench.run(3)
    bench.stable[0].scraped = {}
    silent = bench.judge()

    assert (healthy.canary, healthy.metrics, healthy.unavailable) == (None, (), "")
    assert silent.unavailable == "Partial"
