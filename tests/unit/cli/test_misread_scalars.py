"""Scalars that kubectl reads as something else are refused, beside all other problems of a file."""

from pathlib import Path

import pytest

from inference_operator.cli.documents import documents
from inference_operator.cli.main import main

MANIFEST = """\
apiVersion: inference.aipx.io/v1alpha1
kind: InferenceModel
metadata: {name: curve}
spec:
  model:
    source: {uri: "pvc://models/curve.onnx"}
    format: onnx
    maxBatchSize: 8
    inputs:
    - {name: x, dataType: FP32, shape: [4]}
    outputs:
    - {name: y, dataType: FP32, shape: [4]}
  triton:
    configOverrides: 'OVERRIDES'
"""
MISREAD = (
    'line 12: found y without quotes, expected quotes, since kubectl reads it as true: write "y" if'
)
CONTRADICTION = "max_batch_size: found 4, expected 8"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "curve.yaml"
    path.write_text(MANIFEST.replace("OVERRIDES", "max_batch_size: 4"))
    return path


@pytest.mark.parametrize("command", ["plan", "render"])
def test_all_problems_of_a_file_are_reported_at_once(
    file: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "-f", str(file)]) == 2
    out, err = capsys.readouterr()
    assert MISREAD in err
    assert CONTRADICTION in err
    assert out == ""


def test_the_plan_of_what_the_file_looks_like_is_shown_and_nothing_is_rendered(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(MANIFEST.replace("OVERRIDES", ""))
    assert main(["plan", "-f", str(file)]) == 2
    out, err = capsys.readouterr()
    assert "Create" in out or "create" in out
    assert MISREAD in err
    assert main(["render", "-f", str(file)]) == 2
    assert capsys.readouterr().out == ""


def test_graph_draws_nothing(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", "-f", str(file)]) == 2
    out, err = capsys.readouterr()
    assert (out, MISREAD in err) == ("", True)


def test_the_text_is_kept_and_sentences_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "many.yaml"
    path.write_text("kind: Z\nmetadata: {name: Y}\nvalues: [" + "y, " * 100 + "1]\n")
    (document,) = documents([str(path)])
    assert document.body["metadata"] == {"name": "Y"}
    assert document.body["values"] == ["y"] * 100 + [1]
    assert len(document.misread) == 20


def test_a_number_that_nobody_can_print_is_misread(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_text(f"kind: Z\nspec: {'9' * 5000}\n")
    (document,) = documents([str(path)])
    assert "line 2: found 999999" in document.misread[0]
    assert len(document.misread[0]) < 500
    assert document.body["spec"] == "9" * 5000
