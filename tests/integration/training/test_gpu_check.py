"""The check of the shipped models on a GPU, on a machine that has none."""

from pathlib import Path

import pytest
import torch

from hack.gpu_check.__main__ import check, gpus
from hack.gpu_check.answers import differences


@pytest.fixture
def nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that lists a GPU which no other program can see."""
    program = tmp_path / "bin" / "nvidia-smi"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'NVIDIA H200, 143771 MiB, 580.159.03'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")


def test_says_that_there_is_no_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpus() == []
    assert check(tmp_path) == 0
    assert "No GPU" in capsys.readouterr().out


@pytest.mark.skipif(torch.cuda.is_available(), reason="this PyTorch sees a GPU")
def test_a_driver_without_a_gpu_for_pytorch_does_not_pass(
    nvidia_smi: None, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert check(tmp_path / "repository") == 2
    output = capfd.readouterr().out
    assert "GPU: NVIDIA H200, 143771 MiB, 580.159.03" in output
    assert "lstm_price_predictor: KIND_GPU" in output
    assert "sentiment_transformer: KIND_GPU" in output
    assert "sees no GPU" in output
    # The real Triton refuses what is rendered for a GPU, for want of one and for no other reason.
    assert output.count("has kind KIND_GPU but no GPUs are available") == 2
    assert "series about GPUs: none" in output


class Shifted(torch.nn.Module):
    """y = x, and NaN from a number of rows on."""

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor]:
        return (x / float(x.shape[0] < 32),) if x.shape[0] > 1 else (x,)


def test_an_answer_that_is_no_number_is_infinitely_far(tmp_path: Path) -> None:
    torch.jit.save(torch.jit.script(Shifted()), tmp_path / "model.pt")
    sample = tmp_path / "sample.json"
    sample.write_text(
        '{"inputs": [{"name": "x", "dataType": "FP32"}], "samples": [{"input": {"x": [0.0]}}]}'
    )
    assert differences(tmp_path / "model.pt", sample, "cpu") == {1: 0.0, 8: 0.0, 32: float("inf")}
