"""Trains the small task and kills itself in the middle of a chosen step: run by test_killed."""

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from tests.unit.training.loop.tasks import mean_square, small_task
from training.loop import Checkpoint, fit
from training.settings import Settings


def main() -> None:
    folder, dies_at, seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    torch.set_num_threads(1)
    calls = 0

    def deadly(outputs: tuple[Tensor, ...], targets: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        if calls == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return mean_square(outputs, targets)

    settings = Settings(epochs=4, batch=16, checkpoint_seconds=seconds)
    task = replace(small_task(), loss=deadly)
    fitted = fit(task, settings, Checkpoint(folder / "checkpoint"), print)
    torch.save(fitted.model.state_dict(), folder / "weights.pt")


if __name__ == "__main__":
    main()
