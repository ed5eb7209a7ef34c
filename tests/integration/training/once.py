"""Trainings by their real commands, which run again only when their inputs change."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.made_once import ROOT, made_once


@dataclass(frozen=True)
class TrainedOnce:
    """A folder that a training command left, to be changed at will, and what the command said."""

    folder: Path
    output: str


def trained_once(module: str, words: tuple[str, ...], folder: Path) -> TrainedOnce:
    """Copy to `folder` what `training.MODULE train WORDS` leaves, on one thread.

    The training itself is deterministic: tests of `test_killed` compare weights bit by bit.
    """
    made = made_once(module, lambda part: _train(module, words, part), *words)
    shutil.copytree(made / "folder", folder)
    return TrainedOnce(folder, (made / "output.txt").read_text())


def _train(module: str, words: tuple[str, ...], partial: Path) -> None:
    partial.mkdir()
    command = [sys.executable, "-m", f"training.{module}", "train", *words]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, "--output", partial / "folder"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    (partial / "output.txt").write_text(done.stdout)
