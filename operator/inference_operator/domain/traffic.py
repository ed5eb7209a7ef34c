"""Where the live objects of a unit lead its clients."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Traffic:
    """The observed shares of a unit's revisions in its requests."""

    weights: Mapping[str, int] = field(default_factory=dict)
    """Each revision that clients reach, with its share in percent; empty without a Service."""

    effective: bool = True
    """Whether the gateway has taken over the weights as they are written now. A Service takes them
    over at once."""

    trouble: str = ""
    """Why the gateway does not accept the routes, in its own words; empty if it does."""

    @classmethod
    def to(cls, revision: str | None) -> "Traffic":
        """Return the traffic of a Service that selects one revision, or none."""
        return cls({revision: 100} if revision else {})

    def leads_to(self, revision: str | None) -> int:
        """Return the revision's share in percent.

        >>> Traffic.to("a").leads_to("a"), Traffic.to("a").leads_to("b"), Traffic().leads_to(None)
        (100, 0, 0)
        """
        return self.weights.get(revision or "", 0)

    @property
    def selected(self) -> str | None:
        """The revision with the largest share; None if clients are led nowhere."""
        return max(self.weights, key=self.weights.__getitem__, default=None)
