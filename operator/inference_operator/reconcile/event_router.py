"""Router of events: updates the store and wakes the queue."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from inference_operator.domain.api_resource import ApiResource
from inference_operator.domain.body import NamespacedName
from inference_operator.domain.names import UnitKey
from inference_operator.observation.identity import name_of
from inference_operator.observation.kinds import (
    NAMED_AFTER_UNITS,
    NAMESPACE,
    NODE,
    OF_GATEWAYS,
    UNIT_BY_KIND,
)
from inference_operator.observation.store import Store


class Wake(Protocol):
    """Requester of passes; `urgent` if a person waits for it, not only the cluster's echo."""

    def __call__(self, key: UnitKey, *, urgent: bool = False) -> None: ...


class EventRouter:
    """Receiver of events from Kopf (custom resources) and the reflectors (other kinds)."""

    def __init__(self, store: Store, wake: Wake, relisted: Callable[[ApiResource], None]) -> None:
        self._store = store
        self._wake = wake
        self._relisted = relisted

    def on_custom_resource(
        self, resource: ApiResource, change: str | None, body: Mapping[str, Any]
    ) -> None:
        """Handle a custom resource; `change` is None where Kopf lists.

        A listing with a known object is not the first one: Kopf never reports missing objects.
        """
        if change is None and self._store.has(resource.kind, body):
            self._relisted(resource)
        self.on_event(resource, change or "ADDED", body)

    def on_initial_list(self, resource: ApiResource, body: Mapping[str, Any]) -> None:
        """Store a child or a node of the first listing: its unit is woken by the unit's event."""
        try:
            self._store.put(resource.kind, body)
        except Exception:
            self._store.skip(resource.kind, body)

    def on_event(self, resource: ApiResource, change: str, body: Mapping[str, Any]) -> None:
        """Wake the units that an event concerns, unless the stored fields do not change, as for the
        echo of our own write."""
        kind = resource.kind
        try:
            if change == "DELETED":
                self._gone(resource, body, None)
            elif self._store.put(kind, body):
                self._wake_concerned(kind, body)
        except Exception:
            # One object must not end the watch of the others.
            self._store.skip(kind, body)

    def _gone(self, resource: ApiResource, body: Mapping[str, Any], version: int | None) -> None:
        self._store.record_deletion(resource.kind, body, version)
        self._wake_concerned(resource.kind, body)

    def _wake_concerned(self, kind: str, body: Mapping[str, Any]) -> None:
        if kind == NODE.kind:
            self._wake_where_nodes_matter()
            return
        if kind == NAMESPACE.kind:
            self._wake_units_of(body["metadata"]["name"])
            return
        unit = self._store.unit_of(kind, body)
        if unit is not None:
            self._wake(unit, urgent=kind in UNIT_BY_KIND)
        if kind in NAMED_AFTER_UNITS:
            # Units that wait for the object's name.
            for other in self._store.claimants(kind, name_of(body)):
                if other != unit:
                    self._wake(other)

    def on_relist(
        self, resource: ApiResource, namespace: str, seen: set[NamespacedName], version: int
    ) -> None:
        """Forget objects that a later listing does not have, but not those written since."""
        for name, stored_version in self._store.versions(resource.kind).items():
            in_scope = not namespace or name[0] == namespace
            if in_scope and name not in seen and stored_version <= version:
                body = self._store.get(resource.kind, name)
                if body is not None:
                    self._gone(resource, body, version)

    def refused(self, resource: ApiResource) -> None:
        """Mark the objects of a kind as unknown until `granted` is called."""
        self._store.refused.add(resource.kind)
        self._wake_where_it_matters(resource)

    def granted(self, resource: ApiResource) -> None:
        """Mark the objects of a kind as complete again."""
        self._store.refused.discard(resource.kind)
        self._wake_where_it_matters(resource)

    def needs(self, resource: ApiResource) -> bool:
        """Return whether a kind that cannot be listed is worth another request: those of gateways
        only while a unit has one."""
        return resource not in OF_GATEWAYS or bool(self._store.gateways.units())

    def _wake_where_it_matters(self, resource: ApiResource) -> None:
        if resource.kind == NODE.kind:
            self._wake_where_nodes_matter()
        elif resource.kind == NAMESPACE.kind:
            for namespace in {unit.namespace for unit in self._store.units()}:
                body = self._store.get(resource.kind, ("", namespace)) or {"metadata": {}}
                if "annotations" in body["metadata"]:
                    self._wake_units_of(namespace)
        elif resource in OF_GATEWAYS:
            for unit in self._store.gateways.units():
                self._wake(unit)

    def _wake_units_of(self, namespace: str) -> None:
        for unit in self._store.units():
            if unit.namespace == namespace:
                self._wake(unit, urgent=True)

    def _wake_where_nodes_matter(self) -> None:
        for unit in self._store.units():
            body = self._store.get(unit.kind, (unit.namespace, unit.name)) or {}
            spec = body.get("spec")
            accelerator = spec.get("accelerator") if isinstance(spec, Mapping) else None
            if not isinstance(accelerator, Mapping):
                continue
            if accelerator.get("whenUnavailable") == "UseCPU":
                self._wake(unit)
