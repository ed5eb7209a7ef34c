"""`simulate scaling`: a load as a person plays it, by the operator's own measuring and rules."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.bodies import epipe, imodel, source
from tests.unit.cli.scaling_simulation.scaled import METRICS, SHORT, model, simulate

RAMP = ("--trace", "ramp", *SHORT)


def played(
    capsys: pytest.CaptureFixture[str], folder: Path, *words: str, bodies: Any = None
) -> dict[str, Any]:
    words = (*words, "--format", "json")
    status, out, err = simulate(capsys, folder, *words, bodies=bodies)
    assert (status, err) == (0, "")
    report: dict[str, Any] = json.loads(out)
    return report


def test_it_prints_the_laws_and_the_operator_s_decisions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = simulate(capsys, tmp_path, *RAMP)

    assert (status, err) == (0, "")
    head, batches, _, _, titles, *rows = out.splitlines()
    assert head.startswith("InferenceModel/desk-7/fx-drift: trace ramp (seed 1), 10:00, ")
    assert "one of 8 240ms; a pod answers at most 33 requests/s" in batches
    assert titles.split()[:3] == ["LAW", "SLO-VIOLATION", "MINUTES"]
    assert [row.split()[0] for row in rows[:3]] == ["operator", "HPA", "KEDA"]
    assert any("ScaledUp" in row and "queue time" in row for row in rows[5:])


def test_pods_follow_the_load_within_their_bounds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = played(capsys, tmp_path, *RAMP)

    sizes = [each["pods"] for each in report["decisions"]]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1] <= 6
    assert all(each["replicaHours"] > 0 for each in report["laws"])
    assert report == played(capsys, tmp_path, *RAMP, "--seed", "1")
    assert report != played(capsys, tmp_path, *RAMP, "--seed", "2")


def test_a_trace_of_a_file_with_an_outage_keeps_the_pods(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = tmp_path / "trace.csv"
    trace.write_text("time,requests_per_second,missing\n0,35,\n300,2,prometheus\n840,2,\n")
    report = played(capsys, tmp_path, "--trace", str(trace), *SHORT[2:])

    assert (report["trace"], report["seconds"], report["loadTime"]) == ("file", 900, 30)
    assert report["requests"] == pytest.approx(35 * 300 + 2 * 600, rel=0.05)
    *before, held, _ = report["decisions"]
    assert (held["time"], held["reason"]) == (300, "ScalingHeld")
    assert held["pods"] == before[-1]["pods"] > 1


def test_a_fallback_is_also_keda_s(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bodies = [model({"fallback": {"after": "1m", "replicas": 5}})]
    words = ("--trace", "outage-at-peak", *SHORT, "--peak", "20")
    report = played(capsys, tmp_path, *words, bodies=bodies)

    names = [each["law"] for each in report["laws"]]
    assert names == ["operator", "HPA", "KEDA", "KEDA with fallback"]
    reached = [each for each in report["decisions"] if each["reason"] == "FallbackReached"]
    assert [each["pods"] for each in reached][:1] == [5]


def test_schedules_follow_the_time_of_day(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hours = {"name": "open", "timeZone": "UTC", "start": "5 9 * * *", "end": "0 17 * * *"}
    bodies = [model({"schedules": [{**hours, "minReplicas": 5}]})]
    words = (*RAMP, "--peak", "4", "--begin", "2026-03-02T10:00:00+01:00")
    decisions = played(capsys, tmp_path, *words, bodies=bodies)["decisions"]

    at = next(each["time"] for each in decisions if each["pods"] >= 5)
    assert 300 <= at <= 320


@pytest.mark.parametrize(
    "metric",
    [
        {"type": "Latency", "statistic": "p95", "target": "400ms"},
        {"type": "Latency", "statistic": "mean", "target": "300ms"},
        {"type": "PendingRequests", "target": "4"},
        {"type": "BatchSize", "target": "60%"},
    ],
    ids=["p95", "mean", "pending", "batch"],
)
def test_metrics_that_a_simulation_has(
    metric: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    triton = {"dynamicBatching": {}, "metrics": {"latencyBuckets": [100, 200, 400, 800, 1600]}}
    bodies = [model({"metrics": [metric]}, triton=triton)]
    words = ("--trace", "step", *SHORT, "--peak", "60", "--load-time", "20s")
    decisions = played(capsys, tmp_path, *words, bodies=bodies)["decisions"]

    assert max(each["pods"] for each in decisions) > decisions[0]["pods"]


def test_a_pipeline_is_played_as_one_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline = epipe(autoscaling={"maxReplicas": 4, "metrics": METRICS}, maxBatchSize=4)
    bodies = [imodel(model={**source(7), "maxBatchSize": 4, **SIDES}), pipeline]
    words = ("--trace", "step", *SHORT, "--name", "fx-signal")
    report = played(capsys, tmp_path, *words, bodies=bodies)

    assert report["unit"] == "EnsemblePipeline/desk-7/fx-signal"
    assert report["batch"]["largest"] == 4


SIDES = {
    "inputs": [{"name": "x", "dataType": "FP32", "shape": [4]}],
    "outputs": [{"name": "y", "dataType": "FP32", "shape": [1]}],
}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--trace", "dya"), "dya: cannot be read: No such file or directory"),
        (("--trace", "day", "--seed", "-1"), "--seed: found -1, expected a number from 0 to 2^63"),
        (("--trace", "day", "--peak", "0"), "--peak: found 0.0, expected a number above 0, and at"),
        (("--trace", "day", "--peak", "nan"), "--peak: found nan, expected a number above 0"),
        (("--trace", "day", "--peak", "9e5"), "expected at most 2,000,000; shorten it, or divide"),
        (("--trace", "day", "--duration", "9m"), "--duration: found 540s, expected 600s to 86400s"),
        (("--trace", "day", "--begin", "9:00"), '--begin: found "9:00", expected a time with its'),
        (
            ("--trace", "day", "--batch-time", "10ms", "--full-batch-time", "90ms"),
            "--full-batch-time: found 90ms, expected 10ms to 80ms, the times of one request and of"
            " 8 one after the other",
        ),
        (("--trace", "-", "--peak", "3"), "--peak: found beside a trace of a file, which says it;"),
    ],
)
def test_arguments_that_cannot_be_used_are_refused(
    words: tuple[str, ...], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = simulate(capsys, tmp_path, *words)

    assert (status, out) == (2, "")
    assert message in err


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            imodel(),
            "spec.autoscaling: found nothing, expected maxReplicas and metrics; add them",
        ),
        (
            model({"maxReplicas": 101}),
            "spec.autoscaling.maxReplicas: found 101, expected at most 100 in a simulation; lower",
        ),
        (
            model({"metrics": [*METRICS, {"type": "GPUMemory", "target": "80%"}]}, accelerator={}),
            "spec.autoscaling.metrics[2].type: found GPUMemory, expected one of Latency, QueueTime",
        ),
    ],
    ids=["no autoscaling", "too many pods", "a metric that it has not"],
)
def test_manifests_that_a_simulation_cannot_play_are_refused(
    body: dict[str, Any], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = simulate(capsys, tmp_path, "--trace", "day", bodies=[body])

    assert (status, out) == (2, "")
    assert message in err


def test_a_manifest_that_cannot_be_served_is_refused_in_the_operator_s_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bodies = [model({"minReplicas": 7})]
    status, out, err = simulate(capsys, tmp_path, "--trace", "day", bodies=bodies)

    assert (status, out) == (1, "")
    assert "minReplicas" in err


def test_one_of_several_resources_has_to_be_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = model()
    other["metadata"] = {**other["metadata"], "name": "other"}
    status, _, err = simulate(capsys, tmp_path, "--trace", "day", bodies=[model(), other])

    assert status == 2
    assert "--name: found nothing, expected one of desk-7/fx-drift, desk-7/other; choose" in err
