"""A training killed by SIGKILL in mid-epoch ends with the very weights of one that was not."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[3]
# 6 batches and 2 of validation an epoch: the 11th loss is the 3rd batch of the 2nd epoch.
MID_EPOCH = 11
NEVER = 0


def train(folder: Path, dies_at: int, seconds: float) -> subprocess.CompletedProcess[str]:
    folder.mkdir(exist_ok=True)
    module = "tests.integration.training.killed"
    command = [sys.executable, "-m", module, str(folder), str(dies_at), str(seconds)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    tensors: dict[str, torch.Tensor] = torch.load(folder / "weights.pt", weights_only=True)
    return tensors


@pytest.mark.parametrize(
    ("seconds", "resumed"),
    [
        (0.0, "1 epochs and 2 steps"),
        # It differs in how often it saves, and takes more than three minutes beside other tests.
        pytest.param(3600.0, "1 epochs and 0 steps", marks=pytest.mark.long),
    ],
    ids=["saved after every step", "saved after every epoch"],
)
def test_a_killed_training_ends_with_the_same_weights(
    tmp_path: Path, seconds: float, resumed: str
) -> None:
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    assert train(whole, NEVER, seconds).returncode == 0
    assert train(torn, MID_EPOCH, seconds).returncode == -signal.SIGKILL
    assert not (torn / "weights.pt").exists()

    again = train(torn, NEVER, seconds)

    assert again.stdout.startswith(f"resumed: {resumed} are done\n"), again.stderr
    expected, actual = weights(whole), weights(torn)
    assert {name for name in expected if not torch.equal(expected[name], actual[name])} == set()
    assert expected.keys() == actual.keys()
