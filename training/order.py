"""An order of a training: its model, settings and folder, and whether to resume."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from training.loop import Checkpoint
from training.profiles import Plan

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Order:
    """`name` is the registered model's; `resume` continues a stopped training in `folder`."""

    name: str
    plan: Plan
    folder: Path
    resume: bool = False

    def checkpoint(self) -> Checkpoint:
        """Return the checkpoint of this order's folder; remove an old one without `resume`."""
        stored = Checkpoint(self.folder / "checkpoint")
        if not self.resume:
            stored.path.unlink(missing_ok=True)
        return stored
