"""A transition: the result of one step of a rollout."""

from dataclasses import dataclass, field
from datetime import timedelta

from inference_operator.api.reasons import Reason
from inference_operator.domain.rollout_state import Decision, RolloutState
from inference_operator.domain.tracks import Tracks


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a rollout does not proceed now."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Transition:
    """The new state, the decisions, and when to check again."""

    state: RolloutState = field(default_factory=RolloutState)
    decisions: tuple[Decision, ...] = ()
    tracks: Tracks = field(default_factory=Tracks)
    """The revisions with pods, and where clients shall be led."""

    hold: Hold | None = None
    """Why the rollout does not proceed now; None while its pods start or move clients."""

    wake_after: timedelta | None = None

    @property
    def moves_clients(self) -> bool:
        """Return whether clients shall move to a revision that is not promoted yet."""
        return self.tracks.selected not in (None, self.state.serving)
