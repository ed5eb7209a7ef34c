"""Simulated API server: it keeps objects and reports each change. Only one client writes fields."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import count
from typing import Any

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.api.conditions import format_time
from inference_operator.domain.api_resource import ApiResource
from inference_operator.domain.body import MutableBody, NamespacedName

Body = Mapping[str, Any]


class SimulatedCluster:
    """The `Cluster` protocol over objects in memory.

    An apply replaces all but the status: the operator and the controllers share no field. Events
    are not kept.
    """

    def __init__(
        self, report: Callable[[str, Body, bool], None], clock: Callable[[], datetime]
    ) -> None:
        """Create an empty cluster. `report` gets the kind and the body of each changed object, and
        whether it was deleted."""
        self._report = report
        self._clock = clock
        self._objects: dict[str, dict[NamespacedName, MutableBody]] = {}
        self._numbers = count(1)
        self.writes = 0
        """Requests of the operator that write."""

    async def create(self, resource: ApiResource, body: Body) -> MutableBody:
        """Create an object."""
        self.writes += 1
        if resource.kind == "Event":
            return dict(body)
        if _name(body) in self._of(resource.kind):
            raise ApiError(409, "AlreadyExists", f"{resource.plural} {_name(body)} already exists")
        return self.put(body)

    async def apply(self, resource: ApiResource, body: Body, *, force: bool) -> MutableBody:
        """Create the object, or replace all but its status."""
        self.writes += 1
        return self.put(body)

    async def patch(
        self, resource: ApiResource, body: Body, *, subresource: str = ""
    ) -> MutableBody:
        """Merge a patch into the object, or into its status alone."""
        self.writes += 1
        live = self._live(resource, _name(body))
        part = {"status": body.get("status") or {}} if subresource == "status" else body
        return self._store(_merged(live, {**part, "metadata": live["metadata"]}))

    async def delete(self, resource: ApiResource, namespace: str, name: str, uid: str) -> None:
        """Delete the object of that uid."""
        self.writes += 1
        live = self._of(resource.kind).get((namespace, name))
        if live is not None and live["metadata"]["uid"] == uid:
            self.remove(live)

    async def keys(self, resource: ApiResource, selector: str) -> dict[NamespacedName, str]:
        """Return the uid of each object of the kind."""
        return {name: body["metadata"]["uid"] for name, body in self._of(resource.kind).items()}

    async def get(self, resource: ApiResource, namespace: str, name: str) -> MutableBody:
        """Return the object."""
        return self._live(resource, (namespace, name))

    def all(self, kind: str) -> list[MutableBody]:
        """Return the objects of a kind, in the order of their creation."""
        return list(self._of(kind).values())

    def find(self, kind: str, name: NamespacedName) -> MutableBody | None:
        """Return an object; None if it does not exist."""
        return self._of(kind).get(name)

    def put(self, body: Body) -> MutableBody:
        """Create or replace an object. Its status stays, unless the body has one."""
        live = self._of(body["kind"]).get(_name(body))
        number = str(next(self._numbers))
        given = {
            "uid": f"uid-{number}",
            "generation": 0,
            "creationTimestamp": format_time(self._clock()),
        }
        kept = live["metadata"] if live else given
        meta = {**body["metadata"], **{name: kept[name] for name in given}}
        status = {"status": live["status"]} if live and "status" in live else {}
        return self._store({**status, **body, "metadata": meta})

    def remove(self, body: Body) -> None:
        """Delete an object."""
        live = self._of(body["kind"]).pop(_name(body))
        live["metadata"]["resourceVersion"] = str(next(self._numbers))
        self._report(live["kind"], live, True)

    def _store(self, changed: Body) -> MutableBody:
        # As it is sent: enumerations become texts, tuples lists.
        body: MutableBody = json.loads(json.dumps(changed))
        kind, name = body["kind"], _name(body)
        live = self._of(kind).get(name)
        meta = body["metadata"]
        if live is not None:
            meta["resourceVersion"] = live["metadata"]["resourceVersion"]
            if body == live:
                return live
        if live is None or body.get("spec") != live.get("spec"):
            meta["generation"] += 1
        meta["resourceVersion"] = str(next(self._numbers))
        self._of(kind)[name] = body
        self._report(kind, body, False)
        return body

    def _of(self, kind: str) -> dict[NamespacedName, MutableBody]:
        return self._objects.setdefault(kind, {})

    def _live(self, resource: ApiResource, name: NamespacedName) -> MutableBody:
        live = self._of(resource.kind).get(name)
        if live is None:
            raise ApiError(404, "NotFound", f"{resource.plural} {name[1]} not found")
        return live


def _name(body: Body) -> NamespacedName:
    return body["metadata"]["namespace"], body["metadata"]["name"]


def _merged(live: Body, patch: Body) -> MutableBody:
    """Return the object with a JSON merge patch (RFC 7386)."""
    merged = dict(live)
    for key, value in patch.items():
        before = merged.get(key)
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            merged[key] = _merged(before if isinstance(before, Mapping) else {}, value)
        else:
            merged[key] = value
    return merged
