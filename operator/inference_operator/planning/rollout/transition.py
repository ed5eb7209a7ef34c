"""What the state machine of a rollout reads, and what it returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from inference_operator.domain.rollout_state import Decision, RolloutState
from inference_operator.domain.serving_unit import RolloutSettings
from inference_operator.domain.tracks import Tracks
from inference_operator.domain.traffic import Traffic


@dataclass(frozen=True, slots=True)
class RolloutFacts:
    """The facts that the state machine decides from."""

    target: str | None
    """The revision of the present spec; None while the spec names none that can be served."""

    replicas: int
    answering: Mapping[str, int]
    """Pods in which the model answers, by revision."""

    settings: RolloutSettings
    now: datetime
    traffic: Traffic
    is_reported: bool = True
    """Whether a status was ever written; without one, the Service told what is stable."""

    artifact: str = ""
    """Description of the target's artifact: the registry's version, or a pipeline's steps."""

    revision_cause: str = ""
    """Why an unchanged spec gets a new revision."""

    def ready_of(self, revision: str | None) -> int:
        return self.answering.get(revision or "", 0)

    def answers(self, revision: str | None) -> bool:
        """Return whether the revision's model answers on all replicas, of which there are some."""
        return 0 < self.replicas <= self.ready_of(revision)

    def name_of(self, revision: str) -> str:
        """Return a revision's name for decisions; the artifact is that of the target."""
        is_described = self.artifact and revision == self.target
        return f"{revision} of {self.artifact}" if is_described else revision


@dataclass(frozen=True, slots=True)
class Transition:
    """The new state, the decisions, and when to check again."""

    state: RolloutState = field(default_factory=RolloutState)
    decisions: tuple[Decision, ...] = ()
    tracks: Tracks = field(default_factory=Tracks)
    """The revisions with pods, and where clients shall be led."""

    blocked_reason: str = ""
    """Why the rollout does not proceed by itself; empty while it does."""

    paused: bool = False
    wake_after: timedelta | None = None

    @property
    def moves_clients(self) -> bool:
        """Return whether clients shall move to a revision that is not promoted yet."""
        return self.tracks.selected not in (None, self.state.serving)
