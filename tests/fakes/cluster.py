"""A cluster in memory: what the operator asks, what others do, and faults on demand."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.domain.api_resource import ApiResource
from inference_operator.domain.names import FIELD_MANAGER
from inference_operator.observation.kinds import UNIT_BY_KIND
from tests.fakes.fields import leaves, setters
from tests.fakes.json_copy import json_copy
from tests.fakes.object_rules import Body, Name, merge_patch, name_of
from tests.fakes.object_store import ObjectStore

_FOREGROUND = "foregroundDeletion"


class CrashedError(BaseException):
    """The operator's process ended here: nothing of it may run on."""


@dataclass(frozen=True)
class Request:
    """One request as the API server's audit log would have it."""

    verb: str
    kind: str
    name: str
    subresource: str = ""

    @property
    def is_write(self) -> bool:
        return self.verb not in ("get", "list")


Fault = Callable[[Request, int], None]


class FakeCluster(ObjectStore):
    """The `Cluster` protocol as the API server keeps it; `requests` has every request.

    `tests/contract` runs one suite against this and against a real API server.
    """

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Request] = []
        self.before: Fault | None = None
        """Called before each write with its number from 1: raise ApiError to have it refused."""

        self.after: Fault | None = None
        """Called when a write is stored: raise CrashedError to lose the answer."""

        self._writes = 0

    # What the operator may ask.

    async def create(self, resource: ApiResource, body: Mapping[str, Any]) -> Body:
        body = _sent(body)
        request = Request("create", resource.kind, name_of(body)[1])
        return self._write(request, lambda: self._create(body, (FIELD_MANAGER, "Update")))

    async def apply(self, resource: ApiResource, body: Mapping[str, Any], *, force: bool) -> Body:
        body = _sent(body)
        request = Request("apply", resource.kind, name_of(body)[1])
        return self._write(request, lambda: self._apply(body, FIELD_MANAGER, force))

    async def patch(
        self, resource: ApiResource, body: Mapping[str, Any], *, subresource: str = ""
    ) -> Body:
        body = _sent(body)
        request = Request("patch", resource.kind, name_of(body)[1], subresource)
        return self._write(request, lambda: self._patch(resource, body, subresource))

    async def delete(self, resource: ApiResource, namespace: str, name: str, uid: str) -> None:
        request = Request("delete", resource.kind, name)
        self._write(request, lambda: self._delete(resource.kind, (namespace, name), uid))

    async def keys(self, resource: ApiResource, selector: str) -> dict[Name, str]:
        self._read(Request("list", resource.kind, ""))
        labels = dict(part.split("=") for part in selector.split(",") if part)
        return {
            name: body["metadata"]["uid"]
            for name, body in self._kind(resource.kind).items()
            if labels.items() <= (body["metadata"].get("labels") or {}).items()
        }

    async def get(self, resource: ApiResource, namespace: str, name: str) -> Body:
        self._read(Request("get", resource.kind, name))
        live = self._kind(resource.kind).get((namespace, name))
        if live is None:
            raise ApiError(404, "NotFound", f'{resource.plural} "{name}" not found')
        return json_copy(live)

    # What tests and other programs do to the cluster; never counted as requests.

    @property
    def writes(self) -> list[Request]:
        return [request for request in self.requests if request.is_write]

    def live(self, kind: str, name: str, namespace: str = "") -> Body | None:
        bodies = [
            body
            for (space, stored_name), body in self._kind(kind).items()
            if stored_name == name and namespace in ("", space)
        ]
        return json_copy(bodies[0]) if bodies else None

    def all(self, kind: str) -> list[Body]:
        return [json_copy(body) for body in self._kind(kind).values()]

    def snapshot(self) -> list[tuple[str, Body]]:
        """Every object, as a first listing has them."""
        return [(kind, body) for kind in list(self._objects) for body in self.all(kind)]

    def apply_as(self, manager: str, body: Mapping[str, Any], *, force: bool = False) -> Body:
        """Somebody's `kubectl apply --server-side --field-manager=MANAGER`."""
        return json_copy(self._apply(body, manager, force))

    def edit(
        self, kind: str, name: str, changes: Mapping[str, Any], manager: str = "kubectl-edit"
    ) -> Body:
        """Somebody's merge patch of everything, status included."""
        key, live = self._find(kind, name)
        changed = merge_patch(live, changes)
        for path, value in leaves({"kind": kind, **changes}).items():
            for fields in self._fields(kind, live).values():
                fields.pop(path, None)
            if value is not None:
                self._fields(kind, live).setdefault((manager, "Update"), {})[path] = value
        if kind in UNIT_BY_KIND and "annotations" in changes.get("metadata", {}):
            changed["metadata"]["managedFields"] = setters(self._fields(kind, live))
        return json_copy(self._store(kind, key, live, changed))

    def remove(self, kind: str, name: str, *, foreground: bool = False) -> None:
        """Somebody's `kubectl delete`, of an object without finalizers; with `foreground`, which
        is itself one, what it owns goes first."""
        key, live = self._find(kind, name)
        if foreground:
            marked = {"metadata": {"finalizers": [_FOREGROUND]}}
            live = self._store(kind, key, live, merge_patch(live, marked))
        self._delete(kind, key, live["metadata"]["uid"])

    def collect_garbage(self) -> None:
        """What the garbage collector does to objects whose owner is gone, or waits for that, and
        to owners that have waited long enough."""
        bodies = self.snapshot()
        uids = {b["metadata"]["uid"] for _, b in bodies if not _waits_for_owned(b)}
        owning = {uid for _, body in bodies for uid in _owners(body)}
        for kind, body in bodies:
            uid, owners = body["metadata"]["uid"], _owners(body)
            if owners and not uids.intersection(owners):
                self._delete(kind, name_of(body), uid)
            elif _waits_for_owned(body) and uid not in owning:
                key, live = self._find(kind, body["metadata"]["name"])
                done = {"metadata": {"finalizers": None}}
                self._store(kind, key, live, merge_patch(live, done))
                self._delete(kind, key, uid)

    # How.

    def _read(self, request: Request) -> None:
        self.requests.append(request)
        if self.before is not None:
            self.before(request, self._writes)

    def _write(self, request: Request, do: Callable[[], Body | None]) -> Any:
        self.requests.append(request)
        self._writes += 1
        if self.before is not None:
            self.before(request, self._writes)
        result = json_copy(do())
        if self.after is not None:
            self.after(request, self._writes)
        return result


def _sent(body: Mapping[str, Any]) -> Body:
    """As it goes over the wire: enums become strings, tuples lists; all else is an error."""
    copied: Body = json.loads(json.dumps(body))
    return copied


def _owners(body: Mapping[str, Any]) -> list[str]:
    """Their uids."""
    return [owner["uid"] for owner in body["metadata"].get("ownerReferences") or ()]


def _waits_for_owned(body: Mapping[str, Any]) -> bool:
    """Whether it is being deleted, after what it owns."""
    return _FOREGROUND in (body["metadata"].get("finalizers") or ())
