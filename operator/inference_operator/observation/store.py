"""What the watches said last, by kind and by unit; written only from events and answers."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from inference_operator.domain.names import UnitKey, unit_of
from inference_operator.domain.observed import RejectedRecord, RevisionRecord
from inference_operator.domain.unreadable import stub, why_unreadable
from inference_operator.observation.kinds import CHILD_BY_KIND, NODE, UNIT_BY_KIND, UNITS
from inference_operator.observation.ownership import owners
from inference_operator.observation.projection import is_uninformative, project
from inference_operator.observation.reference_index import ReferenceIndex, dependency_view

Name = tuple[str, str]
"""Namespace (empty for cluster-wide kinds) and name."""

Body = dict[str, Any]

REMEMBERED_DELETIONS = 4096
# What a pipeline reads of another unit.
_LOOKED_AT = frozenset({*UNIT_BY_KIND, "ControllerRevision"})


class Cache:
    """The last known state of every watched object."""

    def __init__(
        self,
        wake: Callable[[UnitKey], None] = lambda unit: None,
        report: Callable[[str, Mapping[str, Any]], None] = lambda kind, stub: None,
    ) -> None:
        """`wake` is told of units that look at another one's state, when that has changed: be it
        by an event or by an answer to our own write, whose echo says nothing new. `report` is told
        of each version of an object that cannot be used: a stub (`decoding`)."""
        self._wake = wake
        self._report = report
        self._referrers = ReferenceIndex()
        self._objects: dict[str, dict[Name, Body]] = defaultdict(dict)
        self._children: dict[UnitKey, set[tuple[str, Name]]] = defaultdict(set)
        # Uid -> version at which it was deleted.
        self._tombstones: dict[str, int] = {}
        self._unreadable: dict[UnitKey, int] = {}
        self.records: dict[
            Name, tuple[Mapping[str, Any], UnitKey, RevisionRecord | RejectedRecord]
        ] = {}
        """ControllerRevisions as they were read, for `adapters.records`."""

        self.refused: set[str] = set()
        """Kinds that the API server does not let us list now."""

        self.needs_owner_check: set[UnitKey] = set()
        """Units that lost a child, or whose child lost its owner; maybe since they have gone
        themselves, of which another watch tells later."""

    def put(self, kind: str, body: Mapping[str, Any]) -> bool:
        """Remember an object; False when that says nothing new: what we keep of it is known.

        Answers to our own writes may overtake the watch: a version older than the known one must
        not win, be it of a predecessor of the same name. The API server's versions are ordered
        numbers (KEP-5504).

        An object that cannot be used leaves what is known of it: its pods serve on.
        """
        if why_unreadable(body):
            return self._set_aside(kind, body)
        try:
            return self._put(kind, body)
        except Exception as error:
            return self._set_aside(kind, stub(body, f"found what ends in {type(error).__name__}"))

    def _put(self, kind: str, body: Mapping[str, Any]) -> bool:
        name = name_of(body)
        if _version(body) <= self._tombstones.get(body["metadata"].get("uid", ""), -1):
            return False
        known = self._objects[kind].get(name)
        if known is not None and _version(body) <= _version(known):
            return False
        if kind in UNIT_BY_KIND and _version(body) < self._unreadable.get(UnitKey(kind, *name), -1):
            return False
        new, unit, is_back = project(kind, body), self.unit_of(kind, body), False
        self._forget_child(kind, name)
        self._objects[kind][name] = new
        if unit is not None and kind in CHILD_BY_KIND:
            self._children[unit].add((kind, name))
            if known is not None and owners(known) and not owners(new):
                # Orphaned: by a person, or as `kubectl delete --cascade=orphan` asks for.
                self._mark_for_owner_check(unit)
        elif unit is not None:
            is_back = self._unreadable.pop(unit, None) is not None
            self._referrers.keep(unit, body.get("spec"))
        self._tell(kind, known, new)
        if known is None:
            return not is_uninformative(new)
        return is_back or _but_version(known) != _but_version(new)

    def _set_aside(self, kind: str, body: Mapping[str, Any]) -> bool:
        """Report an object that cannot be used. Of a record nothing is left: it is then one that
        is not accepted. A unit gets no pass until it can be read again."""
        name, version = name_of(body), _version(body)
        known = self._objects[kind].get(name)
        is_old = known is not None and version < _version(known)
        if is_old or version <= self._tombstones.get(body["metadata"].get("uid", ""), -1):
            return False
        self._report(kind, body)
        if kind in UNIT_BY_KIND:
            if known is not None and not _same(known, body):
                self.drop(kind, known)
            self._unreadable[UnitKey(kind, *name)] = version
            # It may have a turn, which others wait for.
            self._wake(UnitKey(kind, *name))
        return kind == "ControllerRevision" and self._put(kind, {**body, "kind": kind})

    def skip(self, kind: str, body: Mapping[str, Any]) -> None:
        """Report an object whose identity cannot be read either."""
        self._report(kind, stub(body, "found no name, expected an object"))

    def is_unreadable(self, unit: UnitKey) -> bool:
        """Whether the unit's last version cannot be used; what `get` returns is an older one."""
        return unit in self._unreadable

    def record_deletion(
        self, kind: str, body: Mapping[str, Any], version: int | None = None
    ) -> None:
        """Forget an object that was deleted at its version, or at `version`: the answer to our last
        write may come after its end.

        What is newer counts again: an object that lost the labels of a watch is told as deleted,
        and may get them back.
        """
        self.drop(kind, body)
        unit = self.unit_of(kind, body)
        if unit is not None and kind in CHILD_BY_KIND:
            self._mark_for_owner_check(unit)
        uid = body["metadata"]["uid"]
        self._tombstones.pop(uid, None)
        self._tombstones[uid] = _version(body) if version is None else version
        if len(self._tombstones) > REMEMBERED_DELETIONS:
            del self._tombstones[next(iter(self._tombstones))]

    def _mark_for_owner_check(self, unit: UnitKey) -> None:
        # Labels may name any number of units that do not exist.
        if self.is_known(unit) or len(self.needs_owner_check) < REMEMBERED_DELETIONS:
            self.needs_owner_check.add(unit)

    def is_known(self, unit: UnitKey) -> bool:
        """Whether the custom resource is there, as far as it was told."""
        return (unit.namespace, unit.name) in self._objects[unit.kind] or unit in self._unreadable

    def drop(self, kind: str, body: Mapping[str, Any]) -> None:
        """Forget a deleted object, unless another of that name has come since."""
        name = name_of(body)
        known = self._objects[kind].get(name)
        if kind in UNIT_BY_KIND and (known is None or _same(known, body)):
            self._unreadable.pop(UnitKey(kind, *name), None)
        if known is None or not _same(known, body):
            return
        self._forget_child(kind, name)
        del self._objects[kind][name]
        if kind in UNIT_BY_KIND:
            self._referrers.forget(UnitKey(kind, *name))
        self._tell(kind, known, None)

    def get(self, kind: str, name: Name) -> Body | None:
        return self._objects[kind].get(name)

    def children(self, unit: UnitKey) -> Iterable[tuple[str, Body]]:
        """Kind and body of every labelled child of the unit."""
        for kind, name in sorted(self._children.get(unit, ())):
            yield kind, self._objects[kind][name]

    def units(self) -> list[UnitKey]:
        """Every custom resource there is."""
        return [UnitKey(unit.kind, *name) for unit in UNITS for name in self._objects[unit.kind]]

    def referrers(self, unit: UnitKey) -> list[UnitKey]:
        """The pipelines that name the unit in a step, whether it exists or not."""
        return self._referrers.of(unit)

    def paths_back(self, unit: UnitKey) -> dict[UnitKey, tuple[UnitKey, ...]] | None:
        """The chain of references by which each resource that the unit names leads back to it;
        None where that would take too long to find out (`Referrers`)."""
        return self._referrers.paths_back(unit)

    def rolling(self) -> list[UnitKey]:
        """Those that have pods of two revisions, one of them made anew of an unchanged spec."""
        return [unit for unit, children in self._children.items() if self._is_rolling(children)]

    def _is_rolling(self, children: set[tuple[str, Name]]) -> bool:
        live = [name for kind, name in children if kind == "Deployment"]
        records = self._objects["ControllerRevision"]
        kept = (records.get(name, {}).get("data") for name in live)
        return len(live) > 1 and any(isinstance(data, dict) and "madeOf" in data for data in kept)

    def units_named(self, body: Mapping[str, Any]) -> list[UnitKey]:
        """The units that have the name of an object: one of each kind at most."""
        name = name_of(body)
        return [UnitKey(unit.kind, *name) for unit in UNITS if name in self._objects[unit.kind]]

    def nodes(self) -> list[Body] | None:
        """None while the API server does not let us list them: those known before may be gone."""
        if NODE.kind in self.refused:
            return None
        return list(self._objects[NODE.kind].values())

    def versions(self, kind: str) -> dict[Name, int]:
        """Name and version of every known object of a kind."""
        return {name: _version(body) for name, body in self._objects[kind].items()}

    def names(self, kind: str) -> dict[Name, str]:
        """Name and uid of every known object of a kind."""
        return {name: body["metadata"]["uid"] for name, body in self._objects[kind].items()}

    @staticmethod
    def unit_of(kind: str, body: Mapping[str, Any]) -> UnitKey | None:
        """The unit that an object is, or belongs to: by its owner, or for pods by its labels.

        Labels alone would lose a child that somebody labels anew.
        """
        meta = body["metadata"]
        namespace = meta.get("namespace", "")
        if kind in UNIT_BY_KIND:
            return UnitKey(kind, namespace, meta["name"])
        if found := owners(body):
            return UnitKey(found[0]["kind"], namespace, found[0]["name"])
        return unit_of(meta.get("labels") or {}, namespace)

    def _tell(self, kind: str, before: Body | None, after: Body | None) -> None:
        """Wake those who look at what became of a unit, or of its records."""
        body = after or before
        if body is None or kind not in _LOOKED_AT:
            return
        unit = self.unit_of(kind, body)
        if unit is None:
            return
        concerned = self._referrers.of(unit)
        if kind in UNIT_BY_KIND:
            was, now = dependency_view(before), dependency_view(after)
            if was == now:
                return
            if (was.references if was else set()) != (now.references if now else set()):
                # There may be a ring now, or one less, for those that lead here.
                concerned = self._referrers.dependants_transitive(unit)
            if was is None or now is None or was.uid != now.uid:
                # A name that was taken may be free now, or the other way round.
                concerned += [other for other in self.units_named(body) if other.kind != kind]
        for other in concerned:
            self._wake(other)

    def _forget_child(self, kind: str, name: Name) -> None:
        if kind == "ControllerRevision":
            self.records.pop(name, None)
        known = self._objects[kind].get(name)
        unit = self.unit_of(kind, known) if known is not None else None
        if unit is None or unit not in self._children:
            return
        self._children[unit].discard((kind, name))
        if not self._children[unit]:
            del self._children[unit]


def name_of(body: Mapping[str, Any]) -> Name:
    meta = body["metadata"]
    return meta.get("namespace", ""), meta["name"]


def _version(body: Mapping[str, Any]) -> int:
    return int(body["metadata"].get("resourceVersion") or 0)


def _but_version(body: Body) -> Body:
    return {**body, "metadata": {**body["metadata"], "resourceVersion": ""}}


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return bool(one["metadata"].get("uid") == other["metadata"].get("uid"))
