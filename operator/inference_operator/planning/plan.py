"""The plan: all writes and decisions of one pass over one unit, as a printable value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from inference_operator.api.problem import Problem
from inference_operator.domain.names import ChildKey, UnitKey
from inference_operator.domain.observed import RevisionRecord
from inference_operator.domain.resolution import Unresolved
from inference_operator.domain.rollout_state import Decision, RolloutState
from inference_operator.domain.serving_unit import ServingUnit
from inference_operator.validation.accelerator import AcceleratorChoice
from inference_operator.validation.invalid import Invalid
from inference_operator.validation.references import ReferenceOutcome


@dataclass(frozen=True, slots=True)
class Create:
    """Creation of an immutable child that is missing."""

    manifest: Mapping[str, Any]
    why: str = "missing"
    is_repair: bool = True

    @property
    def key(self) -> ChildKey:
        return key_of(self.manifest)


@dataclass(frozen=True, slots=True)
class Apply:
    """Apply of a mutable child that is missing, or differs from its manifest."""

    manifest: Mapping[str, Any]
    owned: bool
    """Whether we own the live child: only then may the apply force its fields."""

    why: str = "missing"
    is_repair: bool = True
    """Whether another client caused the difference, unless a decision did."""

    @property
    def key(self) -> ChildKey:
        return key_of(self.manifest)


@dataclass(frozen=True, slots=True)
class Delete:
    """Deletion of a child that is no longer needed."""

    key: ChildKey
    uid: str
    why: str
    is_repair: bool = False


Action = Create | Apply | Delete


@dataclass(frozen=True, slots=True)
class Plan:
    """The writes of one pass, in consecutive stages, and its decisions."""

    key: UnitKey
    stages: tuple[tuple[Action, ...], ...]
    state: RolloutState
    decisions: tuple[Decision, ...] = ()
    traffic: str | None = None
    """The revision that the Service shall select."""

    unit: ServingUnit | None = None
    """The unit to reach; None if the spec is invalid and the last good state is kept."""

    invalid: Invalid | None = None
    outside: tuple[Problem, ...] = ()
    """Values of a running revision that the allow-lists no longer allow."""

    unresolved: Unresolved | None = None
    """Why the registry gave no version. If there is a `unit`, it serves the last known version."""

    contradictions: tuple[Problem, ...] = ()
    references: tuple[ReferenceOutcome, ...] = ()
    """The outcomes of a pipeline's `modelRef`s."""

    accelerator: AcceleratorChoice | None = None
    records: Mapping[str, RevisionRecord] = field(default_factory=dict)
    replicas: int = 0
    blocked_reason: str = ""
    """Why the rollout does not proceed by itself; empty while it does."""

    outdated_default_reason: str = ""
    """Why the unit does not get the operator's new defaults yet."""

    wants_slot: bool = False
    """Whether the unit only waits for other units to finish."""

    paused: bool = False
    blocked_by_conflicts: Mapping[ChildKey, str] = field(default_factory=dict)
    """Children whose names other objects have, each with a sentence about it."""

    rejected: str = ""
    """Why the target revision is not written, if its record is not accepted."""

    wake_after: timedelta | None = None

    @property
    def is_settled(self) -> bool:
        """Return whether no rollout is under way; with zero replicas, none ever is."""
        is_over = self.state.canary is None and self.state.previous is None
        return is_over or self.replicas == 0

    @property
    def moves_clients(self) -> bool:
        """Return whether clients shall move to a revision that is not promoted yet."""
        return self.traffic not in (None, self.state.serving)

    @property
    def has_no_service(self) -> bool:
        """Return whether another object has the name of its Service."""
        return any(key.kind == "Service" for key in self.blocked_by_conflicts)

    @property
    def conflicts(self) -> tuple[str, ...]:
        """Return the messages about names that other objects have."""
        return tuple(self.blocked_by_conflicts.values())

    @property
    def actions(self) -> tuple[Action, ...]:
        return tuple(action for stage in self.stages for action in stage)


def key_of(manifest: Mapping[str, Any]) -> ChildKey:
    """Return the kind and name of a manifest."""
    return ChildKey(manifest["kind"], manifest["metadata"]["name"])
