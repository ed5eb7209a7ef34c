"""Where the live objects of a unit lead its clients."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Split(StrEnum):
    """What divides the requests between two revisions."""

    SELECTOR = "Selector"
    """Nothing: the Service selects the pods of one revision."""

    REPLICAS = "Replicas"
    """The numbers of ready pods: the Service selects those of both revisions."""

    ROUTE = "Route"
    """The weights of the gateway's routes."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """The observed shares of a unit's revisions in its requests."""

    weights: Mapping[str, int] = field(default_factory=dict)
    """Each revision that clients reach, with its share in percent; empty without a Service."""

    split: Split = Split.SELECTOR
    """What divides them."""

    effective: bool = True
    """Whether the gateway has taken over the weights as they are written now. A Service takes them
    over at once."""

    trouble: str = ""
    """Why the gateway does not accept the routes, in its own words; empty if it does."""

    unreported: str = ""
    """What the gateway has not reported yet: the controller and the generation; empty if it has."""

    stable: str | None = None
    """The revision that the objects name as the stable one of two; None if they name none."""

    @classmethod
    def to(cls, revision: str | None) -> "Traffic":
        """Return the traffic of a Service that selects one revision, or none."""
        return cls({revision: 100} if revision else {})

    @classmethod
    def by_pods(cls, ready: Mapping[str, int], stable: str | None = None) -> "Traffic":
        """Return the traffic of a Service that selects the pods of several revisions, and names one
        as stable: each gets its part of the ready pods, rounded, and no less than 1 %.

        >>> Traffic.by_pods({"a": 3, "b": 1, "c": 0}).weights
        {'a': 75, 'b': 25}
        >>> Traffic.by_pods({"a": 999, "b": 1}).weights
        {'a': 99, 'b': 1}
        """
        some = {revision: pods for revision, pods in ready.items() if pods > 0}
        total = sum(some.values())
        shares = {revision: max(round(100 * pods / total), 1) for revision, pods in some.items()}
        if shares:
            largest = max(shares, key=shares.__getitem__)
            shares[largest] += 100 - sum(shares.values())
        return cls(shares, Split.REPLICAS, stable=stable)

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
