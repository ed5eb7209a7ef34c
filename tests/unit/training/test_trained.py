"""A folder is refused, by the name of what is wrong with it, before anything is registered."""

from pathlib import Path

import pytest

from tests.trained_folders import (
    change_sample,
    onnx_folder,
    rename_tensor,
    torchscript_folder,
)
from training.served_file import Format, check_answer
from training.trained import TrainedFolderError, read_trained

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning")


def torchscript(tmp_path: Path) -> Path:
    return torchscript_folder(tmp_path / "trained")


def test_tensors_are_read_with_their_shapes_without_the_batch(tmp_path: Path) -> None:
    trained = read_trained(torchscript(tmp_path))
    assert [(t.name, t.shape) for t in trained.signature.inputs] == [("ohlcv", (60, 5))]
    assert [(t.name, t.shape) for t in trained.signature.outputs] == [
        ("OUTPUT__0", (1,)),
        ("OUTPUT__1", (2,)),
    ]
    assert trained.sample["ohlcv"].shape == (1, 60, 5)


@pytest.mark.parametrize("served", list(Format))
def test_a_file_that_answers_as_declared_is_admitted(tmp_path: Path, served: Format) -> None:
    made = torchscript_folder if served is Format.TORCHSCRIPT else onnx_folder
    check_answer(read_trained(made(tmp_path / "trained")), served)


@pytest.mark.parametrize("name", ["sample.json", "report.json"])
def test_names_the_file_that_is_missing(tmp_path: Path, name: str) -> None:
    folder = torchscript(tmp_path)
    (folder / name).unlink()
    with pytest.raises(TrainedFolderError, match=f"{name}: No such file.*train the model first"):
        read_trained(folder)


@pytest.mark.parametrize("text", ['{"input":', "[]"])
def test_names_the_file_that_is_no_object(tmp_path: Path, text: str) -> None:
    folder = torchscript(tmp_path)
    (folder / "report.json").write_text(text)
    with pytest.raises(TrainedFolderError, match=r"report.json: found .*, expected an object"):
        read_trained(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"samples": []}, "IndexError"),
        ({"inputs": [{"name": "ohlcv"}]}, "KeyError: 'dataType'"),
        ({"inputs": [{"name": "x", "dataType": "BF16", "shape": [1]}]}, "dataType 'BF16', not one"),
        ({"outputs": [{"name": "mood", "dataType": "FP32", "shape": [1]}]}, "KeyError: 'mood'"),
        ({"outputs": [{"name": "y", "dataType": "FP32", "shape": "[1]"}]}, "ValueError"),
    ],
)
def test_says_what_is_wrong_with_the_samples(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    folder = torchscript(tmp_path)
    change_sample(folder, **changes)
    with pytest.raises(TrainedFolderError, match=rf"sample.json: found .*{message}"):
        read_trained(folder)


def refused(folder: Path, served: Format = Format.TORCHSCRIPT) -> str:
    with pytest.raises(TrainedFolderError) as caught:
        check_answer(read_trained(folder), served)
    return str(caught.value)


def test_a_missing_model_is_named_with_what_is_there(tmp_path: Path) -> None:
    assert "expected model.onnx; train or export" in refused(torchscript(tmp_path), Format.ONNX)


def test_a_corrupted_torchscript_file_is_named(tmp_path: Path) -> None:
    folder = torchscript(tmp_path)
    content = (folder / "model.pt").read_bytes()
    (folder / "model.pt").write_bytes(content[: len(content) // 2])
    assert "model.pt: RuntimeError: " in refused(folder)


def test_a_corrupted_onnx_file_is_named(tmp_path: Path) -> None:
    folder = onnx_folder(tmp_path / "trained")
    (folder / "model.onnx").write_bytes(b"\x00\xff")
    assert "model.onnx: InvalidProtobuf: " in refused(folder, Format.ONNX)


def test_an_input_that_the_model_does_not_take_is_named(tmp_path: Path) -> None:
    folder = torchscript(tmp_path)
    rename_tensor(folder, "ohlcv", "bars")
    assert "found inputs bars, expected ohlcv, as in the model's file" in refused(folder)


def test_an_output_that_the_graph_does_not_have_is_named(tmp_path: Path) -> None:
    folder = onnx_folder(tmp_path / "trained")
    rename_tensor(folder, "score", "mood")
    assert "found outputs mood, expected score" in refused(folder, Format.ONNX)


def test_an_output_that_is_not_declared_is_counted(tmp_path: Path) -> None:
    folder = torchscript(tmp_path)
    change_sample(folder, outputs=[{"name": "OUTPUT__0", "dataType": "FP32", "shape": [1]}])
    assert "found 1 outputs, expected 2, as many as model.pt returns" in refused(folder)


def test_another_type_than_the_declared_one_is_named(tmp_path: Path) -> None:
    folder = onnx_folder(tmp_path / "trained")
    change_sample(folder, outputs=[{"name": "score", "dataType": "INT64", "shape": [1]}])
    assert "score: found float32 [1, 1], expected int64 [1, 1]" in refused(folder, Format.ONNX)


def test_another_answer_than_the_sample_s_is_told_with_its_distance(tmp_path: Path) -> None:
    folder, other = torchscript(tmp_path), torchscript_folder(tmp_path / "other", factor=2.5)
    (other / "model.pt").replace(folder / "model.pt")
    assert "OUTPUT__0: found an answer that is off by " in refused(folder)
