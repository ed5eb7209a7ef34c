"""The tables of the scaling benchmarks say whether a goal is reached."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.scaling_calibration import Row, simulated, table
from benchmarks.scaling_laws import LATER, TUNED, Played, goals
from benchmarks.scaling_laws import table as laws_table
from benchmarks.serving.perf_analyzer import Load, pace_of
from inference_operator.cli.scaling_simulation.comparison import Outcome
from inference_operator.cli.scaling_simulation.service import Service
from inference_operator.cli.scaling_simulation.traces import TraceKind


def played() -> Played:
    rows: Played = {}
    for kind in TraceKind:
        for seed in (*TUNED, *LATER):
            bad = 2 if kind is TraceKind.SPIKE else 1
            rows[kind, seed] = (Outcome("HPA", 10, 4.0, 3), Outcome("operator", bad, 3.0, 1))
    return rows


def test_the_goals_are_those_of_the_later_seeds() -> None:
    assert goals(played()).splitlines()[2:] == [
        "| bad minutes of all traces, of HPA's | 1/2.3 | 0.11 (20 of 180) |",
        "| bad minutes of spikes, of HPA's | 1/5 | 0.20 (4 of 20) |",
        "| replica-hours of all traces, of HPA's | 1.00 | 0.75 (54 of 72) |",
        "| direction changes of a day | 1 an hour | 1 |",
    ]


def test_the_table_has_each_kind_and_the_sums() -> None:
    lines = laws_table("targets", played()).splitlines()
    assert lines[0] == "| targets | HPA | operator |"
    assert "| spike | 30 / 12.0 / 9 | 6 / 9.0 / 3 |" in lines
    assert lines[-1] == "| all but sick-replica, later seeds | 160 / 64.0 / 48 | 18 / 48.0 / 16 |"


@pytest.mark.parametrize(("p95", "met"), [(69.0, "yes"), (70.0, "**no**")])
def test_a_row_of_the_calibration_says_whether_both_percentiles_are_near(
    p95: float, met: str
) -> None:
    row = Row("lstm", 0.3, 40.0, ((50.0, 60.0),), (50.0, 60.0), (45.0, p95))
    assert table([row]).splitlines()[-1] == (
        f"| lstm | 30 % | 40 | 50.0, 45.0 ms | -10 % | 60.0, {p95:.1f} ms |"
        f" {100 * (p95 / 60 - 1):+.0f} % | {met} |"
    )


def test_the_simulated_percentiles_are_those_of_a_queue_with_one_server() -> None:
    # Half of the time the server is idle, so the median does not wait.
    p50, p95 = simulated(Service(0.01, 0.0, 1), 50.0, 0.002)
    assert p50 == pytest.approx(12.0, abs=0.3)
    assert 28 < p95 < 36


def test_a_load_is_of_requests_in_flight_or_of_a_rate() -> None:
    load = Load("lstm", 1, 4, Path("data.json"))
    assert pace_of(load) == ["--concurrency-range", "4"]
    rated = pace_of(replace(load, rate=12.5))
    assert {"--request-rate-range=12.500", "--request-distribution=poisson"} <= set(rated)
