"""What events do: they keep the cache and wake the queue, and nothing else."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from inference_operator.adapters.kubernetes.reflector import Name
from inference_operator.domain.api_resource import ApiResource
from inference_operator.domain.names import UnitKey
from inference_operator.observation.kinds import NODE, UNIT_BY_KIND, WATCHED_WHOLE
from inference_operator.observation.store import Cache


class Wake(Protocol):
    """Ask for a pass; `urgent` where a person waits for it, not only the cluster's echo."""

    def __call__(self, key: UnitKey, *, urgent: bool = False) -> None: ...


class EventRouter:
    """Takes the events of Kopf (custom resources) and of the reflectors (everything else)."""

    def __init__(self, cache: Cache, wake: Wake, relisted: Callable[[ApiResource], None]) -> None:
        self._cache = cache
        self._wake = wake
        self._relisted = relisted
        self._seen: set[str] = set()

    def on_custom_resource(
        self, resource: ApiResource, change: str | None, body: Mapping[str, Any]
    ) -> None:
        """A custom resource; `change` is None where Kopf lists.

        A listing that shows a known one is not the first: Kopf never says what is no longer there.
        """
        uid = body["metadata"]["uid"]
        if change == "DELETED":
            self._seen.discard(uid)
        elif change is None and uid in self._seen:
            self._relisted(resource)
        else:
            self._seen.add(uid)
        self.on_event(resource, change or "ADDED", body)

    def on_initial_list(self, resource: ApiResource, body: Mapping[str, Any]) -> None:
        """A child or a node there was at the start: whose it is, is woken by its own event."""
        try:
            self._cache.put(resource.kind, body)
        except Exception:
            self._cache.skip(resource.kind, body)

    def on_event(self, resource: ApiResource, change: str, body: Mapping[str, Any]) -> None:
        """Wake whom the event concerns, unless it says nothing new: the echo of our own write, or a
        version that differs in nothing that we keep."""
        kind = resource.kind
        try:
            if change == "DELETED":
                self._gone(resource, body, None)
            elif self._cache.put(kind, body):
                self._tell(kind, body)
        except Exception:
            # One object must not end the watch of all others.
            self._cache.skip(kind, body)

    def _gone(self, resource: ApiResource, body: Mapping[str, Any], version: int | None) -> None:
        self._cache.record_deletion(resource.kind, body, version)
        self._tell(resource.kind, body)

    def _tell(self, kind: str, body: Mapping[str, Any]) -> None:
        if kind == NODE.kind:
            self._wake_where_nodes_matter()
            return
        unit = self._cache.unit_of(kind, body)
        if unit is not None:
            self._wake(unit, urgent=kind in UNIT_BY_KIND)
        if kind in WATCHED_WHOLE:
            # Who waits for the name that it has, or had.
            for other in self._cache.units_named(body):
                if other != unit:
                    self._wake(other)

    def on_relist(
        self, resource: ApiResource, namespace: str, seen: set[Name], version: int
    ) -> None:
        """Forget what a later listing no longer shows, but not what was written since."""
        for name, known in self._cache.versions(resource.kind).items():
            in_scope = not namespace or name[0] == namespace
            if in_scope and name not in seen and known <= version:
                body = self._cache.get(resource.kind, name)
                if body is not None:
                    self._gone(resource, body, version)

    def refused(self, resource: ApiResource) -> None:
        """Note that objects of the kind are not known until `granted` is called."""
        self._cache.refused.add(resource.kind)
        if resource.kind == NODE.kind:
            self._wake_where_nodes_matter()

    def granted(self, resource: ApiResource) -> None:
        """Note that the cache has all objects of the kind again."""
        self._cache.refused.discard(resource.kind)
        if resource.kind == NODE.kind:
            self._wake_where_nodes_matter()

    def _wake_where_nodes_matter(self) -> None:
        for unit in self._cache.units():
            body = self._cache.get(unit.kind, (unit.namespace, unit.name)) or {}
            spec = body.get("spec")
            accelerator = spec.get("accelerator") if isinstance(spec, Mapping) else None
            if not isinstance(accelerator, Mapping):
                continue
            if accelerator.get("whenUnavailable") == "UseCPU":
                self._wake(unit)
