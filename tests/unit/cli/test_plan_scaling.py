"""`plan` of an autoscaled unit: its bounds of now, the law of each metric, and the pace."""

from pathlib import Path

import pytest

from tests.fakes.bodies import imodel, source
from tests.unit.cli.test_plan_analysis import planned

QUERY = "sum(lag{namespace=$namespace})"
ALWAYS = {
    "name": "always",
    "timeZone": "America/New_York",
    "start": "0 0 * * *",
    "end": "59 23 31 12 *",
    "minReplicas": 4,
}
RULES = {
    "minReplicas": 2,
    "maxReplicas": 8,
    "metrics": [
        {"type": "QueueTime", "target": "5ms"},
        {"type": "Latency", "statistic": "mean", "target": "20ms", "window": "5m"},
        {"type": "BatchSize", "target": "80%"},
        {
            "type": "Prometheus",
            "name": "lag",
            "query": QUERY,
            "target": "10",
            "targetType": "AverageValue",
        },
    ],
}


def test_it_says_what_each_metric_asks_for_and_how_fast_pods_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = {**source(1), "maxBatchSize": 8}
    lines = planned(tmp_path, capsys, imodel(model=model, autoscaling=RULES))

    assert [each for each in lines if each.startswith(("autoscaling", "metric"))] == [
        "autoscaling: 2 to 8 pods; the metric that asks for the most pods rules",
        "metric QueueTime: ready pods x mean time in the queue over 1m / 5ms",
        "metric Latency mean: ready pods x mean of the request times over 5m / 20ms",
        "metric BatchSize: sum of the batches as shares of maxBatchSize over 1m / 80%; it removes"
        " no pod",
        "metric lag: answer to the query over 1m / 10",
        "autoscaling: adds 100% in 15s or 4 pods in 15s; removes 25% in 1m, after 5m without a"
        " reason against it",
        "autoscaling: while a metric is missing no pod is removed",
    ]
    assert any(each.endswith("2 replicas") for each in lines if each.startswith("wanted"))


def test_it_says_which_schedule_is_in_force_and_what_the_fallback_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    behavior = {"scaleDown": {"selectPolicy": "Disabled"}}
    more = {
        "metrics": RULES["metrics"][:1],
        "schedules": [ALWAYS],
        "fallback": {"replicas": 6},
        "behavior": behavior,
    }
    lines = planned(tmp_path, capsys, imodel(autoscaling={**RULES, **more}))

    assert any(
        each.startswith("autoscaling: 4 to 8 pods (schedule always), until") for each in lines
    )
    assert "autoscaling: adds 100% in 15s or 4 pods in 15s; removes none" in lines
    assert (
        "autoscaling: while a metric is missing no pod is removed; after 3m at least 6 pods"
        in lines
    )
    expected = "schedule always: in force; from 0 0 * * * to 59 23 31 12 * (America/New_York)"
    assert expected in lines


def test_a_unit_without_autoscaling_has_no_line_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not any("autoscaling" in each for each in planned(tmp_path, capsys, imodel()))
