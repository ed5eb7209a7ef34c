"""Numbers of pods."""

from collections.abc import Mapping
from dataclasses import dataclass, field

BUDGET_FROM = 2
"""Pods from which on a PodDisruptionBudget protects them; with one, it would block every drain."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """The numbers of pods that a unit's revisions shall have."""

    unit: int = 0
    """What one revision needs to serve all clients."""

    of: Mapping[str, int] = field(default_factory=dict)
    """Pods of each live revision."""
