"""The state of a rollout, and the decisions that change it."""

from dataclasses import dataclass

from inference_operator.api.conditions import Time
from inference_operator.api.reasons import Reason


@dataclass(frozen=True, slots=True)
class RolloutState:
    """Where the rollout stands; read back from the status, all else is observed."""

    stable: str | None = None
    candidate: str | None = None
    since: Time | None = None
    """Of the candidate's last progress."""

    progress: int = 0
    """The candidate's ready pods then."""

    previous: str | None = None
    promoted_at: Time | None = None

    @property
    def live(self) -> tuple[str, ...]:
        """Revisions that have pods, the one that serves first."""
        revisions = (self.stable, self.candidate, self.previous)
        return tuple(dict.fromkeys(r for r in revisions if r))

    @property
    def serving(self) -> str | None:
        """The revision that clients are sent to: before the first promotion, the candidate."""
        return self.stable or self.candidate


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision: the reason, and the sentence with its numbers."""

    reason: Reason
    message: str
    source: str | None = None
    target: str | None = None
