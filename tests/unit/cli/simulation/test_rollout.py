"""`simulate rollout`: a rollout as a person plays it, by the operator's own passes."""

import builtins
import json
from pathlib import Path
from typing import Any

import pytest

from inference_operator.cli.main import main
from inference_operator.domain.kubectl_yaml import write_manifests
from tests.fakes.bodies import epipe, imodel
from tests.golden import Golden
from tests.unit.cli.simulation.traces import HEADER, model, row, simulate, trace

GOOD = trace(row())
MISSING = f"{HEADER},missing"
TRACES = {
    "good": GOOD,
    "failing": trace(row(errors=0.05)),
    "slow": trace(row(p95=30)),
    "silent": trace(row(missing=""), row(time=40, missing="canary"), header=MISSING),
    "outage": trace(
        row(missing=""),
        row(time=60, missing="prometheus"),
        row(time=300, missing=""),
        header=MISSING,
    ),
    "idle": trace(row(rate=0)),
    "late": trace(row(), row(time=150, errors=0.2)),
}
ENDS = {
    "good": "Promoted",
    "failing": "Aborted",
    "slow": "Aborted",
    "silent": "WaitsForPerson",
    "outage": "Promoted",
    "idle": "WaitsForPerson",
    "late": "Aborted",
}


def report(capsys: pytest.CaptureFixture[str], folder: Path, text: str, *words: str) -> Any:
    """Return the report for programs."""
    status, out, err = simulate(capsys, folder, text, "--format", "json", *words)
    assert (status, err) == (0, "")
    return json.loads(out)


@pytest.mark.parametrize("name", ["good", "failing", "slow", "silent"])
def test_the_decisions_are_printed(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], golden: Golden
) -> None:
    status, out, err = simulate(capsys, tmp_path, TRACES[name])

    assert (status, err) == (0, "")
    golden.check(f"golden/{name}.txt", out)


