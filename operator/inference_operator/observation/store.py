"""Store of the last reported objects, by kind and by unit; written from events and answers."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from inference_operator.domain.body import MutableBody, NamespacedName
from inference_operator.domain.names import UnitKey, headless_name, unit_of
from inference_operator.domain.observed import RejectedRecord, RevisionRecord
from inference_operator.domain.unreadable import stub, why_unreadable
from inference_operator.observation.accelerator_use import AcceleratorUse
from inference_operator.observation.gateway_index import GatewayIndex
from inference_operator.observation.headless import units_with_headless
from inference_operator.observation.identity import (
    is_same,
    name_of,
    version_of,
    without_version,
)
from inference_operator.observation.kinds import CHILD_BY_KIND, NODE, ROUTES, UNIT_BY_KIND, UNITS
from inference_operator.observation.ownership import owners
from inference_operator.observation.projection import is_uninformative, project
from inference_operator.observation.reference_index import ReferenceIndex, dependency_view

REMEMBERED_DELETIONS = 4096
# Kinds that a pipeline reads of another unit.
_LOOKED_AT = frozenset({*UNIT_BY_KIND, "ControllerRevision"})
_ROUTES = frozenset(resource.kind for resource in ROUTES)


class Store:
    """The last known state of every watched object."""

    def __init__(
        self,
        wake: Callable[[UnitKey], None] = lambda unit: None,
        report: Callable[[str, Mapping[str, Any]], None] = lambda kind, stub: None,
    ) -> None:
        """Create an empty store. `wake` gets the dependants of a unit that changed, by an event or
        by the answer to our own write; the write's echo changes nothing. `report` gets a stub
        (`decoding`) for each version of an unreadable object."""
        self._wake = wake
        self._report = report
        self._references = ReferenceIndex()
        self.gateways = GatewayIndex()
        self.accelerator_use = AcceleratorUse()
        self._objects: dict[str, dict[NamespacedName, MutableBody]] = defaultdict(dict)
        self._children: dict[UnitKey, set[tuple[str, NamespacedName]]] = defaultdict(set)
        # Uid -> version at which it was deleted.
        self._tombstones: dict[str, int] = {}
        self._unreadable: dict[UnitKey, int] = {}
        self.records: dict[
            NamespacedName, tuple[Mapping[str, Any], UnitKey, RevisionRecord | RejectedRecord]
        ] = {}
        """Records that were read from ControllerRevisions; see `observation.records`."""

        self.refused: set[str] = set()
        """Kinds that the API server does not let us list now."""

        self.needs_owner_check: set[UnitKey] = set()
        """Units that lost a child, or whose child lost its owner. The unit may be deleted too, and
        another watch may report that later."""

    def put(self, kind: str, body: Mapping[str, Any]) -> bool:
        """Store an object; return False when the stored fields do not change.

        Answers to our own writes may overtake the watch. An older version must not replace a newer
        one, even of a predecessor of the same name. The API server's versions are ordered numbers
        (KEP-5504).

        An unreadable object does not replace the stored one: its pods serve on.
        """
        if why_unreadable(body):
            return self._set_aside(kind, body)
        try:
            return self._put(kind, body)
        except Exception as error:
            return self._set_aside(kind, stub(body, f"found what ends in {type(error).__name__}"))

    def _put(self, kind: str, body: Mapping[str, Any]) -> bool:
        name = name_of(body)
        if version_of(body) <= self._tombstones.get(body["metadata"].get("uid", ""), -1):
            return False
        stored = self._objects[kind].get(name)
        if stored is not None and version_of(body) <= version_of(stored):
            return False
        if kind in UNIT_BY_KIND and version_of(body) < self._unreadable.get(
            UnitKey(kind, *name), -1
        ):
            return False
        new, unit, is_back = project(kind, body), self.unit_of(kind, body), False
        self._forget_child(kind, name)
        self._objects[kind][name] = new
        self.accelerator_use.update(kind, name, new)
        if unit is not None and kind in CHILD_BY_KIND:
            self._children[unit].add((kind, name))
            if stored is not None and owners(stored) and not owners(new):
                # Orphaned: by a person, or as `kubectl delete --cascade=orphan` asks for.
                self._mark_for_owner_check(unit)
        elif unit is not None:
            is_back = self._unreadable.pop(unit, None) is not None
            self._references.update(unit, body.get("spec"))
            self._update_gateway(unit, new)
        self._wake_dependants(kind, stored, new)
        if stored is None:
            return not is_uninformative(new)
        return is_back or without_version(stored) != without_version(new)

    def _set_aside(self, kind: str, body: Mapping[str, Any]) -> bool:
        """Report an unreadable object. A record becomes a rejected one. A unit gets no pass until
        it is readable again."""
        name, version = name_of(body), version_of(body)
        stored = self._objects[kind].get(name)
        is_old = stored is not None and version < version_of(stored)
        if is_old or version <= self._tombstones.get(body["metadata"].get("uid", ""), -1):
            return False
        self._report(kind, body)
        if kind in UNIT_BY_KIND:
            if stored is not None and not is_same(stored, body):
                self.drop(kind, stored)
            self._unreadable[UnitKey(kind, *name)] = version
            # It may hold a rollout slot, which others wait for.
            self._wake(UnitKey(kind, *name))
        return kind == "ControllerRevision" and self._put(kind, {**body, "kind": kind})

    def skip(self, kind: str, body: Mapping[str, Any]) -> None:
        """Report an object whose identity cannot be read either."""
        self._report(kind, stub(body, "found no name, expected an object"))

    def is_unreadable(self, unit: UnitKey) -> bool:
        """Return whether the unit's last version is unreadable; `get` returns an older one."""
        return unit in self._unreadable

    def record_deletion(
        self, kind: str, body: Mapping[str, Any], version: int | None = None
    ) -> None:
        """Forget an object that was deleted at its version, or at `version`: the answer to our last
        write may come after its end.

        Newer versions count again: an object that lost the labels of a watch is reported as
        deleted, and may get them back.
        """
        self.drop(kind, body)
        unit = self.unit_of(kind, body)
        if unit is not None and kind in CHILD_BY_KIND:
            self._mark_for_owner_check(unit)
        uid = body["metadata"]["uid"]
        self._tombstones.pop(uid, None)
        self._tombstones[uid] = version_of(body) if version is None else version
        if len(self._tombstones) > REMEMBERED_DELETIONS:
            del self._tombstones[next(iter(self._tombstones))]

    def _mark_for_owner_check(self, unit: UnitKey) -> None:
        # Labels may name any number of units that do not exist.
        if self.is_known(unit) or len(self.needs_owner_check) < REMEMBERED_DELETIONS:
            self.needs_owner_check.add(unit)

    def is_known(self, unit: UnitKey) -> bool:
        """Return whether the custom resource exists, according to the last report."""
        return (unit.namespace, unit.name) in self._objects[unit.kind] or unit in self._unreadable

    def has(self, kind: str, body: Mapping[str, Any]) -> bool:
        """Return whether this custom resource was reported before, readable or not."""
        stored = self._objects[kind].get(name_of(body))
        if stored is None:
            return UnitKey(kind, *name_of(body)) in self._unreadable
        return is_same(stored, body)

    def drop(self, kind: str, body: Mapping[str, Any]) -> None:
        """Forget a deleted object, unless another of that name has come since."""
        name = name_of(body)
        stored = self._objects[kind].get(name)
        if kind in UNIT_BY_KIND and (stored is None or is_same(stored, body)):
            self._unreadable.pop(UnitKey(kind, *name), None)
        if stored is None or not is_same(stored, body):
            return
        self._forget_child(kind, name)
        del self._objects[kind][name]
        self.accelerator_use.update(kind, name, None)
        if kind in UNIT_BY_KIND:
            self._references.forget(UnitKey(kind, *name))
            self._update_gateway(UnitKey(kind, *name), None)
        self._wake_dependants(kind, stored, None)

    def get(self, kind: str, name: NamespacedName) -> MutableBody | None:
        return self._objects[kind].get(name)

    def children(self, unit: UnitKey) -> Iterable[tuple[str, MutableBody]]:
        """Yield kind and body of every labelled child of the unit."""
        for kind, name in sorted(self._children.get(unit, ())):
            yield kind, self._objects[kind][name]

    def units(self) -> list[UnitKey]:
        """Return every stored custom resource."""
        return [UnitKey(unit.kind, *name) for unit in UNITS for name in self._objects[unit.kind]]

    def dependants(self, unit: UnitKey) -> list[UnitKey]:
        """Return the pipelines that name the unit in a step, whether it exists or not."""
        return self._references.of(unit)

    def paths_back(self, unit: UnitKey) -> dict[UnitKey, tuple[UnitKey, ...]] | None:
        """Return the chains of references that lead back to the unit (`ReferenceIndex`)."""
        return self._references.paths_back(unit)

    def rolling(self) -> list[UnitKey]:
        """Return the units with Deployments of two revisions, one rendered again from its spec."""
        return [unit for unit, children in self._children.items() if self._is_rolling(children)]

    def _is_rolling(self, children: set[tuple[str, NamespacedName]]) -> bool:
        live = [name for kind, name in children if kind == "Deployment"]
        records = self._objects["ControllerRevision"]
        kept = (records.get(name, {}).get("data") for name in live)
        return len(live) > 1 and any(isinstance(data, dict) and "madeOf" in data for data in kept)

    def claimants(self, kind: str, name: NamespacedName) -> list[UnitKey]:
        """Return the units that have a child of that kind and name, or would have it, such as a
        Service that routes lead to or a headless one."""
        named = [UnitKey(unit.kind, *name) for unit in UNITS if name in self._objects[unit.kind]]
        if kind in _ROUTES:
            return [unit for unit in named if self.gateways.has(unit)]
        if kind != "Service":
            return named
        with_headless = units_with_headless(self.get, name)
        return [*named, *self.gateways.with_track_service(name), *with_headless]

    def _update_gateway(self, unit: UnitKey, body: MutableBody | None) -> None:
        for other in filter(self.is_known, sorted(self.gateways.update(unit, body))):
            self._wake(other)

    def nodes(self) -> list[MutableBody] | None:
        """Return the nodes; None while we may not list them: the stored ones may be gone."""
        if NODE.kind in self.refused:
            return None
        return list(self._objects[NODE.kind].values())

    def versions(self, kind: str) -> dict[NamespacedName, int]:
        """Return the version of every stored object of a kind, by name."""
        return {name: version_of(body) for name, body in self._objects[kind].items()}

    def names(self, kind: str) -> dict[NamespacedName, str]:
        """Return the uid of every stored object of a kind, by name."""
        return {name: body["metadata"]["uid"] for name, body in self._objects[kind].items()}

    @staticmethod
    def unit_of(kind: str, body: Mapping[str, Any]) -> UnitKey | None:
        """Return the unit that an object is or belongs to: by its owner, or for pods by its labels.

        Labels alone would lose a child whose labels were changed.
        """
        meta = body["metadata"]
        namespace = meta.get("namespace", "")
        if kind in UNIT_BY_KIND:
            return UnitKey(kind, namespace, meta["name"])
        if owner_references := owners(body):
            return UnitKey(owner_references[0]["kind"], namespace, owner_references[0]["name"])
        return unit_of(meta.get("labels") or {}, namespace)

    def _wake_dependants(
        self, kind: str, before: MutableBody | None, after: MutableBody | None
    ) -> None:
        """Wake the dependants of a unit that changed, or whose record changed."""
        body = after or before
        if body is None or kind not in _LOOKED_AT:
            return
        unit = self.unit_of(kind, body)
        if unit is None:
            return
        concerned = self._references.of(unit)
        if kind in UNIT_BY_KIND:
            was, now = dependency_view(before), dependency_view(after)
            if was == now:
                return
            if (was.references if was else set()) != (now.references if now else set()):
                # A cycle may have appeared or gone, for all that lead here.
                concerned = self._references.dependants_transitive(unit)
            if was is None or now is None or was.uid != now.uid:
                # A name conflict may have appeared or gone.
                named = self.claimants("Service", (unit.namespace, unit.name))
                headless = self.claimants("Service", (unit.namespace, headless_name(unit.name)))
                concerned += [other for other in (*named, *headless) if other != unit]
        for other in concerned:
            self._wake(other)

    def _forget_child(self, kind: str, name: NamespacedName) -> None:
        if kind == "ControllerRevision":
            self.records.pop(name, None)
        stored = self._objects[kind].get(name)
        unit = self.unit_of(kind, stored) if stored is not None else None
        if unit is None or unit not in self._children:
            return
        self._children[unit].discard((kind, name))
        if not self._children[unit]:
            del self._children[unit]
