"""The benchmark of judged rollouts plays the shipped code with the shipped settings."""

import json
from pathlib import Path
from random import Random

import pytest
import yaml

from benchmarks import canary_rollouts
from benchmarks.analysis.rollouts import (
    Fault,
    Played,
    Scenario,
    Setting,
    manifest,
    play,
    rows,
    setup,
)
from hack.product import ROOT
from inference_operator.api.analysis import Analysis
from inference_operator.cli.simulation import operator
from inference_operator.cli.simulation.history import Outcome
from inference_operator.cli.simulation.pace import SCRAPE_INTERVAL
from inference_operator.planning.analysis import judging
from inference_operator.planning.rollout import state_machine
from inference_operator.prometheus_settings import PrometheusSettings

BAD = Scenario("errors 5 %", Fault(errors=0.05), lasts=600)


def test_its_intervals_are_the_shipped_ones() -> None:
    monitors = ROOT / "manifests" / "monitoring" / "pod-monitors.yaml"
    text = monitors.read_text()
    units = next(
        body
        for body in yaml.safe_load_all(text)
        if body["metadata"]["name"].startswith("inference-units")
    )
    intervals = {each["interval"] for each in units["spec"]["podMetricsEndpoints"]}
    settings = PrometheusSettings()
    pace = setup(BAD, 1).pace

    assert intervals == {f"{SCRAPE_INTERVAL}s"}
    assert pace.scrape_interval == SCRAPE_INTERVAL
    assert pace.sweep_interval == settings.prometheus_interval_seconds
    assert pace.delay == settings.prometheus_delay_seconds


def test_its_analysis_sets_nothing_but_the_metrics() -> None:
    analysis = manifest(Setting())["spec"]["rollout"]["canary"]["analysis"]

    assert Analysis.model_validate(analysis).model_fields_set == {"metrics"}


def test_a_rollout_goes_through_the_shipped_judgement_and_state_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[str] = []

    def counted(name: str, function: object) -> object:
        def call(*arguments: object, **options: object) -> object:
            calls.append(name)
            return function(*arguments, **options)  # type: ignore[operator]

        return call

    monkeypatch.setattr(operator, "judged", counted("judged", operator.judged))
    monkeypatch.setattr(state_machine, "_advanced", counted("advanced", state_machine._advanced))
    played = play(BAD, 3)

    assert operator.judged is not judging.judged  # It is the counted one, of the shipped module.
    assert calls.count("judged") > 60
    assert calls.count("advanced") > 5
    assert played.outcome is Outcome.ABORTED
    assert played.back is not None
    assert 20 < played.back < 200
    # 10 a second, from the first request until the weight 0.
    assert played.requests == pytest.approx(10 * played.back, rel=0.5)


def test_uneven_traffic_has_the_same_means() -> None:
    uneven = Scenario("uneven", uneven=True, lasts=40_000)
    drawn = list(rows(uneven, Random(1)))

    for values, mean in (
        ([row.requests_per_second for row in drawn], 100),
        ([row.stable.error_share for row in drawn], 0.005),
    ):
        assert sum(values) / len(values) == pytest.approx(mean, rel=0.05)
    assert len({row.canary.latency.p50 for row in drawn}) == len(drawn)


@pytest.mark.parametrize("is_compared", [True, False])
def test_slower_new_pods_are_taken_back_unless_their_baseline_is_slower_too(
    is_compared: bool,
) -> None:
    setting = Setting({"comparedWith": "Baseline"} if is_compared else {})
    slower = Scenario("slower", setting=setting, new_pods=1.3, lasts=1200)

    assert play(slower, 5).outcome is (Outcome.PROMOTED if is_compared else Outcome.ABORTED)


def test_a_row_has_the_figures_of_its_rollouts() -> None:
    results = [
        Played(7, Outcome.ABORTED, 40.0, 400, 20, 3, 0),
        Played(8, Outcome.ABORTED, 60.0, 600, 30, 4, 1),
        Played(9, Outcome.PROMOTED, None, 5000, 25, 9, 0),
    ]
    row = canary_rollouts.row_of(Scenario("x"), results, 1.0)

    assert (row["taken_back"], row["promoted"], row["seeds"]) == (2, 1, [7, 9])
    assert (row["p50"], row["p90"], row["longest"]) == (60.0, None, 60.0)
    assert row["share_mean"] == pytest.approx(6000 / 3 / 360_000, abs=1e-6)
    assert (row["quiet_sweeps"], row["writes_of_quiet_sweeps"]) == (16, 1)


def test_the_table_and_the_file_have_each_scenario(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canary_rollouts, "play", _quick)
    path = tmp_path / "new" / "rows.json"
    words = ["--rollouts", "2", "--processes", "1", "--only", "identical", "--output", str(path)]
    assert canary_rollouts.main(words) == 0

    printed = capsys.readouterr().out
    names = [each["name"] for each in json.loads(path.read_text())["rows"]]
    assert len(names) == 3
    assert all(f"| {name} |" in printed for name in names)


def _quick(scenario: Scenario, seed: int) -> Played:
    return Played(seed, Outcome.PROMOTED, None, 10, 0, 0, 0)
