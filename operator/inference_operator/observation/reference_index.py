"""Who refers to whom, and what of a resource those who refer to it look at."""

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inference_operator.domain.names import UnitKey
from inference_operator.domain.observed import Reference
from inference_operator.observation.kinds import ENSEMBLE_PIPELINE, INFERENCE_MODEL, UNIT_BY_KIND

Body = Mapping[str, Any]

MOST_LOOKED_AT = 2048
"""References that are followed from one unit: a hundred pipelines of twenty steps."""


def references_in(spec: object) -> frozenset[Reference]:
    """What the `modelRef`s of a spec name; what is no reference is passed over."""
    steps = spec.get("steps") if isinstance(spec, Mapping) else None
    found = map(_reference, steps) if isinstance(steps, list) else ()
    return frozenset(reference for reference in found if reference is not None)


def _reference(step: object) -> Reference | None:
    named = step.get("modelRef") if isinstance(step, Mapping) else None
    if not isinstance(named, Mapping):
        return None
    kind, name = named.get("kind", INFERENCE_MODEL.kind), named.get("name")
    if not (isinstance(kind, str) and kind in UNIT_BY_KIND and isinstance(name, str)):
        return None
    return Reference(kind, name)


@dataclass(frozen=True, slots=True)
class DependencyView:
    """All that others look at of a unit: they read nothing else, and are woken when it changes.

    Its counts and times, which change all the while, are no part of it.
    """

    uid: str
    deleting: bool
    references: frozenset[Reference]
    revision: str | None
    """Its stable one."""

    uri: str | None
    sha256: str | None
    """Of the artifact that its clients are answered from, as it was fetched."""

    ready: bool
    reason: str
    """Of its Ready condition."""


def dependency_view(body: Body | None) -> DependencyView | None:
    """What the body of a unit shows to others; None where there is none."""
    if body is None:
        return None
    meta, status = body["metadata"], _mapping(body.get("status"))
    model, ready = _mapping(status.get("model")), _ready(status)
    return DependencyView(
        uid=meta.get("uid", ""),
        deleting="deletionTimestamp" in meta,
        references=references_in(body.get("spec")),
        revision=_text(_mapping(status.get("stable")).get("revision")),
        uri=_text(model.get("uri")),
        sha256=_text(model.get("sha256")),
        ready=ready.get("status") == "True",
        reason=_text(ready.get("reason")) or "",
    )


def _ready(status: Body) -> Body:
    conditions = status.get("conditions")
    found = map(_mapping, conditions if isinstance(conditions, list) else ())
    return next((condition for condition in found if condition.get("type") == "Ready"), {})


def _mapping(found: object) -> Body:
    # Anybody who may edit the status may have left anything there.
    return found if isinstance(found, Mapping) else {}


def _text(found: object) -> str | None:
    return found if isinstance(found, str) else None


class ReferenceIndex:
    """An index: which pipelines name a unit, whether that exists or not."""

    def __init__(self) -> None:
        self._named: dict[UnitKey, frozenset[UnitKey]] = {}
        self._referrers: dict[UnitKey, set[UnitKey]] = defaultdict(set)

    def keep(self, unit: UnitKey, spec: object) -> None:
        """Take note of what a unit's spec names, if it is a pipeline's."""
        self.forget(unit)
        if unit.kind != ENSEMBLE_PIPELINE.kind:
            return
        named = references_in(spec)
        self._named[unit] = frozenset(UnitKey(r.kind, unit.namespace, r.name) for r in named)
        for other in self._named[unit]:
            self._referrers[other].add(unit)

    def forget(self, unit: UnitKey) -> None:
        """The unit names nothing any more."""
        for other in self._named.pop(unit, ()):
            self._referrers[other].discard(unit)
            if not self._referrers[other]:
                del self._referrers[other]

    def of(self, unit: UnitKey) -> list[UnitKey]:
        """The pipelines that name it, itself left out."""
        return sorted(self._referrers.get(unit, set()) - {unit})

    def dependants_transitive(self, unit: UnitKey) -> list[UnitKey]:
        """The nearest pipelines from which references lead to it, be it over others, and all that
        are in a ring with it; itself left out.

        Of very many that lead here only those in a ring have anything to look at.
        """
        found = self._back(unit, MOST_LOOKED_AT)
        ahead, _ = self._ahead(unit)
        found |= self._back(unit, MOST_LOOKED_AT, ahead)
        return sorted(found - {unit})

    def paths_back(self, unit: UnitKey) -> dict[UnitKey, tuple[UnitKey, ...]] | None:
        """Of each resource that the unit names and that leads back to it: the shortest chain of
        references, both included. None where too many pipelines would have to be looked at.

        At most `MOST_LOOKED_AT` references are followed, once for all that the unit names.
        """
        ahead, is_whole = self._ahead(unit)
        # Of each: the next one on its way to the unit.
        following: dict[UnitKey, UnitKey] = {}
        waiting = deque([unit])
        while waiting:
            at = waiting.popleft()
            for other in sorted(self._referrers.get(at, set()) & ahead):
                if other not in following:
                    following[other] = at
                    waiting.append(other)
        ways = {}
        for named in self._named.get(unit, frozenset()):
            if named == unit or named in following:
                way = [named]
                while way[-1] != unit:
                    way.append(following[way[-1]])
                ways[named] = tuple(way)
        return ways if is_whole else None

    def _ahead(self, unit: UnitKey) -> tuple[set[UnitKey], bool]:
        """The unit and what references of it lead to, and whether that is all of it."""
        met, waiting, followed = {unit}, deque([unit]), 0
        while waiting:
            named = self._named.get(waiting.popleft(), frozenset())
            followed += len(named)
            if followed > MOST_LOOKED_AT:
                return met, False
            new = named - met
            met |= new
            waiting += new
        return met, True

    def _back(self, unit: UnitKey, most: int, among: set[UnitKey] | None = None) -> set[UnitKey]:
        """Those that lead to the unit, the nearest first, until so many references were followed;
        only over `among`, if given."""
        met: set[UnitKey] = set()
        waiting, followed = deque([unit]), 0
        while waiting and followed <= most:
            at = waiting.popleft()
            referrers = self._referrers.get(at, set())
            followed += len(referrers)
            new = (referrers if among is None else referrers & among) - met
            met |= new
            waiting += new
        return met
