"""The simulation of canaries: its counters, its windows, and the rules that judge them."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks import analysis_error_rates as rates
from benchmarks.analysis.readings import Windows, differences, increases
from benchmarks.analysis.rules import (
    CANDIDATES,
    LIMITS,
    SHIPPED,
    Counted,
    Sequential,
    inflation,
    sequential,
)
from benchmarks.analysis.traffic import BUCKETS, ERRORS, REQUESTS, Load, Traces, Version, draw
from model_builders.statistics.counts import Counts, Window
from model_builders.statistics.dispersion import variance_inflation
from model_builders.statistics.evidence import Evidence, updated
from model_builders.statistics.wilson import Z_95, wilson_bounds

LOADS = [Load(100), Load(10, bursts=True), Load(100, bursts=True, scrape=5)]


def counts(windows: Windows, place: tuple[int, int], metric: str) -> Window:
    canary, stable = (
        Counts(float(requests[place]), float(bad[place]))
        for requests, bad in zip(windows.requests(), windows.bad(metric), strict=True)
    )
    return Window(canary, stable)


@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("read", [differences, lambda traces: increases(traces, 60)])
def test_the_arrays_give_the_evidence_of_the_operator_s_own_code(load: Load, read: object) -> None:
    assert callable(read)
    windows = read(draw(Version(errors=0.02, latency=1.2), load, 2, 7))
    for metric, limit in LIMITS:
        above, below = sequential(windows, (metric, limit), Sequential(2))
        for rollout in range(2):
            evidence = Evidence()
            for index in range(windows.ends.shape[1]):
                window = counts(windows, (rollout, index), metric)
                evidence = updated(evidence, window, limit, inflation=2)
                assert above[rollout, index] == pytest.approx(evidence.log_above, abs=1e-6)
                assert below[rollout, index] == pytest.approx(evidence.log_below, abs=1e-6)


@pytest.mark.parametrize("metric", ["errors", "slow"])
def test_the_arrays_give_the_inflation_of_the_operator_s_own_code(metric: str) -> None:
    windows = differences(draw(Version(), Load(10, bursts=True), 5, 3))
    bad, requests = windows.bad_before(metric)
    for rollout, estimate in enumerate(inflation(windows, metric, 4)):
        pairs = zip(requests[rollout], bad[rollout], strict=True)
        assert estimate == pytest.approx(variance_inflation([Counts(*pair) for pair in pairs]))


@pytest.mark.parametrize("load", LOADS)
def test_the_counters_only_grow_and_the_last_bucket_holds_all_requests(load: Load) -> None:
    traces = draw(Version(), load, 20, 1)
    for counters in (traces.canary, traces.stable):
        assert (np.diff(counters, axis=1) >= 0).all()
        assert (np.diff(counters[..., BUCKETS:], axis=-1) >= 0).all()
        assert (counters[..., -1] == counters[..., REQUESTS]).all()
        assert (counters[..., ERRORS] <= counters[..., REQUESTS]).all()
        assert (counters[:, 0] == 0).all()
    total = (traces.canary + traces.stable)[:, -1, REQUESTS].mean()
    assert total == pytest.approx(load.rate * 900, rel=0.1)


def test_equal_seeds_draw_equal_counters() -> None:
    first, second, other = (draw(Version(), Load(10), 3, seed) for seed in (1, 1, 2))
    assert (first.canary == second.canary).all()
    assert not (first.canary == other.canary).all()


def test_increase_extrapolates_as_prometheus_does() -> None:
    """DELIVERY's figures: 60 s with scrapes at 0, 15, 30, 45 s of a counter that grows by 1 / s."""
    times = np.arange(0.0, 1000.0, 15.0)[None, :] + 1.0
    grows = np.repeat(1000 + times[..., None], 9, axis=2)
    traces = Traces(grows, grows, times, times, np.array([12.0]), 15, np.zeros((1, 60, 9)))
    assert increases(traces, 60).canary[0, 1, REQUESTS] == pytest.approx(60)
    new = np.repeat(times[..., None] - 1, 9, axis=2)
    traces = Traces(new, new, times, times, np.array([1.0]), 15, np.zeros((1, 60, 9)))
    # The samples 0 to 45 are of 59 s, and a counter that begins at 0 is not extended before it.
    assert increases(traces, 60).canary[0, 0, REQUESTS] == pytest.approx(58)


def test_a_percentile_is_interpolated_in_its_bucket() -> None:
    buckets = [0.0, 0.0, 80.0, 100.0, 100.0, 100.0, 100.0]
    table = np.array([[[100.0, 0.0, *buckets]]])
    windows = Windows(table, table, np.zeros((1, 1)), table)
    canary, stable = windows.percentiles(0.9)
    assert canary[0, 0] == stable[0, 0] == pytest.approx(15.0)
    assert windows.bad("slow")[0][0, 0] == 0


def test_the_bound_in_arrays_is_wilson_s() -> None:
    windows = increases(draw(Version(errors=0.05), Load(100), 1, 5), 60)
    limit = wilson_bounds(int(windows.bad("errors")[0][0, 0]), int(windows.requests()[0][0, 0]))[0]
    assert limit > 0.01
    failed = Counted(failures=1, out_of=1, z=Z_95)(windows).failed
    assert failed[0] == windows.ends[0, 0]


def test_a_bad_version_is_taken_back_and_an_identical_one_is_not() -> None:
    read, judge = CANDIDATES[SHIPPED]
    bad = judge(read(draw(Version(errors=0.05), Load(100), 20, 11)))
    assert np.isfinite(bad.failed).all()
    good = judge(read(draw(Version(), Load(100), 20, 11)))
    assert np.isinf(good.failed).all()


def test_the_tables_have_every_rule_and_the_file_every_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "new" / "rows.json"
    assert rates.main(["--identical", "4", "--bad", "2", "--output", str(path)]) == 0
    printed = capsys.readouterr().out
    for rule in CANDIDATES:
        assert printed.count(f"| {rule} |") == 2
    rows = json.loads(path.read_text())["rows"]
    assert len(rows) == len(CANDIDATES) * len(rates.VERSIONS) * 6
    assert all(row["rollouts"] in (2, 4) for row in rows)
    assert all(row["taken_back"] + row["promoted"] <= row["rollouts"] for row in rows)


def test_the_upper_bound_is_that_of_clopper_and_pearson() -> None:
    row = rates.Row("r", "identical", 1, False, 15, 5000, 0, 0, 0, None, None)
    assert row.upper == pytest.approx(1 - math.exp(math.log(0.05) / 5000))
