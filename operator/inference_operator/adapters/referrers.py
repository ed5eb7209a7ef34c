"""Who refers to whom, and what of a resource those who refer to it look at."""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from typing import Any

from inference_operator.adapters.kinds import ENSEMBLE_PIPELINE, INFERENCE_MODEL, UNIT_BY_KIND
from inference_operator.domain.names import UnitKey
from inference_operator.domain.observed import Reference

Body = Mapping[str, Any]


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


def told(body: Body | None) -> object:
    """What others look at of a unit, to compare: that it is there, what it refers to, which
    revision is stable and which model that serves, and whether it is Ready; its counts and times
    change all the while."""
    if body is None:
        return None
    status = body.get("status")
    if not isinstance(status, Mapping):
        status = {}
    stable = status.get("stable")
    revision = stable.get("revision") if isinstance(stable, Mapping) else None
    meta = body["metadata"]
    going = "deletionTimestamp" in meta
    named = references_in(body.get("spec"))
    return meta.get("uid"), going, named, revision, status.get("model"), list(_ready(status))


def _ready(status: Body) -> Iterator[tuple[object, object]]:
    conditions = status.get("conditions")
    for condition in conditions if isinstance(conditions, list) else ():
        if isinstance(condition, Mapping) and condition.get("type") == "Ready":
            yield condition.get("status"), condition.get("reason")


class Referrers:
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

    def reaching(self, unit: UnitKey) -> list[UnitKey]:
        """The pipelines from which references lead to it, be it over others; itself left out."""
        found: set[UnitKey] = set()
        waiting = [unit]
        while waiting:
            new = self._referrers.get(waiting.pop(), set()) - found
            found |= new
            waiting += new
        return sorted(found - {unit})

    def way(self, start: UnitKey, end: UnitKey) -> tuple[UnitKey, ...]:
        """The shortest chain of references between two units, both included; empty without one."""
        met = {start}
        ways: deque[tuple[UnitKey, ...]] = deque([(start,)])
        while ways:
            way = ways.popleft()
            if way[-1] == end:
                return way
            new = sorted(self._named.get(way[-1], frozenset()) - met)
            met.update(new)
            ways += [(*way, other) for other in new]
        return ()
