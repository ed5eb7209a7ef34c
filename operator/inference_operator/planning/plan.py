"""The plan: all writes and decisions of one pass over one unit, as a printable value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from inference_operator.api.reasons import FOR_A_PERSON
from inference_operator.domain.analysis import AnalysisResult
from inference_operator.domain.autoscaled import Autoscaled
from inference_operator.domain.names import ChildKey, UnitKey
from inference_operator.domain.observed import RevisionRecord
from inference_operator.domain.rollout_state import Decision
from inference_operator.domain.sizes import Sizes
from inference_operator.planning.transition import Transition
from inference_operator.validation.assess import Assessment


class Cause(StrEnum):
    """Who made the difference that a write removes."""

    DECISION = "Decision"
    """The operator, by a decision of its own, or the user by an edit of the spec."""

    REPAIR = "Repair"
    """Another client, which changed or deleted the child."""


@dataclass(frozen=True, slots=True)
class Create:
    """Creation of an immutable child that is missing."""

    manifest: Mapping[str, Any]
    why: str = "missing"
    cause: Cause = Cause.REPAIR
    after: tuple[ChildKey, ...] = ()
    """Children of the same plan whose writes must succeed before this one is sent."""

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
    cause: Cause = Cause.REPAIR
    after: tuple[ChildKey, ...] = ()

    @property
    def key(self) -> ChildKey:
        return key_of(self.manifest)


@dataclass(frozen=True, slots=True)
class Delete:
    """Deletion of a child that is no longer needed."""

    key: ChildKey
    uid: str
    why: str
    cause: Cause = Cause.DECISION
    after: tuple[ChildKey, ...] = ()


Action = Create | Apply | Delete


@dataclass(frozen=True, slots=True)
class Plan:
    """The writes of one pass and its decisions, and what they follow from."""

    key: UnitKey
    assessment: Assessment = field(default_factory=Assessment)
    """The unit to reach. Without one, the spec is invalid and the last good state is kept."""

    rollout: Transition = field(default_factory=Transition)
    sizes: Sizes = field(default_factory=Sizes)
    target: str | None = None
    """The revision that shall serve: the unit's, or that to which a person went back."""

    records: Mapping[str, RevisionRecord] = field(default_factory=dict)
    actions: tuple[Action, ...] = ()
    """The writes; each comes behind those that it must be sent after."""

    decisions: tuple[Decision, ...] = ()
    blocked_by_conflicts: Mapping[ChildKey, str] = field(default_factory=dict)
    """Children whose names other objects have, each with a sentence about it."""

    rejected: str = ""
    """Why the target revision is not written, if its record is not accepted."""

    autoscaled: Autoscaled | None = None
    """What autoscaling says of it; None without."""

    measured: AnalysisResult | None = None
    """What the metrics said when it was decided; None if the operator does not ask for any."""

    wake_after: timedelta | None = None

    @property
    def is_settled(self) -> bool:
        """Return whether no rollout is under way; with zero replicas, none ever is."""
        state = self.rollout.state
        is_over = state.canary is None and state.previous is None
        return is_over or self.sizes.unit == 0

    @property
    def waits_for_person(self) -> bool:
        """Return whether the rollout stays as it is until a person says otherwise."""
        hold = self.rollout.hold
        return hold is not None and hold.reason in FOR_A_PERSON

    @property
    def has_no_service(self) -> bool:
        """Return whether another object has the name of its Service."""
        return ChildKey("Service", self.key.name) in self.blocked_by_conflicts


def key_of(manifest: Mapping[str, Any]) -> ChildKey:
    """Return the kind and name of a manifest."""
    return ChildKey(manifest["kind"], manifest["metadata"]["name"])
