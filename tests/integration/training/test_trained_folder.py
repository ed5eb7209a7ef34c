"""The real command on real prices: what it leaves, and that killing it changes nothing."""

import hashlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tests.integration.training.once import trained_once
from training.trained import read_trained

ROOT = Path(__file__).parents[3]
FEW = ("--profile", "demo", "--stride", "20", "--epochs", "2", "--batch", "16")
FEWER = ("--profile", "demo", "--stride", "40", "--epochs", "1", "--batch", "16")
JUDGED = ("--folds", "1", "--fold-epochs", "1", "--explained", "2")


def command(folder: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "training.lstm", "train", *words, "--output", str(folder)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "lstm"
    return trained_once("lstm", (*FEW, *JUDGED), folder).folder


def test_the_folder_has_the_model_and_all_that_is_said_of_it(trained: Path) -> None:
    assert sorted(file.name for file in trained.iterdir()) == [
        "checkpoint",
        "model.onnx",
        "model.onnx.sha256",
        "model.pt",
        "model.pt.sha256",
        "plots",
        "report.json",
        "report.md",
        "sample.json",
        "weights.pt",
    ]
    assert sorted(file.stem for file in (trained / "plots").iterdir()) == [
        "attributions",
        "calibration",
        "loss",
        "predictions",
        "residuals",
    ]
    digest = hashlib.sha256((trained / "model.pt").read_bytes()).hexdigest()
    assert (trained / "model.pt.sha256").read_text().split() == [digest, "model.pt"]


def test_what_registers_models_can_read_it(trained: Path) -> None:
    model = read_trained(trained)
    assert [tensor.name for tensor in model.signature.outputs] == ["OUTPUT__0", "OUTPUT__1"]
    assert model.sample["ohlcv"].shape == (1, 60, 5)


def test_the_report_judges_the_model_beside_others(trained: Path) -> None:
    report = json.loads((trained / "report.json").read_text())
    assert {"model", "tomorrowIsToday", "movingAverage5"} <= report["test"]["errors"].keys()
    assert report["test"]["direction"]["model"]["cases"] > 50
    assert report["data"]["sha256"].startswith("5abadf99")
    assert report["epochs"][0]["train"] > 0
    assert max(report["export"].values()) < 1e-4


def test_the_verdict_does_not_claim_what_two_epochs_cannot_learn(trained: Path) -> None:
    report = json.loads((trained / "report.json").read_text())
    lower, _ = report["test"]["gainOverNaive"]["interval95"]
    assert report["verdict"].startswith("better than naive") == (lower > 0)
    assert (trained / "report.md").read_text().splitlines()[2] == report["verdict"]


def test_folds_end_before_the_held_out_period(trained: Path) -> None:
    report = json.loads((trained / "report.json").read_text())
    (fold,) = report["walkForward"]["folds"]
    assert fold["trainedUntil"] < fold["first"] < fold["last"] < report["split"]["test"]["first"]


def test_a_killed_command_resumes_to_the_same_model(tmp_path: Path) -> None:
    folder = tmp_path / "torn"
    words = command(folder, *FEWER, *JUDGED, "--checkpoint-seconds", "0")
    with subprocess.Popen(words, cwd=ROOT) as process:
        deadline = time.monotonic() + 120
        while not (folder / "checkpoint").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not (folder / "weights.pt").exists()

    again = subprocess.run([*words, "--resume"], cwd=ROOT, capture_output=True, text=True)

    assert again.returncode == 0, again.stderr
    assert again.stdout.startswith("resumed: ")
    whole = trained_once("lstm", (*FEWER, *JUDGED), tmp_path / "whole").folder
    expected, resumed = (
        torch.load(where / "weights.pt", weights_only=True) for where in (whole, folder)
    )
    assert {name for name in expected if not torch.equal(expected[name], resumed[name])} == set()


def test_a_damaged_checkpoint_is_refused_by_the_command(trained: Path, tmp_path: Path) -> None:
    content = bytearray((trained / "checkpoint").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "checkpoint").write_bytes(content)

    process = subprocess.run(
        command(tmp_path, *FEW, "--resume"), cwd=ROOT, capture_output=True, text=True
    )

    assert process.returncode == 2
    assert "the file is damaged; delete it, or train without --resume" in process.stderr
    assert "Traceback" not in process.stderr
