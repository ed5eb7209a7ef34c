"""The revisions of a unit that have pods: their roles, and the shares that they shall have."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from inference_operator.domain.rollout_state import RolloutState


class Role(StrEnum):
    """What a revision with pods is for."""

    STABLE = "Stable"
    """It has answered, and serves until another one has."""

    CANARY = "Canary"
    """It starts, and takes over once it answers."""

    PREVIOUS = "Previous"
    """Clients have left it; its pods stay for `scaleDownDelay`."""

    ABORTED = "Aborted"
    """It was a canary; its pods stay for `abortScaleDownDelay`."""


@dataclass(frozen=True, slots=True)
class Track:
    """One revision with pods."""

    revision: str
    role: Role
    weight: int
    """The share of the clients' requests that it shall get, in percent."""


@dataclass(frozen=True, slots=True)
class Tracks:
    """All revisions with pods, the serving one first. Their weights add up to 100."""

    items: tuple[Track, ...] = ()

    @classmethod
    def of(
        cls, state: RolloutState, weights: Mapping[str, int], aborted: str | None = None
    ) -> "Tracks":
        """Return the tracks of a state; `aborted` is a former canary that still has pods.

        >>> [str(track.role) for track in Tracks.of(RolloutState("a", "b"), {"a": 100}).items]
        ['Stable', 'Canary']
        """
        roles = {aborted: Role.ABORTED, state.previous: Role.PREVIOUS}
        roles |= {state.canary: Role.CANARY}
        roles |= {state.stable: Role.STABLE}
        live = dict.fromkeys((*state.live, *((aborted,) if aborted else ())))
        return cls(
            tuple(Track(revision, roles[revision], weights.get(revision, 0)) for revision in live)
        )

    @property
    def selected(self) -> str | None:
        """The revision with the largest share, the stable one of two equal ones; None if no
        revision shall serve."""
        weighted = [track for track in self.items if track.weight]
        return max(weighted, key=lambda track: track.weight).revision if weighted else None

    @property
    def is_split(self) -> bool:
        """Whether two revisions shall get requests."""
        return sum(track.weight > 0 for track in self.items) > 1

    def weight_of(self, revision: str | None) -> int:
        """Return the revision's wanted share in percent."""
        return next((track.weight for track in self.items if track.revision == revision), 0)

    @property
    def revisions(self) -> tuple[str, ...]:
        return tuple(track.revision for track in self.items)

    @property
    def stable(self) -> str | None:
        return next((track.revision for track in self.items if track.role is Role.STABLE), None)

    @property
    def canary(self) -> str | None:
        return next((track.revision for track in self.items if track.role is Role.CANARY), None)

    def role_of(self, revision: str | None) -> Role | None:
        """Return the revision's role; None if it has no pods."""
        return next((track.role for track in self.items if track.revision == revision), None)
