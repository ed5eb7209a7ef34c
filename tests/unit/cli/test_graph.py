"""`graph`: a pipeline drawn from files, without a cluster."""

import io
from pathlib import Path

import pytest

from inference_operator.domain.kubectl_yaml import write_manifests
from tests.fakes.bodies import epipe, imodel, step
from tests.fakes.harness import OperatorHarness
from tests.unit.cli.graph_command import MODEL, output_of, written


def test_models_of_the_same_file_give_shapes_and_versions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, epipe(maxBatchSize=8), imodel(model=MODEL))
    status, out, err = output_of(capsys, "-f", path)

    assert (status, err) == (0, "")
    assert out.splitlines()[3:] == [
        "flowchart LR",
        '  input0_x(["x"])',
        '  step1_drift["<b>drift</b><br>fx-drift:1"]',
        '  output2_y(["y"])',
        '  input0_x -->|"x FP32 [batch, 4]"| step1_drift',
        '  step1_drift -->|"y FP32 [batch, 1]"| output2_y',
    ]


async def test_models_of_the_cluster_give_shapes_and_versions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = OperatorHarness()
    world.user_applies(model=MODEL)
    await world.settle()
    items = [body for _, body in world.cluster.snapshot()]
    live = written(tmp_path, {"apiVersion": "v1", "kind": "List", "items": items}, name="live")
    status, out, err = output_of(
        capsys, "-f", written(tmp_path, epipe(maxBatchSize=8)), "--live", live
    )

    assert (status, err) == (0, "")
    assert "fx-drift:1" in out


def test_a_model_that_is_nowhere_is_drawn_without_its_shapes_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = [
        step("drift", "lost-model", outputMap={"y": "between"}),
        step("again", "lost-model", inputMap={"x": "between"}),
    ]
    status, out, err = output_of(capsys, "-f", written(tmp_path, epipe(steps=steps)))

    assert status == 0
    assert '-->|"between of unknown shape"| step2_again' in out
    assert "lost-model: not known" in out
    there = "spec.steps[drift].modelRef: "
    assert err.startswith(f"EnsemblePipeline/desk-7/fx-signal: not all shapes are known: {there}")


def test_an_inline_model_and_a_built_in_are_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    average = {
        "name": "average",
        "builtin": {"weightedAverage": {}},
        "inputMap": {name: name for name in ("price", "interval", "score", "confidence")},
        "outputMap": {"forecast": "forecast"},
    }
    scalar = {**MODEL, "inputs": [{"name": "x", "dataType": "FP32", "shape": [1]}]}
    inline = step(modelRef=None, model=scalar, inputMap={"x": "forecast"})
    inputs = [
        {"name": name, "dataType": "FP32", "shape": [2 if name == "interval" else 1]}
        for name in average["inputMap"]
    ]
    path = written(tmp_path, epipe(steps=[average, inline], inputs=inputs, maxBatchSize=8))
    status, out, err = output_of(capsys, "-f", path)

    assert (status, err) == (0, "")
    assert '"<b>average</b><br>built-in weightedAverage"' in out
    assert '"<b>drift</b><br>drift:1"' in out


def test_the_format_that_is_asked_for_comes_before_the_files_ending(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, drawing = written(tmp_path, epipe(), imodel()), tmp_path / "pipeline.svg"
    output_of(capsys, "-f", path, "-o", drawing, "--format", "mermaid")

    assert "flowchart LR" in drawing.read_text()


def test_one_of_several_pipelines_is_drawn_by_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, epipe("first"), epipe("second"), imodel())
    status, out, _ = output_of(capsys, "-f", path, "--name", "second")

    assert status == 0
    assert 'title: "second"' in out


def test_one_of_several_namespaces_is_drawn_by_its_full_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = {**epipe(maxBatchSize=-1), "metadata": {"name": "fx-signal", "namespace": "desk-8"}}
    path = written(tmp_path, epipe(), imodel(), other)

    assert output_of(capsys, "-f", path, "--name", "desk-7/fx-signal")[0] == 0
    assert output_of(capsys, "-f", path, "--name", "desk-8/fx-signal")[0] == 1


def test_a_markdown_file_shows_the_drawing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, drawing = written(tmp_path, epipe(), imodel()), tmp_path / "pipeline.md"
    output_of(capsys, "-f", path, "-o", drawing)

    lines = drawing.read_text().splitlines()
    assert (lines[0], lines[1], lines[-1]) == ("```mermaid", "---", "```")


def test_it_reads_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(write_manifests([epipe(), imodel()])))

    assert output_of(capsys, "-f", "-")[0] == 0
