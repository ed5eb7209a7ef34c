"""What is asked of a training: which model, how, where it goes, and whether to go on."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from training.loop import Checkpoint
from training.profiles import Plan

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Order:
    """`name` is the registered model's; `resume` goes on where a training in `folder` stopped."""

    name: str
    plan: Plan
    folder: Path
    resume: bool = False

    def checkpoint(self) -> Checkpoint:
        """Of this order's folder; without `resume` what was there is forgotten."""
        stored = Checkpoint(self.folder / "checkpoint")
        if not self.resume:
            stored.path.unlink(missing_ok=True)
        return stored
