"""`init`: a manifest from a model's file, as far as the file says."""

import os
from pathlib import Path
from typing import Any

import onnx
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from inference_operator.api.validate import parse
from inference_operator.cli.artifact_draft import DEFAULT_BATCH
from inference_operator.cli.main import main
from inference_operator.cli.manifest_text import manifest_text
from inference_operator.load.transfer.digest import digest_of
from tests.e2e.artifacts import linear_onnx


def graph(**shapes: list[int | str]) -> bytes:
    """Return an ONNX model that copies the input x to the output y."""
    infos = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in shapes.items()
    ]
    node = helper.make_node("Identity", ["x"], ["y"])
    made = helper.make_graph([node], "copy", infos[:1], infos[1:])
    opsets = [helper.make_opsetid("", 17)]
    return bytes(helper.make_model(made, opset_imports=opsets).SerializeToString())


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    status = main(["init", *map(str, words)])
    out, err = capsys.readouterr()
    return status, out, err


def spec_of(out: str) -> dict[str, Any]:
    body: dict[str, Any] = yaml.safe_load(out)
    return dict(body["spec"])


def test_an_onnx_file_becomes_a_manifest_that_the_operator_accepts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "linear.onnx"
    file.write_bytes(linear_onnx(2.0, 1.0))
    status, out, err = run(capsys, file, "--source", "s3://models/a/model.onnx", "--secret", "s")

    assert (status, err.count("\n")) == (0, 1)
    assert "which is taken for the batch: maxBatchSize 8" in err
    parse(yaml.safe_load(out))
    assert spec_of(out)["model"] == {
        "source": {
            "uri": "s3://models/a/model.onnx",
            "secretRef": {"name": "s"},
            "sha256": digest_of(file),
        },
        "format": "onnx",
        "maxBatchSize": DEFAULT_BATCH,
        "inputs": [{"name": "x", "dataType": "FP32", "shape": [4]}],
        "outputs": [{"name": "y", "dataType": "FP32", "shape": [4]}],
    }


@pytest.mark.parametrize(
    ("shapes", "words", "batch", "written"),
    [
        ({"x": ["N", 4], "y": ["N", 4]}, ("--max-batch-size", "0"), None, {"shape": [-1, 4]}),
        ({"x": ["N", 4], "y": ["N", 4]}, ("--max-batch-size", "64"), 64, {"shape": [4]}),
        ({"x": [1, 4], "y": [1, 4]}, (), None, {"shape": [1, 4]}),
        ({"x": ["N"], "y": ["N"]}, (), 8, {"shape": [1], "reshape": []}),
        ({"x": [], "y": []}, (), None, {"shape": [1], "reshape": []}),
    ],
)
def test_the_batch_is_the_first_dimension_if_all_tensors_have_a_variable_one(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    shapes: dict[str, list[int | str]],
    words: tuple[str, ...],
    batch: int | None,
    written: dict[str, Any],
) -> None:
    file = tmp_path / "copy.onnx"
    file.write_bytes(graph(**shapes))
    status, out, _ = run(capsys, file, *words)
    model = spec_of(out)["model"]

    assert (status, model.get("maxBatchSize")) == (0, batch)
    assert model["inputs"] == [{"name": "x", "dataType": "FP32", **written}]


def test_a_batch_that_the_graph_does_not_have_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "copy.onnx"
    file.write_bytes(graph(x=[1, 4], y=[1, 4]))
    status, out, err = run(capsys, file, "--max-batch-size", "4")

    assert (status, out) == (2, "")
    assert "--max-batch-size: found 4, expected 0" in err


def test_tensors_without_a_rank_are_left_to_triton(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = onnx.load_from_string(graph(x=["N"], y=["N"]))
    model.graph.output[0].type.tensor_type.ClearField("shape")
    (tmp_path / "copy.onnx").write_bytes(model.SerializeToString())
    status, out, err = run(capsys, tmp_path / "copy.onnx")

    assert status == 0
    assert "inputs" not in spec_of(out)["model"]
    assert "Triton reads the graph's" in err


def test_what_a_file_does_not_say_must_be_filled_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "model.py"
    file.write_text("class TritonPythonModel:\n    def execute(self, requests):\n        pass\n")
    status, out, err = run(capsys, file, "--name", "rank")

    assert status == 1
    assert out.count("dataType: FILL_IN") == 2
    assert "replace each FILL_IN" in err
    assert 'spec.model.inputs[0].dataType: found "FILL_IN"' in err


def test_a_tensorrt_plan_gets_a_gpu(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "net.plan").write_bytes(b"\x01plan")
    status, out, err = run(capsys, tmp_path / "net.plan")

    assert status == 0
    assert spec_of(out)["accelerator"] == {"count": 1}
    assert "Triton reads tensors" in err


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("net.onnx", b"<html>", "expected an ONNX model"),
        ("net.bin", b"x", "found the ending .bin, expected"),
        ("none.onnx", None, "found no such file"),
        ("folder", None, "found no such file"),
    ],
)
def test_other_files_are_refused(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    content: bytes | None,
    expected: str,
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    status, out, err = run(capsys, tmp_path / name)

    assert (status, out) == (2, "")
    assert expected in err


def test_what_is_neither_a_file_nor_a_folder_is_not_opened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "model.py")
    status, _, err = run(capsys, tmp_path / "model.py")
    assert status != 0
    assert "found neither a file nor a folder" in err


def test_a_damaged_archive_is_reported_as_the_loader_would(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "net.pt").write_bytes(b"\x80\x02pickle")
    status, _, err = run(capsys, tmp_path / "net.pt")

    assert status == 1
    assert "net.pt" in err


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("Price_LSTM.v2.onnx", "price-lstm-v2"),
        ("forecast/model.onnx", "forecast"),
        ("forecast/1/model.onnx", "forecast"),
    ],
)
def test_the_name_is_that_of_the_file_or_its_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], file: str, name: str
) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(linear_onnx(1.0, 0.0))
    _, out, _ = run(capsys, path)

    assert yaml.safe_load(out)["metadata"] == {"name": name}
    assert spec_of(out)["model"]["source"]["uri"] == f"pvc://models/{name}/model.onnx"


@given(st.text(max_size=40))
def test_every_text_is_read_back(text: str) -> None:
    body = {"inputs": [{"name": text, "shape": [-1, 4]}], "metadata": {"name": text}}

    assert yaml.safe_load(manifest_text(body)) == body


@pytest.mark.parametrize("text", ["y", "N", "on", "null", "1e3", "007", "~", "0x1f", "12345678"])
def test_texts_that_yaml_takes_for_other_types_have_quotes(text: str) -> None:
    assert manifest_text({"sha256": text}) == f'sha256: "{text}"\n'
