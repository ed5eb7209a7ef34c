"""Exported files answer as the model does, carry Triton's names, and are refused otherwise."""

import hashlib
import json
from pathlib import Path

import onnxruntime
import pytest
import torch

from tests.unit.training.models.windows import judged, windows
from training import exporting
from training.exporting import (
    Exported,
    ExportError,
    distance,
    export,
    load_weights,
    read_torchscript,
    save_weights,
)
from training.loop.samples import Samples
from training.models.combiner import EnsembleCombiner
from training.models.gru import GRUPredictor
from training.models.lstm import LSTMPredictor
from training.models.probes import probes
from training.onnx_export import OnnxModel

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning")


@pytest.fixture(scope="module")
def model() -> LSTMPredictor:
    torch.manual_seed(5)
    made = LSTMPredictor().eval()
    made.quantile.fill_(2.0)
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exported")


@pytest.fixture(scope="module")
def exported(model: LSTMPredictor, folder: Path) -> Exported:
    return export(model, judged(40), folder, lambda row: {"ticker": f"SHARE{row}"})


def combined(rows: int = 5) -> Samples:
    names = [tensor.name for tensor in EnsembleCombiner.signature().inputs]
    given = probes(EnsembleCombiner(), rows)
    return Samples(dict(zip(names, given, strict=True)), torch.zeros(rows, 1))


@pytest.mark.parametrize("batch", [1, 8, 32])
def test_both_formats_answer_as_the_model_does(
    model: LSTMPredictor, exported: Exported, batch: int
) -> None:
    given = windows(batch, seed=batch)
    with torch.inference_mode():
        expected = model(given)
        for served in (
            read_torchscript(exported.files["torchscript"]),
            OnnxModel(exported.files["onnx"]),
        ):
            for actual, output in zip(served(given), expected, strict=True):
                assert torch.allclose(actual, output, atol=1e-5)


def test_it_says_how_far_each_format_is_off(exported: Exported) -> None:
    assert exported.off["torchscript"] <= 1e-6
    assert 0 < exported.off["onnx"] <= 5e-5


def test_tensors_are_named_as_triton_is_asked(exported: Exported) -> None:
    scripted = torch.jit.load(exported.files["torchscript"])  # type: ignore[no-untyped-call]
    assert [each.name for each in scripted.forward.schema.arguments] == ["self", "ohlcv"]
    session = onnxruntime.InferenceSession(exported.files["onnx"])
    assert [(each.name, each.shape) for each in session.get_inputs()] == [
        ("ohlcv", ["batch", 60, 5])
    ]
    assert [(each.name, each.shape) for each in session.get_outputs()] == [
        ("OUTPUT__0", ["batch", 1]),
        ("OUTPUT__1", ["batch", 2]),
    ]


def test_each_file_comes_with_its_digest(exported: Exported, folder: Path) -> None:
    for path in exported.files.values():
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert (folder / f"{path.name}.sha256").read_text() == f"{digest}  {path.name}\n"
    assert sorted(path.name for path in folder.iterdir()) == [
        "model.onnx",
        "model.onnx.sha256",
        "model.pt",
        "model.pt.sha256",
        "sample.json",
    ]


def test_the_samples_hold_what_the_model_answers(
    model: LSTMPredictor, exported: Exported, folder: Path
) -> None:
    content = json.loads((folder / "sample.json").read_text())
    assert content["inputs"] == [{"name": "ohlcv", "dataType": "FP32", "shape": [60, 5]}]
    assert content["outputs"] == [
        {"name": "OUTPUT__0", "dataType": "FP32", "shape": [1]},
        {"name": "OUTPUT__1", "dataType": "FP32", "shape": [2]},
    ]
    assert [row["ticker"] for row in content["samples"]] == [
        "SHARE0",
        "SHARE13",
        "SHARE26",
        "SHARE39",
    ]
    given = torch.tensor([row["input"]["ohlcv"] for row in content["samples"]])
    assert torch.equal(given, judged(40).inputs["ohlcv"][[0, 13, 26, 39]])
    with torch.inference_mode():
        for name, output in zip(("OUTPUT__0", "OUTPUT__1"), model(given), strict=True):
            written = torch.tensor([row["expected"][name] for row in content["samples"]])
            assert torch.allclose(written, output, atol=1e-6)


def test_a_model_that_was_never_calibrated_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"LSTMPredictor: .*never calibrated.*calibrate"):
        export(LSTMPredictor(), judged(4), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_answers_otherwise_leaves_the_last_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(EnsembleCombiner(), combined(), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    other = torch.jit.script(EnsembleCombiner((0.5, 0.5)))
    monkeypatch.setattr(exporting, "read_torchscript", lambda path: other)
    with pytest.raises(ExportError, match="torchscript, batch 1: the exported model is off by"):
        export(EnsembleCombiner(), combined(), tmp_path)
    for name, content in before.items():
        assert (tmp_path / name).read_bytes() == content


def test_a_number_where_the_model_has_none_is_infinitely_far() -> None:
    nothing, something = torch.tensor([1.0, torch.nan]), torch.tensor([1.0, 2.0])
    assert distance(nothing, nothing) == 0
    assert distance(something, nothing) == distance(nothing, something) == float("inf")
    assert distance(something[:1], something) == float("inf")


def test_distance_is_relative_to_large_answers() -> None:
    assert distance(torch.tensor([101.0]), torch.tensor([100.0])) == pytest.approx(0.01)
    assert distance(torch.tensor([0.2]), torch.tensor([0.1])) == pytest.approx(0.1)


def test_weights_survive_their_file(model: LSTMPredictor, tmp_path: Path) -> None:
    save_weights(model, tmp_path)
    again, given = load_weights(LSTMPredictor(), tmp_path), windows(4)
    with torch.inference_mode():
        for actual, expected in zip(again(given), model(given), strict=True):
            assert torch.equal(actual, expected)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    save_weights(GRUPredictor(), tmp_path)
    with pytest.raises(ExportError, match=r"weights.pt: .*expected the weights of LSTMPredictor"):
        load_weights(LSTMPredictor(), tmp_path)


@pytest.mark.parametrize("damage", [b"", b"no archive", None])
def test_damaged_weights_are_refused(
    model: LSTMPredictor, tmp_path: Path, damage: bytes | None
) -> None:
    save_weights(model, tmp_path)
    path = tmp_path / "weights.pt"
    path.write_bytes(path.read_bytes()[:5000] if damage is None else damage)
    with pytest.raises(ExportError, match=r"weights.pt: .*train it again"):
        load_weights(LSTMPredictor(), tmp_path)