@pytest.mark.parametrize("name", TRACES)
def test_bad_versions_are_taken_back_and_silence_holds(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    played = report(capsys, tmp_path, TRACES[name])

    assert played["outcome"] == ENDS[name]
    answered = played["answered"][played["canary"]] if name != "idle" else {"requests": 0}
    assert (answered["requests"] > 0) == (name != "idle")


@pytest.mark.parametrize("name", ["good", "failing"])
def test_a_canary_is_compared_with_a_baseline(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    errors = {"name": "errors", "type": "ErrorRate", "maxRelative": "300%"}
    analysis = {"metrics": [errors], "comparedWith": "Baseline"}
    given = model()["spec"]["rollout"]["canary"]
    rollout = {"canary": {**given, "analysis": analysis}}
    words = ("--format", "json", "--duration", "30m")
    status, out, err = simulate(capsys, tmp_path, TRACES[name], *words, body=model(rollout=rollout))

    assert (status, err) == (0, "")
    assert json.loads(out)["outcome"] == ENDS[name]
    assert "a baseline of 1 new pod of revision" in out
    assert "stable is the baseline of" in out


@pytest.mark.parametrize(("compared", "outcome"), [("Stable", "Aborted"), ("Baseline", "Promoted")])
def test_new_pods_that_are_worse_whatever_their_version_need_a_baseline(
    compared: str, outcome: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header = f"{HEADER},baseline_error_share,baseline_p50_ms,baseline_p95_ms"
    text = trace(f"{row(errors=0.01)},0.01,8,15", header=header)
    errors = {"name": "errors", "type": "ErrorRate", "maxRelative": "200%"}
    given = model()["spec"]["rollout"]["canary"]
    analysis = {"metrics": [errors], "comparedWith": compared}
    body = model(rollout={"canary": {**given, "analysis": analysis}})
    status, out, err = simulate(capsys, tmp_path, text, "--format", "json", body=body)

    assert (status, err) == (0, "")
    assert json.loads(out)["outcome"] == outcome


def test_equal_seeds_play_equal_rollouts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = TRACES["failing"]
    first, again, other = (report(capsys, tmp_path, text, "--seed", n) for n in ("7", "7", "8"))

    assert first == again
    assert first["answered"] != other["answered"]


def test_without_a_gateway_clients_follow_the_ready_pods(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = [{"setWeight": 25}, {"pause": {"duration": "1m"}}]
    body = model(rollout={"canary": {"steps": steps}})
    status, out, _ = simulate(capsys, tmp_path, GOOD, "--format", "json", body=body)
    played = json.loads(out)

    assert (status, played["outcome"]) == (0, "Promoted")
    # One pod more is one of five.
    assert {entry["weight"] for entry in played["entries"]} == {0, 20, 100}


def test_a_pause_for_a_person_ends_the_rollout_where_the_trace_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = model([{"setWeight": 10}, {"pause": {}}])
    texts = (GOOD, trace(row(), row(time=600, errors=0.2)))
    outs = [simulate(capsys, tmp_path, text, body=body)[1] for text in texts]

    assert "\nwaits for a person since 30s\n" in outs[0]
    # A version that becomes bad while it waits is taken back.
    assert "\naborted after 10m" in outs[1]


def test_the_longest_time_ends_a_rollout(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = simulate(capsys, tmp_path, GOOD, "--duration", "45s")

    assert "\nnot over after 45s: revision " in out


def test_a_longer_load_time_delays_the_first_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    played = report(capsys, tmp_path, GOOD, "--load-time", "2m")
    times = {entry["reason"]: entry["time"] for entry in reversed(played["entries"])}

    assert times["SetWeight"] == 120


def test_a_pipeline_is_judged_by_its_own_requests(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics = [{"name": "errors", "type": "ErrorRate", "max": "1%"}]
    rollout = {"canary": {**model()["spec"]["rollout"]["canary"], "analysis": {"metrics": metrics}}}
    tensors = {
        "inputs": [{"name": "x", "dataType": "FP32", "shape": [4]}],
        "outputs": [{"name": "y", "dataType": "FP32", "shape": [1]}],
    }
    step_model = imodel(model={**imodel()["spec"]["model"], **tensors})
    pipeline = epipe(replicas=4, rollout=rollout)
    manifest, metrics_file = tmp_path / "pipeline.yaml", tmp_path / "trace.csv"
    manifest.write_text(write_manifests([step_model, pipeline]))
    ends = []
    for text in (GOOD, TRACES["failing"]):
        metrics_file.write_text(text)
        words = ["-f", str(manifest), "--metrics", str(metrics_file), "--name", "fx-signal"]
        assert main(["simulate", "rollout", *words, "--format", "json"]) == 0
        ends.append(json.loads(capsys.readouterr().out)["outcome"])

    assert ends == ["Promoted", "Aborted"]


def test_a_manifest_that_cannot_be_served_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = simulate(capsys, tmp_path, GOOD, body=model([{"setWeight": 101}]))

    assert (status, out) == (1, "")
    assert "spec.rollout.canary.steps[0].setWeight: found 101" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--seed", "-1"), "--seed: found -1, expected a number from 0 to 2^63 - 1"),
        (("--duration", "25h"), "--duration: found 90000s, expected whole seconds, from 1s to"),
        (("--load-time", "1ms"), "--load-time: found 0.001s, expected whole seconds, from 1s"),
        (("--output", "a.pdf"), "--output: found a.pdf, expected a name that ends in .svg or"),
        (("--name", "other"), "--name: found other, expected one of desk-7/fx-drift"),
        (("--metrics", "no.csv"), "no.csv: cannot be read: No such file or directory"),
    ],
)
def test_arguments_that_cannot_be_used_are_refused(
    words: tuple[str, ...], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = simulate(capsys, tmp_path, GOOD, *words)

    assert (status, out) == (2, "")
    assert err.startswith(f"inference-operator: {message}")


def test_more_pods_than_a_simulation_follows_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = simulate(capsys, tmp_path, GOOD, body=model(replicas=101))

    assert status == 2
    assert "spec.replicas: found 101, expected at most 100 in a simulation" in err


def test_a_picture_without_matplotlib_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *arguments: Any, **options: Any) -> Any:
        if name.endswith("simulation.picture"):
            raise ModuleNotFoundError("No module named 'matplotlib'", name="matplotlib")
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    status, out, err = simulate(capsys, tmp_path, GOOD, "-o", str(tmp_path / "a.svg"))

    assert (status, out) == (2, "")
    assert "matplotlib is not installed; install inference-operator[simulate]" in err


def test_the_sample_of_a_registered_model_is_played(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = Path(__file__).parents[4] / "manifests" / "samples" / "registered-lstm.yaml"
    metrics = tmp_path / "trace.csv"
    metrics.write_text(GOOD)
    assert main(["simulate", "rollout", "-f", str(sample), "--metrics", str(metrics)]) == 0

    assert "\npromoted after 30s\n" in capsys.readouterr().out
