"""Reverse index of `modelRef`s, and the fields of a resource that its dependants read."""

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass

from inference_operator.domain.body import Body
from inference_operator.domain.names import UnitKey
from inference_operator.domain.references import Reference
from inference_operator.observation.kinds import ENSEMBLE_PIPELINE, INFERENCE_MODEL, UNIT_BY_KIND

MOST_LOOKED_AT = 2048
"""References that are followed from one unit: a hundred pipelines of twenty steps."""


def references_in(spec: object) -> frozenset[Reference]:
    """Return the resources that a spec's `modelRef`s name; skip invalid ones."""
    steps = spec.get("steps") if isinstance(spec, Mapping) else None
    references = map(_reference, steps) if isinstance(steps, list) else ()
    return frozenset(reference for reference in references if reference is not None)


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
    """The fields of a unit that its dependants read: a change of them wakes the dependants.

    Counts and times, which change often, are not among them.
    """

    uid: str
    deleting: bool
    references: frozenset[Reference]
    revision: str | None
    """The stable revision."""

    uri: str | None
    sha256: str | None
    """Digest of the fetched artifact that serves clients."""

    ready: bool
    reason: str
    """The reason of the Ready condition."""


def dependency_view(body: Body | None) -> DependencyView | None:
    """Return a unit's dependency view; None where it does not exist."""
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
    items = map(_mapping, conditions if isinstance(conditions, list) else ())
    return next((condition for condition in items if condition.get("type") == "Ready"), {})


def _mapping(value: object) -> Body:
    # The value is untrusted: clients may have edited the status.
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


class ReferenceIndex:
    """Index of the pipelines that name a unit, whether the unit exists or not."""

    def __init__(self) -> None:
        self._named: dict[UnitKey, frozenset[UnitKey]] = {}
        self._dependants: dict[UnitKey, set[UnitKey]] = defaultdict(set)

    def update(self, unit: UnitKey, spec: object) -> None:
        """Store the references of a pipeline's spec; ignore other units."""
        self.forget(unit)
        if unit.kind != ENSEMBLE_PIPELINE.kind:
            return
        named = references_in(spec)
        self._named[unit] = frozenset(UnitKey(r.kind, unit.namespace, r.name) for r in named)
        for other in self._named[unit]:
            self._dependants[other].add(unit)

    def forget(self, unit: UnitKey) -> None:
        """Remove the references of a unit."""
        for other in self._named.pop(unit, ()):
            self._dependants[other].discard(unit)
            if not self._dependants[other]:
                del self._dependants[other]

    def of(self, unit: UnitKey) -> list[UnitKey]:
        """Return the pipelines that name the unit, without the unit itself."""
        return sorted(self._dependants.get(unit, set()) - {unit})

    def dependants_transitive(self, unit: UnitKey) -> list[UnitKey]:
        """Return the nearest direct and indirect dependants, and all that are in a cycle with the
        unit; the unit itself is left out.

        If there are too many dependants, return only those in a cycle, because only they need a
        check.
        """
        dependants = self._back(unit, MOST_LOOKED_AT)
        ahead, _ = self._ahead(unit)
        dependants |= self._back(unit, MOST_LOOKED_AT, ahead)
        return sorted(dependants - {unit})

    def paths_back(self, unit: UnitKey) -> dict[UnitKey, tuple[UnitKey, ...]] | None:
        """Return the shortest chain of references back to the unit, for each resource that it names
        and that leads back; both ends are included. None where that takes too many references.

        At most `MOST_LOOKED_AT` references are followed, once for all named resources.
        """
        ahead, is_whole = self._ahead(unit)
        # Each unit -> the next one on its path to `unit`.
        following: dict[UnitKey, UnitKey] = {}
        waiting = deque([unit])
        while waiting:
            at = waiting.popleft()
            for other in sorted(self._dependants.get(at, set()) & ahead):
                if other not in following:
                    following[other] = at
                    waiting.append(other)
        paths = {}
        for named in self._named.get(unit, frozenset()):
            if named == unit or named in following:
                path = [named]
                while path[-1] != unit:
                    path.append(following[path[-1]])
                paths[named] = tuple(path)
        return paths if is_whole else None

    def _ahead(self, unit: UnitKey) -> tuple[set[UnitKey], bool]:
        """Return the unit and all that its references lead to, and whether the set is complete."""
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
        """Return the units that lead to the unit, the nearest first, until more than `most`
        references were followed; only through `among`, if given."""
        met: set[UnitKey] = set()
        waiting, followed = deque([unit]), 0
        while waiting and followed <= most:
            at = waiting.popleft()
            dependants = self._dependants.get(at, set())
            followed += len(dependants)
            new = (dependants if among is None else dependants & among) - met
            met |= new
            waiting += new
        return met
