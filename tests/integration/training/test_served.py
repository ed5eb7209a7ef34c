"""The exported LSTM, laid out by `load` and served by a real Triton, answers as the local model."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from hack.demo import predict
from hack.images.local_triton import LocalTriton
from inference_operator.domain.repository_plan import ArtifactFormat, PlannedModel
from inference_operator.load.loader import Folders, Loader
from inference_operator.load.plan import ModelOrder
from inference_operator.load.transfer.digest import digest_of
from training.confidence import calibrate
from training.data.prices import load_prices, windows
from training.exporting import export
from training.models.lstm import LSTMPredictor
from training.price_task import price_samples
from training.sample_file import about_window

CONFIG = """
name: "lstm"
backend: "pytorch"
max_batch_size: 32
input [{ name: "ohlcv" data_type: TYPE_FP32 dims: [60, 5] }]
output [
  { name: "OUTPUT__0" data_type: TYPE_FP32 dims: [1] },
  { name: "OUTPUT__1" data_type: TYPE_FP32 dims: [2] }
]
dynamic_batching {}
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a volume claim with the export of an untrained model: serving is what counts."""
    torch.manual_seed(11)
    folder = tmp_path_factory.mktemp("claims") / "weights" / "lstm"
    judged = windows(load_prices().bars, stride=50)
    model = LSTMPredictor()
    calibrate(model, price_samples(judged))
    export(model, price_samples(judged), folder, about_window(judged))
    return folder


@pytest.fixture(scope="module")
def triton(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalTriton]:
    output = tmp_path_factory.mktemp("models")
    digest = digest_of(exported / "model.pt")
    uri = "pvc://weights/lstm/model.pt"
    model = PlannedModel("lstm", 3, ArtifactFormat.TORCHSCRIPT, uri, digest)
    Loader(Folders(output, output, exported.parents[1])).load((ModelOrder(model, CONFIG),))
    with LocalTriton(output) as running:
        yield running


def run(monkeypatch: pytest.MonkeyPatch, *words: str | Path) -> int:
    monkeypatch.setattr(sys, "argv", ["predict", *(str(word) for word in words)])
    return predict.main()


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_a_served_prediction_equals_the_local_one(
    triton: LocalTriton,
    exported: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    protocol: str,
) -> None:
    url = triton.grpc if protocol == "grpc" else triton.http
    sample = ("--sample", exported / "sample.json", "--protocol", protocol)
    assert run(monkeypatch, "--url", url, "--model", "lstm", *sample) == 0
    shown = capsys.readouterr().out
    assert f"lstm version 3 at {url} ({protocol})" in shown
    assert "equal to 1e-05" in shown


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_a_model_that_is_not_served_is_an_error_with_triton_s_words(
    triton: LocalTriton,
    exported: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    protocol: str,
) -> None:
    url = triton.grpc if protocol == "grpc" else triton.http
    sample = ("--sample", exported / "sample.json", "--protocol", protocol)
    assert run(monkeypatch, "--url", url, "--model", "other", *sample) == 1
    assert "unknown model: 'other'" in capsys.readouterr().err


def test_other_expectations_are_not_equal(
    triton: LocalTriton,
    exported: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = (exported / "sample.json").read_text()
    (tmp_path / "sample.json").write_text(text.replace('"OUTPUT__0": [', '"OUTPUT__0": [9'))
    words = ("--url", triton.grpc, "--model", "lstm", "--sample", tmp_path / "sample.json")
    assert run(monkeypatch, *words) == 1
    assert "NOT equal" in capsys.readouterr().out
