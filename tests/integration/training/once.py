"""Trainings by their real commands, which run again only when their inputs change."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from hack.cache import cache_root, key_of
from hack.images import store

ROOT = Path(__file__).parents[3]
# All that decides what a training on this machine's Python leaves.
_INPUTS = (ROOT / "training", ROOT / "model_builders", ROOT / "requirements" / "all.txt")
_KEPT = 3


@dataclass(frozen=True)
class TrainedOnce:
    """A folder that a training command left, to be changed at will, and what the command said."""

    folder: Path
    output: str


def trained_once(module: str, words: tuple[str, ...], folder: Path) -> TrainedOnce:
    """Copy to `folder` what `training.MODULE train WORDS` leaves, on one thread.

    The training itself is deterministic: tests of `test_killed` compare weights bit by bit.
    """
    kept = cache_root() / "trained-in-tests"
    key = key_of(*_INPUTS, sys.version, module, *words)
    made = store.published(kept / f"{module}-{key}", lambda part: _train(module, words, part))
    store.keep_newest(kept, f"{module}-", _KEPT)
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
