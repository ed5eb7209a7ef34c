"""The plan: everything that one pass would do about one unit, as a value that can be printed."""

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
from inference_operator.validation.accelerator import Choice
from inference_operator.validation.model import Invalid
from inference_operator.validation.references import Finding


@dataclass(frozen=True, slots=True)
class Create:
    """Write an immutable child that is not there."""

    manifest: Mapping[str, Any]
    why: str = "missing"

    @property
    def key(self) -> ChildKey:
        return key_of(self.manifest)


@dataclass(frozen=True, slots=True)
class Apply:
    """Apply a mutable child that is missing, or differs from what is wanted."""

    manifest: Mapping[str, Any]
    owned: bool
    """Whether the live child is ours already: only then its drift may be taken back by force."""

    why: str = "missing"

    @property
    def key(self) -> ChildKey:
        return key_of(self.manifest)


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete a child that is no longer wanted."""

    key: ChildKey
    uid: str
    why: str


Action = Create | Apply | Delete


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, in stages that follow each other, and what was decided on the way."""

    key: UnitKey
    stages: tuple[tuple[Action, ...], ...]
    position: RolloutState
    decisions: tuple[Decision, ...] = ()
    unit: ServingUnit | None = None
    """What is wanted; None when the spec is invalid and the last good state is only kept up."""

    invalid: Invalid | None = None
    outside: tuple[Problem, ...] = ()
    """What the allow-lists have against a revision that runs, and runs on."""

    unresolved: Unresolved | None = None
    """Why the registry gave no version; with a `unit`, the version that it gave last stands."""

    contradictions: tuple[Problem, ...] = ()
    references: tuple[Finding, ...] = ()
    """What became of a pipeline's `modelRef`s."""

    accelerator: Choice | None = None
    records: Mapping[str, RevisionRecord] = field(default_factory=dict)
    replicas: int = 0
    stuck: str = ""
    behind: str = ""
    """Why the unit does not get the operator's new defaults yet."""

    wants_slot: bool = False
    """Whether only others keep it from getting them."""

    paused: bool = False
    taken: Mapping[ChildKey, str] = field(default_factory=dict)
    """Children that cannot be made since others have their names, each with a sentence."""

    rejected: str = ""
    """Why nothing of the wanted revision is written, where its record is not accepted."""

    wake_after: timedelta | None = None

    @property
    def is_settled(self) -> bool:
        """Whether nothing of a rollout is left to be done."""
        return self.position.candidate is None and self.position.previous is None

    @property
    def has_no_service(self) -> bool:
        """Whether somebody else has the name of its Service."""
        return any(key.kind == "Service" for key in self.taken)

    @property
    def blocked(self) -> tuple[str, ...]:
        """What is said of names that others have."""
        return tuple(self.taken.values())

    @property
    def actions(self) -> tuple[Action, ...]:
        return tuple(action for stage in self.stages for action in stage)


def key_of(manifest: Mapping[str, Any]) -> ChildKey:
    """Kind and name of a manifest."""
    return ChildKey(manifest["kind"], manifest["metadata"]["name"])
