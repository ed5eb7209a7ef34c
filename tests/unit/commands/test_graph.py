"""`graph`: a pipeline drawn from files, without a cluster."""

import io
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from inference_operator.cli import main
from tests.fakes.bodies import epipe, imodel, step
from tests.fakes.world import World

TENSORS = {
    "inputs": [{"name": "x", "dataType": "FP32", "shape": [4]}],
    "outputs": [{"name": "y", "dataType": "FP32", "shape": [1]}],
}
MODEL = {
    "source": {"uri": "https://store.example/fx/7/model.onnx"},
    "format": "onnx",
    "maxBatchSize": 8,
    **TENSORS,
}


def said(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    status = main(["graph", *(str(word) for word in words)])
    out, err = capsys.readouterr()
    return status, out, err


def written(folder: Path, *bodies: dict[str, Any], name: str = "pipeline.yaml") -> Path:
    path = folder / name
    path.write_text(yaml.safe_dump_all(bodies))
    return path


def test_models_of_the_same_file_give_shapes_and_versions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, epipe(maxBatchSize=8), imodel(model=MODEL))
    status, out, err = said(capsys, "-f", path)

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
    world = World()
    world.user_applies(model=MODEL)
    await world.settle()
    items = [body for _, body in world.cluster.snapshot()]
    live = written(tmp_path, {"apiVersion": "v1", "kind": "List", "items": items}, name="live")
    status, out, err = said(capsys, "-f", written(tmp_path, epipe(maxBatchSize=8)), "--live", live)

    assert (status, err) == (0, "")
    assert "fx-drift:1" in out


def test_a_model_that_is_nowhere_is_drawn_without_its_shapes_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = [
        step("drift", "lost-model", outputMap={"y": "between"}),
        step("again", "lost-model", inputMap={"x": "between"}),
    ]
    status, out, err = said(capsys, "-f", written(tmp_path, epipe(steps=steps)))

    assert status == 0
    assert '-->|"between of unknown shape"| step2_again' in out
    assert "lost-model: not known" in out
    assert err.startswith("EnsemblePipeline/desk-7/fx-signal: not all shapes are known: drift: ")


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
    status, out, err = said(capsys, "-f", path)

    assert (status, err) == (0, "")
    assert '"<b>average</b><br>built-in weightedAverage"' in out
    assert '"<b>drift</b><br>drift:1"' in out


