"""Index of the units with a gateway: their hostnames, and the names of their Services."""

import itertools
from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from inference_operator.domain.body import Body, NamespacedName
from inference_operator.domain.gateway import section_of
from inference_operator.domain.names import (
    Backend,
    UnitKey,
    track_service_name,
    units_with_track_service,
)
from inference_operator.observation.kinds import UNITS

# More than a spec may have: one of an earlier CRD is cut off.
_MOST_PARENTS, _MOST_HOSTNAMES = 8, 32
# Elders that are looked at for one hostname: units on other listeners may have it too.
_MOST_ELDERS = 8
_RANKS = {unit.kind: rank for rank, unit in enumerate(UNITS)}


Age = tuple[str, int, str, str]
"""Time of creation, and what decides between equal ones: the smallest is the eldest."""


@dataclass(frozen=True, slots=True)
class Parent:
    """A Gateway of a unit; a section or a port of None stands for all."""

    namespace: str
    name: str
    section: str | None
    port: int | None

    def meets(self, other: "Parent") -> bool:
        """Return whether both may be the same listener."""
        is_same = (self.namespace, self.name) == (other.namespace, other.name)
        sections, ports = (self.section, other.section), (self.port, other.port)
        return is_same and all(None in pair or pair[0] == pair[1] for pair in (sections, ports))


@dataclass(frozen=True, slots=True)
class Claim:
    """The hostnames that a unit asks for, and its age: the smallest is the eldest."""

    hostnames: frozenset[str]
    parents: tuple[Parent, ...]
    age: Age

    def precedes(self, other: "Claim") -> bool:
        """Return whether it is the elder of two for the same listener."""
        is_elder = self.age < other.age
        return is_elder and any(a.meets(b) for a in self.parents for b in other.parents)


class GatewayIndex:
    """The claims of all units with a gateway; others cost nothing.

    Units compete for a hostname within their namespace only. Between namespaces the Gateway
    decides, which knows whose routes it allows: a claim of our own would let any namespace take
    the hostnames of others.
    """

    def __init__(self) -> None:
        self._claims: dict[UnitKey, Claim] = {}
        # By namespace and hostname, the eldest first.
        self._by_hostname: dict[tuple[str, str], list[tuple[Age, UnitKey]]] = defaultdict(list)

    def update(self, unit: UnitKey, body: Body | None) -> set[UnitKey]:
        """Set the claim of a unit; None forgets it. Return the units whose routes or names may
        change by it; some of them may not exist."""
        before, after = self._claims.pop(unit, None), _claim_of(unit, body)
        if after is not None:
            self._claims[unit] = after
        if before == after:
            return set()
        names = _hostnames(before) | _hostnames(after)
        space = unit.namespace
        rivals = {other for name in names for _, other in self._by_hostname.get((space, name), ())}
        for name in _hostnames(before):
            claims = [item for item in self._by_hostname.pop((space, name)) if item[1] != unit]
            if claims:
                self._by_hostname[space, name] = claims
        if after is not None:
            for name in after.hostnames:
                insort(self._by_hostname[space, name], (after.age, unit))
        if before is None or after is None:
            rivals |= {
                UnitKey(kind, unit.namespace, track_service_name(unit.name, backend))
                for kind in _RANKS
                for backend in Backend
            }
        return rivals - {unit}

    def units(self) -> Iterable[UnitKey]:
        """Return the units with a gateway."""
        return tuple(self._claims)

    def has(self, unit: UnitKey) -> bool:
        """Return whether the unit has a gateway, and is not being deleted."""
        return unit in self._claims

    def with_track_service(self, service: NamespacedName) -> list[UnitKey]:
        """Return the units whose routes lead to a Service of that name."""
        namespace, name = service
        keys = (
            UnitKey(kind, namespace, unit)
            for unit in units_with_track_service(name)
            for kind in _RANKS
        )
        return [key for key in keys if key in self._claims]

    def rivals(self, unit: UnitKey) -> dict[str, UnitKey]:
        """Return the hostnames of the unit that an older unit has on the same listener, each with
        the eldest such unit."""
        own = self._claims.get(unit)
        if own is None:
            return {}
        eldest = ((name, self._eldest(unit.namespace, name, own)) for name in own.hostnames)
        return {name: other for name, other in eldest if other is not None}

    def _eldest(self, namespace: str, hostname: str, own: Claim) -> UnitKey | None:
        """Return the eldest unit with the hostname on a listener of `own`; None if that is its own
        or none of the first few."""
        elders = itertools.islice(self._by_hostname[namespace, hostname], _MOST_ELDERS)
        return next((other for _, other in elders if self._claims[other].precedes(own)), None)


def _hostnames(claim: Claim | None) -> frozenset[str]:
    return claim.hostnames if claim is not None else frozenset()


def _claim_of(unit: UnitKey, body: Body | None) -> Claim | None:
    section = section_of(body.get("spec")) if body is not None else None
    if body is None or section is None or "deletionTimestamp" in body["metadata"]:
        return None
    # A unit that is not stored yet, as in `inference-operator plan`, comes last.
    born = str(body["metadata"].get("creationTimestamp") or "9999")
    hostnames = [
        name
        for protocol in ("http", "grpc")
        for name in _items(_map(section.get(protocol)).get("hostnames"))
        if isinstance(name, str)
    ]
    parents = [_parent(ref, unit.namespace) for ref in _items(section.get("parentRefs"))]
    return Claim(
        frozenset(hostnames[:_MOST_HOSTNAMES]),
        tuple(parents[:_MOST_PARENTS]),
        (born, _RANKS[unit.kind], unit.namespace, unit.name),
    )


def _parent(ref: object, namespace: str) -> Parent:
    given = _map(ref)
    section, port = given.get("sectionName"), given.get("port")
    return Parent(
        str(given.get("namespace") or namespace),
        str(given.get("name", "")),
        str(section) if section is not None else None,
        port if isinstance(port, int) else None,
    )


def _map(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _items(value: object) -> list[object] | tuple[object, ...]:
    return value if isinstance(value, list | tuple) else ()
