"""Resources that `graph` refuses since they cannot be served, and input that it cannot use."""

from pathlib import Path
from typing import Any

import pytest

from inference_operator.cli.main import main
from tests.fakes.bodies import epipe, imodel, step
from tests.unit.cli.graph_command import MODEL, output_of, written


def test_what_the_operator_would_refuse_is_1_said_and_red(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = {**MODEL, "inputs": [{"name": "x", "dataType": "INT64", "shape": [4]}]}
    path = written(tmp_path, epipe(maxBatchSize=8), imodel(model=wrong))
    status, out, err = output_of(capsys, "-f", path)

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
    status, _, err = output_of(capsys, "-f", path, "--name", "mine")
    main(["plan", "-f", str(path)])

    assert status == 1
    assert err.startswith("EnsemblePipeline/desk-7/mine: spec.")
    assert err == capsys.readouterr().err


def test_a_spec_that_cannot_be_read_is_1_and_nothing_is_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = output_of(capsys, "-f", written(tmp_path, epipe(maxBatchSize=-1)))

    assert (status, out) == (1, "")
    assert err.startswith("EnsemblePipeline/desk-7/fx-signal: spec.maxBatchSize: found -1")


def test_a_bad_model_of_the_same_file_is_1_and_its_problems_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inner = step("inner", modelRef={"name": "fx-signal", "kind": "EnsemblePipeline"})
    bad = imodel(model={**MODEL, "format": "pytorch"})
    unrelated = imodel("unrelated", model={**MODEL, "format": "pytorch"})
    path = written(tmp_path, epipe("outer", steps=[inner]), epipe(), bad, unrelated)
    status, out, err = output_of(capsys, "-f", path, "--name", "outer")

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
    status, out, err = output_of(capsys, "-f", path, "--name", "one")

    assert status == 1
    assert "flowchart LR" in out
    first, second = err.splitlines()
    assert first.startswith("EnsemblePipeline/desk-7/one: spec.steps[s].modelRef: Ensem")
    assert second.startswith("EnsemblePipeline/desk-7/two: spec.steps[s].modelRef: Ensem")


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
        "x.png: found the ending .png, expected one of .svg, .dot, .gv, .mmd, .mermaid, .md; rename"
        " it, or choose the format with --format\n",
    ),
    "nowhere to write": ([epipe(), imodel()], ("-o", "/nowhere/x.dot"), "/nowhere/x.dot: cannot"),
}


@pytest.mark.parametrize(("bodies", "words", "sentence"), UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_input_is_2_and_says_why(
    bodies: list[dict[str, Any]],
    words: tuple[str, ...],
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, out, err = output_of(capsys, "-f", written(tmp_path, *bodies), *words)

    assert (status, out) == (2, "")
    assert err.startswith("inference-operator: ")
    assert sentence in err


def test_an_unknown_format_is_refused_by_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        output_of(capsys, "-f", written(tmp_path, epipe()), "--format", "png")
    assert "invalid choice: 'png' (choose from 'mermaid', 'dot', 'svg')" in capsys.readouterr().err