def test_what_the_operator_would_refuse_is_1_said_and_red(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = {**MODEL, "inputs": [{"name": "x", "dataType": "INT64", "shape": [4]}]}
    path = written(tmp_path, epipe(maxBatchSize=8), imodel(model=wrong))
    status, out, err = said(capsys, "-f", path)

    assert status == 1
    assert err.startswith(
        'EnsemblePipeline/desk-7/fx-signal: spec.steps[drift].inputMap[x]: found tensor "x" of FP32'
    )
    assert "  linkStyle 0 stroke:#d1242f" in out


INNER = step("inner", modelRef={"name": "fx-signal", "kind": "EnsemblePipeline"})
NAMESAKE = step(
    "namesake", modelRef=None, model={**MODEL, "name": "fx-drift"}, outputMap={"y": "z"}
)
TWO_OUTPUTS = [{"name": name, "dataType": "FP32", "shape": [1]} for name in "yz"]
REFUSED = {
    "a GPU that the pod lacks": (
        epipe("mine", accelerator={"count": 1}),
        imodel(
            accelerator={"count": 4},
            triton={"instanceGroups": [{"kind": "GPU", "gpus": [3]}]},
        ),
    ),
    "overrides that are no config": (
        epipe("mine", triton={"configOverrides": "nonsense {"}),
        imodel(),
    ),
    "an argument that is the operator's own": (
        epipe("mine", triton={"extraArgs": ["--model-repository=/x"]}),
        imodel(),
    ),
    "two models of one name": (
        epipe("mine", steps=[INNER, NAMESAKE], outputs=TWO_OUTPUTS),
        epipe(),
        imodel(),
    ),
}


@pytest.mark.parametrize("bodies", REFUSED.values(), ids=REFUSED)
def test_it_refuses_what_plan_refuses_in_the_same_words(
    bodies: tuple[dict[str, Any], ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, *bodies)
    status, _, err = said(capsys, "-f", path, "--name", "mine")
    main(["plan", "-f", str(path)])

    assert status == 1
    assert err.startswith("EnsemblePipeline/desk-7/mine: spec.")
    assert err == capsys.readouterr().err


def test_a_spec_that_cannot_be_read_is_1_and_nothing_is_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = said(capsys, "-f", written(tmp_path, epipe(maxBatchSize=-1)))

    assert (status, out) == (1, "")
    assert err.startswith("EnsemblePipeline/desk-7/fx-signal: spec.maxBatchSize: found -1")


def test_a_file_that_ends_in_svg_becomes_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, drawing = written(tmp_path, epipe(), imodel()), tmp_path / "pipeline.svg"
    status, out, _ = said(capsys, "-f", path, "-o", drawing)

    assert (status, out) == (0, "")
    assert ElementTree.parse(drawing).getroot().tag == "{http://www.w3.org/2000/svg}svg"


def test_the_format_that_is_asked_for_comes_before_the_files_ending(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, drawing = written(tmp_path, epipe(), imodel()), tmp_path / "pipeline.svg"
    said(capsys, "-f", path, "-o", drawing, "--format", "mermaid")

    assert "flowchart LR" in drawing.read_text()


def test_svg_goes_to_stdout_as_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = said(capsys, "-f", written(tmp_path, epipe(), imodel()), "--format", "svg")

    assert out.startswith("<svg ")


def test_one_of_several_pipelines_is_drawn_by_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, epipe("first"), epipe("second"), imodel())
    status, out, _ = said(capsys, "-f", path, "--name", "second")

    assert status == 0
    assert 'title: "second"' in out


def test_one_of_several_namespaces_is_drawn_by_its_full_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = {**epipe(maxBatchSize=-1), "metadata": {"name": "fx-signal", "namespace": "desk-8"}}
    path = written(tmp_path, epipe(), imodel(), other)

    assert said(capsys, "-f", path, "--name", "desk-7/fx-signal")[0] == 0
    assert said(capsys, "-f", path, "--name", "desk-8/fx-signal")[0] == 1


def test_a_markdown_file_shows_the_drawing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, drawing = written(tmp_path, epipe(), imodel()), tmp_path / "pipeline.md"
    said(capsys, "-f", path, "-o", drawing)

    lines = drawing.read_text().splitlines()
    assert (lines[0], lines[1], lines[-1]) == ("```mermaid", "---", "```")


def test_a_bad_model_of_the_same_file_is_1_and_its_problems_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inner = step("inner", modelRef={"name": "fx-signal", "kind": "EnsemblePipeline"})
    bad = imodel(model={**MODEL, "format": "pytorch"})
    unrelated = imodel("unrelated", model={**MODEL, "format": "pytorch"})
    path = written(tmp_path, epipe("outer", steps=[inner]), epipe(), bad, unrelated)
    status, out, err = said(capsys, "-f", path, "--name", "outer")

    assert status == 1
    assert "flowchart LR" in out
    assert 'InferenceModel/desk-7/fx-drift: spec.model.format: found "pytorch"' in err
    assert "unrelated" not in err


def test_pipelines_that_lead_to_each_other_are_1_and_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def circle(name: str, other: str) -> dict[str, Any]:
        ref = {"name": other, "kind": "EnsemblePipeline"}
        return epipe(name, steps=[step("s", modelRef=ref)])

    path = written(tmp_path, circle("one", "two"), circle("two", "one"))
    status, out, err = said(capsys, "-f", path, "--name", "one")

    assert status == 1
    assert "flowchart LR" in out
    first, second = err.splitlines()
    assert first.startswith("EnsemblePipeline/desk-7/one: s: EnsemblePipeline two leads back to ")
    assert second.startswith("EnsemblePipeline/desk-7/two: s: EnsemblePipeline one leads back to ")


def test_it_reads_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(yaml.safe_dump_all([epipe(), imodel()])))

    assert said(capsys, "-f", "-")[0] == 0


UNUSABLE = {
    "no pipeline": ([imodel()], (), "found no EnsemblePipeline, expected one EnsemblePipeline\n"),
    "several pipelines": (
        [epipe("first"), epipe("second")],
        (),
        "found first, second, expected one EnsemblePipeline; choose it with --name\n",
    ),
    "none of that name": (
        [epipe("first")],
        ("--name", "third"),
        "found first, expected one EnsemblePipeline called third\n",
    ),
    "one name in two namespaces": (
        [epipe(), {**epipe(), "metadata": {"name": "fx-signal", "namespace": "desk-8"}}],
        ("--name", "fx-signal"),
        "found desk-7/fx-signal, desk-8/fx-signal, expected one EnsemblePipeline called fx-signal;"
        " choose it with --name\n",
    ),
    "another kind": (
        [{"apiVersion": "v1", "kind": "Pod"}],
        (),
        "found Pod, expected an InferenceModel or an ",
    ),
    "an ending that no drawing has": (
        [epipe(), imodel()],
        ("-o", "x.png"),
        "x.png: found the ending .png, expected one of .svg, .mmd, .mermaid, .md; rename it, or say"
        " with --format what to write\n",
    ),
    "nowhere to write": ([epipe(), imodel()], ("-o", "/nowhere/x.svg"), "/nowhere/x.svg: cannot"),
}


@pytest.mark.parametrize(("bodies", "words", "sentence"), UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_input_is_2_and_says_why(
    bodies: list[dict[str, Any]],
    words: tuple[str, ...],
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, out, err = said(capsys, "-f", written(tmp_path, *bodies), *words)

    assert (status, out) == (2, "")
    assert err.startswith("inference-operator: ")
    assert sentence in err


def test_an_unknown_format_is_refused_by_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        said(capsys, "-f", written(tmp_path, epipe()), "--format", "png")
    assert "invalid choice: 'png' (choose from 'mermaid', 'svg')" in capsys.readouterr().err
