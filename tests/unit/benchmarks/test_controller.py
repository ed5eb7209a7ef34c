"""The arithmetic of the controller's benchmark, its goals, options and profiles."""

import re
from pathlib import Path
from typing import Any

import pytest

from benchmarks.controller import hot_functions, options
from benchmarks.controller.arithmetic import distribution, exponent, percentile, ratio
from benchmarks.controller.goals import goals
from benchmarks.controller.observer import is_served
from benchmarks.controller.report import summary, table
from benchmarks.controller.upgrade import changes
from hack.console import StepError


@pytest.mark.parametrize(
    ("times", "factor", "expected"),
    [((2.0, 6.0), 3, 1.0), ((2.0, 18.0), 3, 2.0), ((5.0, 5.0), 3, 0.0), ((16.4, 55.0), 3, 1.1014)],
)
def test_an_exponent_says_how_times_grow(
    times: tuple[float, float], factor: float, expected: float
) -> None:
    assert exponent(times, factor) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("count", "share", "expected"),
    [(1, 0.99, 1), (2, 0.5, 1), (100, 0.99, 99), (200, 0.99, 198), (101, 0.99, 100), (3, 0.99, 3)],
)
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(
    count: int, share: float, expected: float
) -> None:
    assert percentile(list(range(count, 0, -1)), share) == expected


def test_a_distribution_is_in_milliseconds() -> None:
    assert distribution([0.004, 0.001, 0.002]) == {
        "samples": 3,
        "p50Ms": 2.0,
        "p99Ms": 4.0,
        "slowestMs": 4.0,
    }


@pytest.mark.parametrize(
    ("value", "base", "expected"),
    [(8.0, 5.0, 1.6), (None, 5.0, None), (8.0, None, None), (8.0, 0.0, None)],
)
def test_a_ratio_needs_both_values(
    value: float | None, base: float | None, expected: float | None
) -> None:
    assert ratio(value, base) == expected


def result(seconds: float, **phases: Any) -> dict[str, Any]:
    """Return a result with a bare client that needs 10 s, and an operator."""
    bare: dict[str, Any] = {"burst": {"childrenSeconds": 10.0, "writesPerObject": 4.0}}
    burst: dict[str, Any] = {
        "childrenSeconds": seconds,
        "cpuMsPerObject": 5.0,
        "writesPerObject": 7.0,
    }
    burst |= {"readsPerObject": 0.0, "requests": {"writesBy": {"create events": 7}}}
    return {
        "n": 1000,
        "date": "2026-12-01",
        "machine": "2 cores",
        "versions": {"python": "3.11"},
        "environment": "etcd",
        "loadAverageBefore": 0.1,
        "loadAverageAfter": 0.2,
        "subjects": [
            {"name": "bare client, POST", "of": "ours", "bare": "POST", "phases": bare},
            {"name": "ours", "of": "ours", "phases": {"burst": burst, **phases}},
        ],
    }


@pytest.mark.parametrize(("seconds", "reached"), [(16.0, True), (16.1, False)])
def test_children_are_held_against_the_bare_client_s(seconds: float, reached: bool) -> None:
    first, *_ = goals(result(seconds))

    assert first.measured == pytest.approx(seconds / 10)
    assert first.reached is reached


def test_children_are_held_against_the_faster_variant() -> None:
    measured = result(16.0)
    apply = {"burst": {"childrenSeconds": 8.0}}
    entry = {"name": "bare client, apply", "of": "ours", "bare": "apply", "phases": apply}
    theirs = {**entry, "of": "theirs", "phases": {"burst": {"childrenSeconds": 1.0}}}
    first, *_ = goals({**measured, "subjects": [entry, theirs, *measured["subjects"]]})

    assert first.name == "children to those of the faster bare client (apply)"
    assert first.measured == pytest.approx(2.0)


def test_only_what_was_measured_has_a_goal() -> None:
    assert [goal.name for goal in goals(result(16.0, growth={"exponent": 1.2}))] == [
        "children to those of the faster bare client (POST)",
        "CPU a custom resource",
        "writes a custom resource",
        "reads a custom resource",
        "exponent of growth",
    ]


@pytest.mark.parametrize(("n", "most"), [(100, 5), (1000, 5), (3000, 15)])
def test_a_restart_may_take_longer_with_more_custom_resources(n: int, most: float) -> None:
    restart = {"settledSeconds": 5.5, "requests": {"writes": 0}}
    settled, writes = goals({**result(16.0, restart=restart), "n": n})[-2:]

    assert (settled.most, settled.reached) == (most, n == 3000)
    assert writes.reached


