"""The state of a rollout, and the decisions that change it."""

from dataclasses import dataclass

from inference_operator.api.analysis_status import AnalysisStatus
from inference_operator.api.conditions import Time
from inference_operator.api.decision_status import DecisionKind, DecisionStatus
from inference_operator.api.reasons import Reason
from inference_operator.api.rollout_status import AbortStatus
from inference_operator.api.status import UnitStatus
from inference_operator.domain.artifact import Artifact

BASELINE_REASONS = (Reason.BASELINE_STARTED, Reason.BASELINE_LATE, Reason.BASELINE_ENDED)


@dataclass(frozen=True, slots=True)
class BaselineState:
    """State of the pods that a canary is compared with."""

    revision: str
    """The stable revision, which they serve."""

    since: Time | None = None
    """Since when none of them answers; None while one does."""

    late_at: Time | None = None
    """When `progressDeadline` was over, so that they ended; None while they may still answer."""


@dataclass(frozen=True, slots=True)
class RolloutState:
    """State of the rollout. It is read back from the status; everything else is observed."""

    stable: str | None = None
    canary: str | None = None
    since: Time | None = None
    """Time of the canary's last progress."""

    progress: int = 0
    """The canary's ready pods at that time."""

    previous: str | None = None
    promoted_at: Time | None = None
    step: int = 0
    """The step that the canary is at, the first one being 0; the number of steps after the last."""

    step_hash: str = ""
    """Hash of the steps that `step` counts; empty without steps."""

    step_since: Time | None = None
    """Time when that step began."""

    aborted: AbortStatus | None = None
    """The rollout that was aborted last, while the spec still wants its revision."""

    handled: tuple[str, ...] = ()
    """The commands that were acted on, while their annotations are there."""

    analysis: AnalysisStatus | None = None
    """The last verdict on the canary. It stays as it is until a verdict changes, or a decision is
    made, since each change of a number would be a write."""

    cleared: int | None = None
    """The step up to which the canary goes on whether its metrics pass or not: a person said so, or
    `onTimeout`."""

    baseline: BaselineState | None = None
    """The pods that the canary is compared with; None without them."""

    @property
    def live(self) -> tuple[str, ...]:
        """Revisions that have pods, the serving one first."""
        revisions = (self.stable, self.canary, self.previous)
        return tuple(dict.fromkeys(r for r in revisions if r))

    @property
    def serving(self) -> str | None:
        """The revision that answers clients: before the first promotion, the canary."""
        return self.stable or self.canary


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision: its reason, and the sentence with its numbers."""

    reason: Reason
    message: str
    source: str | None = None
    target: str | None = None
    artifact: Artifact | None = None
    """What the target revision serves."""

    @property
    def kind(self) -> DecisionKind:
        return kind_of(self.reason)


_SCALING = frozenset({Reason.SCALED, Reason.SCALED_UP, Reason.SCALED_DOWN, Reason.FALLBACK_REACHED})


def kind_of(reason: str) -> DecisionKind:
    """Return the kind of a decision with this reason."""
    return DecisionKind.SCALING if reason in _SCALING else DecisionKind.ROLLOUT


def kind_of_recorded(decision: DecisionStatus) -> DecisionKind:
    """Return the kind of a decision in a status; earlier operators wrote none."""
    return decision.kind or kind_of(decision.reason)


def last_decision(status: UnitStatus, kind: DecisionKind) -> DecisionStatus | None:
    """Return the last decision of a kind, but not one about records that are not accepted, or about
    a baseline: neither says which revision serves."""
    others = (Reason.RECORD_REJECTED, *BASELINE_REASONS)
    of_kind = (
        decision
        for decision in reversed(status.decisions)
        if kind_of_recorded(decision) == kind and decision.reason not in others
    )
    return next(of_kind, None)
