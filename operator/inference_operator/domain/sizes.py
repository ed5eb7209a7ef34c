"""Numbers of pods."""

from collections.abc import Mapping
from dataclasses import dataclass, field

BUDGET_FROM = 2
"""Pods from which on a PodDisruptionBudget protects them; with one, it would block every drain."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Pods of the stable revision and of a canary beside it."""

    stable: int
    canary: int

    @property
    def total(self) -> int:
        return self.stable + self.canary

    @property
    def share(self) -> float:
        """The canary's part of all pods, from 0 to 1."""
        return self.canary / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class Sizes:
    """The numbers of pods that a unit's revisions shall have."""

    unit: int = 0
    """What one revision needs to serve all clients."""

    of: Mapping[str, int] = field(default_factory=dict)
    """Pods of each live revision."""

    baseline: int = 0
    """Pods of the stable revision that a canary is compared with, beside those in `of`."""

    least: int | None = None
    """What it needs to be Ready, with autoscaling: the minimum. None: all of `unit`."""