def test_a_missed_goal_is_shown_with_what_was_measured() -> None:
    lines = summary(result(17.0)).splitlines()

    assert [line for line in lines if line.startswith("MISSED")] == [
        "MISSED  ours: children to those of the faster bare client (POST): 1.7 times, goal at"
        " most 1.6 times",
        "MISSED  ours: writes a custom resource: 7, goal at most 6 ({'create events': 7})",
    ]
    assert "Goals reached: 2 of 4" in lines


def test_a_table_has_a_column_for_each_and_no_row_without_a_figure() -> None:
    assert table(result(16.0)).splitlines() == [
        "| N = 1,000 | bare client, POST | ours |",
        "| --- | ---: | ---: |",
        "| its children to those of the bare client by POST | 1.00 | 1.60 |",
        "| burst: all children present | 10.0 s | 16.0 s |",
        "| burst: CPU of its process, an object |  | 5.0 ms |",
        "| burst: writes an object | 4.00 | 7.00 |",
        "| burst: reads an object |  | 0.00 |",
    ]


def test_pod_templates_that_are_new_gone_or_different_are_counted() -> None:
    before = {("deployments", "same"): "1", ("deployments", "gone"): "1", ("deployments", "b"): "1"}
    after = {("deployments", "same"): "1", ("deployments", "new"): "1", ("deployments", "b"): "2"}

    assert changes(before, after) == 3


@pytest.mark.parametrize(
    ("status", "served"),
    [
        ({}, False),
        ({"observedGeneration": 1, "readyReplicas": 2}, False),
        ({"observedGeneration": 2, "readyReplicas": 1}, False),
        ({"observedGeneration": 2, "readyReplicas": 2}, True),
    ],
)
def test_a_workload_is_ready_when_its_controller_says_so_of_this_spec(
    status: dict[str, Any], served: bool
) -> None:
    body = {"metadata": {"generation": 2}, "spec": {"replicas": 2}, "status": status}

    assert is_served(body) is served


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--phases", "bare,bursts"], "unknown phase bursts"),
        (["--phases", "edits", "--api-server-only"], "edits cannot be measured on an API server"),
        (["--phases", "upgrade"], "upgrade and --before need each other"),
        (["--phases", "burst", "--before", "/"], "upgrade and --before need each other"),
        (["--before", "/"], "/ has no folder operator/"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    words: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["benchmarks.controller", *words])

    with pytest.raises(StepError, match=re.escape(message)):
        options.parse()


def test_an_api_server_alone_is_measured_without_what_needs_pods(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.argv", ["benchmarks.controller", "--api-server-only"])
    chosen, subjects, pods = options.parse()

    assert chosen.phases == ("bare", "burst", "idle", "restart", "defaults")
    assert (subjects, pods) == (["inference-operator"], False)


LOOP = "/usr/lib/python3.11/asyncio/events.py:Handle._run"
PROFILE = f"""\
/r/main.py:main;{LOOP};/r/a.py:A.pass;/r/b.py:plan 60
/r/main.py:main;{LOOP};/r/a.py:A.pass;/v/site-packages/json.py:loads 30
/r/main.py:main;{LOOP};/v/site-packages/kopf.py:watch 9
/r/main.py:main 1
"""


def test_a_profile_tells_our_code_from_libraries_by_callback() -> None:
    shown = hot_functions.table(PROFILE, Path("/r")).splitlines()

    assert "| `b.py:plan` | 60.0% | 60.0% |" in shown
    assert "| `main.py:main` | 1.0% | 1.0% |" in shown
    assert "| `v/site-packages/json.py:loads` | 30.0% |" in shown
    assert shown[-1] == "100 samples: 61% in our code, 39% in libraries (9% not called by our code)"


def test_a_profile_shows_fifteen_functions_of_ours() -> None:
    text = "".join(f"/r/a.py:f{number} {number}\n" for number in range(1, 31))
    shown = hot_functions.table(text, Path("/r")).splitlines()

    assert [line.split("`")[1] for line in shown if "a.py" in line] == [
        f"a.py:f{number}" for number in range(30, 15, -1)
    ]


def test_an_empty_profile_is_said_to_be_empty() -> None:
    assert hot_functions.table("", Path("/r")) == "The profile has no sample."
