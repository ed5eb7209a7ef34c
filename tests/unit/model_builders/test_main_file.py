"""The file of an artifact that is its model, and the message if the artifact lacks it."""

from pathlib import Path

from inference_operator.api.model import ModelFormat
from model_builders.artifact import check_artifact
from model_builders.config import parse_pbtxt
from tests.unit.model_builders.onnx_graphs import BATCHED, graph


def test_a_plan_is_only_looked_at_from_outside(tmp_path: Path) -> None:
    (tmp_path / "model.plan").write_bytes(b"ftrt")
    assert check_artifact(ModelFormat.TENSORRT, tmp_path, parse_pbtxt("")) == []


def test_a_folder_without_the_main_file_lists_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "lstm.onnx").write_bytes(b"x")
    problems = check_artifact(ModelFormat.ONNX, tmp_path, parse_pbtxt(""))
    assert [str(problem) for problem in problems] == [
        "model.onnx: found no such file (there are: lstm.onnx), expected the model's main file;"
        " rename the file, or set default_model_filename in triton.configOverrides"
    ]


def test_the_main_files_name_is_the_configs(tmp_path: Path) -> None:
    (tmp_path / "lstm.onnx").write_bytes(graph().SerializeToString())
    config = parse_pbtxt('default_model_filename: "lstm.onnx"')
    assert check_artifact(ModelFormat.ONNX, tmp_path, config) == []


def test_a_folder_of_the_main_files_name_is_an_onnx_model_with_weights(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").mkdir()
    (tmp_path / "model.onnx" / "model.onnx").write_bytes(graph().SerializeToString())
    assert check_artifact(ModelFormat.ONNX, tmp_path, parse_pbtxt(BATCHED)) == []
