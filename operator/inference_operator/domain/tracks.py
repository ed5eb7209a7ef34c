"""The revisions of a unit that have pods: their roles, and the shares that they shall have."""

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
    def of(cls, state: RolloutState, selected: str | None) -> "Tracks":
        """Return the tracks of a state in which one revision gets all requests.

        >>> [str(track.role) for track in Tracks.of(RolloutState("a", "b"), "a").items]
        ['Stable', 'Canary']
        """
        roles = {state.previous: Role.PREVIOUS}
        roles |= {state.canary: Role.CANARY}
        roles |= {state.stable: Role.STABLE}
        return cls(
            tuple(
                Track(revision, roles[revision], 100 if revision == selected else 0)
                for revision in state.live
            )
        )

    @property
    def selected(self) -> str | None:
        """The revision that the Service shall select; None if no revision shall serve."""
        return next((track.revision for track in self.items if track.weight), None)

    @property
    def revisions(self) -> tuple[str, ...]:
        return tuple(track.revision for track in self.items)

    def role_of(self, revision: str | None) -> Role | None:
        """Return the revision's role; None if it has no pods."""
        return next((track.role for track in self.items if track.revision == revision), None)
