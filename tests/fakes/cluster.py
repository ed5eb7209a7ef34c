"""A cluster in memory: the `Cluster` protocol as the API server keeps it, and faults on demand.

`tests/contract` runs one suite against this and against a real API server.
"""

import copy
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from inference_operator.adapters.kinds import CHILDREN, EVENT, NODE, UNIT_BY_KIND, UNITS
from inference_operator.adapters.kube import ApiError, Resource
from inference_operator.domain.names import FIELD_MANAGER
from tests.fakes.fields import Path, leaves, merged, without

Body = dict[str, Any]
Name = tuple[str, str]

_BY_KIND = {r.kind: r for r in (*CHILDREN, *UNITS, NODE, EVENT)}
_WITH_STATUS = {*UNIT_BY_KIND, "Deployment", "Pod", "PodDisruptionBudget", "Node", "Service"}
_COUNTS_GENERATIONS = {*UNIT_BY_KIND, "Deployment", "PodDisruptionBudget"}
_FOREGROUND = "foregroundDeletion"
_DEFAULTS: dict[str, Body] = {
    "Deployment": {
        "spec": {
            "replicas": 1,
            "progressDeadlineSeconds": 600,
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"},
            },
        }
    },
    "Service": {"spec": {"sessionAffinity": "None", "internalTrafficPolicy": "Cluster"}},
}


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


class FakeCluster:
    """`requests` has every request; `events` what a watch would say, oldest first."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.events: list[tuple[str, str, Body]] = []
        self.before: Fault | None = None
        """Called before each write with its number from 1: raise ApiError to have it refused."""

        self.after: Fault | None = None
        """Called when a write is stored: raise CrashedError to lose the answer."""

        self._objects: dict[str, dict[Name, Body]] = {}
        self._owners: dict[str, dict[tuple[str, str], dict[Path, Any]]] = {}
        self._versions = itertools.count(1)
        self._uids = itertools.count(1)
        self._writes = 0

    # What the operator may ask.

    async def create(self, resource: Resource, body: Mapping[str, Any]) -> Body:
        body = _sent(body)
        request = Request("create", resource.kind, _name(body)[1])
        return self._write(request, lambda: self._create(body, (FIELD_MANAGER, "Update")))

    async def apply(self, resource: Resource, body: Mapping[str, Any], *, force: bool) -> Body:
        body = _sent(body)
        request = Request("apply", resource.kind, _name(body)[1])
        return self._write(request, lambda: self._apply(body, FIELD_MANAGER, force))

    async def patch(
        self, resource: Resource, body: Mapping[str, Any], *, subresource: str = ""
    ) -> Body:
        body = _sent(body)
        request = Request("patch", resource.kind, _name(body)[1], subresource)
        return self._write(request, lambda: self._patch(resource, body, subresource))

    async def delete(self, resource: Resource, namespace: str, name: str, uid: str) -> None:
        request = Request("delete", resource.kind, name)
        self._write(request, lambda: self._delete(resource.kind, (namespace, name), uid))

    async def keys(self, resource: Resource, selector: str) -> dict[Name, str]:
        self._read(Request("list", resource.kind, ""))
        wanted = dict(part.split("=") for part in selector.split(",") if part)
        return {
            name: body["metadata"]["uid"]
            for name, body in self._kind(resource.kind).items()
            if wanted.items() <= (body["metadata"].get("labels") or {}).items()
        }

    async def get(self, resource: Resource, namespace: str, name: str) -> Body:
        self._read(Request("get", resource.kind, name))
        found = self._kind(resource.kind).get((namespace, name))
        if found is None:
            raise ApiError(404, "NotFound", f'{resource.plural} "{name}" not found')
        return copy.deepcopy(found)

    # What tests and other programs do to the cluster; never counted as requests.

    @property
    def writes(self) -> list[Request]:
        return [request for request in self.requests if request.is_write]

    def live(self, kind: str, name: str, namespace: str = "") -> Body | None:
        found = [
            body
            for (space, known), body in self._kind(kind).items()
            if known == name and namespace in ("", space)
        ]
        return copy.deepcopy(found[0]) if found else None

    def all(self, kind: str) -> list[Body]:
        return [copy.deepcopy(body) for body in self._kind(kind).values()]

    def snapshot(self) -> list[tuple[str, Body]]:
        """Every object, as a first listing has them."""
        return [(kind, body) for kind in list(self._objects) for body in self.all(kind)]

    def apply_as(self, manager: str, body: Mapping[str, Any], *, force: bool = False) -> Body:
        """Somebody's `kubectl apply --server-side --field-manager=MANAGER`."""
        return copy.deepcopy(self._apply(body, manager, force))

    def edit(
        self, kind: str, name: str, changes: Mapping[str, Any], manager: str = "kubectl-edit"
    ) -> Body:
        """Somebody's merge patch of everything, status included."""
        key, live = self._find(kind, name)
        changed = _merge_patch(live, changes)
        for path, value in leaves({"kind": kind, **changes}).items():
            for fields in self._fields(kind, live).values():
                fields.pop(path, None)
            if value is not None:
                self._fields(kind, live).setdefault((manager, "Update"), {})[path] = value
        return copy.deepcopy(self._store(kind, key, live, changed))

    def remove(self, kind: str, name: str, *, foreground: bool = False) -> None:
        """Somebody's `kubectl delete`, of an object without finalizers; with `foreground`, which
        is itself one, what it owns goes first."""
        key, live = self._find(kind, name)
        if foreground:
            marked = {"metadata": {"finalizers": [_FOREGROUND]}}
            live = self._store(kind, key, live, _merge_patch(live, marked))
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
                self._delete(kind, _name(body), uid)
            elif _waits_for_owned(body) and uid not in owning:
                key, live = self._find(kind, body["metadata"]["name"])
                done = {"metadata": {"finalizers": None}}
                self._store(kind, key, live, _merge_patch(live, done))
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
        result = copy.deepcopy(do())
        if self.after is not None:
            self.after(request, self._writes)
        return result

    def _kind(self, kind: str) -> dict[Name, Body]:
        return self._objects.setdefault(kind, {})

    def _find(self, kind: str, name: str) -> tuple[Name, Body]:
        return next((key, body) for key, body in self._kind(kind).items() if key[1] == name)

    def _fields(self, kind: str, body: Body) -> dict[tuple[str, str], dict[Path, Any]]:
        return self._owners.setdefault(f"{kind}/{body['metadata']['uid']}", {})

    def _create(self, body: Mapping[str, Any], manager: tuple[str, str]) -> Body:
        kind, key = body["kind"], _name(body)
        plural = _BY_KIND[kind].plural
        if key in self._kind(kind):
            raise ApiError(409, "AlreadyExists", f'{plural} "{key[1]}" already exists')
        stored: Body = copy.deepcopy(dict(body))
        if kind in _WITH_STATUS and kind not in ("Pod", "Node"):
            stored.pop("status", None)
        stored = merged(_DEFAULTS.get(kind, {}), stored)
        stored["metadata"] |= {
            "uid": f"uid-{next(self._uids)}",
            "resourceVersion": str(next(self._versions)),
            "creationTimestamp": "2031-01-01T00:00:00Z",
        }
        if kind in _COUNTS_GENERATIONS:
            stored["metadata"]["generation"] = 1
        _validate(plural, stored)
        self._kind(kind)[key] = stored
        self._fields(kind, stored)[manager] = leaves(body)
        self.events.append(("ADDED", kind, copy.deepcopy(stored)))
        return stored

    def _apply(self, body: Mapping[str, Any], name: str, force: bool) -> Body:
        kind, manager = body["kind"], (name, "Apply")
        live = self._kind(kind).get(_name(body))
        if live is None:
            return self._create(body, manager)
        wanted = leaves(body)
        fields = self._fields(kind, live)
        self._check_conflicts(fields, manager, wanted, force)
        changed: Body = merged(live, body, (), kind)
        for path in set(fields.get(manager, ())) - set(wanted):
            if not any(path in owned for who, owned in fields.items() if who != manager):
                changed = without(changed, path)
        stored = self._store(kind, _name(body), live, changed)
        for who in fields:
            if who != manager and force:
                fields[who] = {p: v for p, v in fields[who].items() if wanted.get(p, v) == v}
        fields[manager] = wanted
        return stored

    @staticmethod
    def _check_conflicts(
        fields: dict[tuple[str, str], dict[Path, Any]],
        manager: tuple[str, str],
        wanted: dict[Path, Any],
        force: bool,
    ) -> None:
        if force:
            return
        conflicts = [
            (who[0], path)
            for who, owned in fields.items()
            if who != manager
            for path in sorted(owned.keys() & wanted.keys())
            if owned[path] != wanted[path]
        ]
        if conflicts:
            many = f"{len(conflicts)} conflict" + ("s" if len(conflicts) > 1 else "")
            words = ", ".join(
                f'conflict with "{who}": .{".".join(path)}' for who, path in conflicts
            )
            raise ApiError(409, "Conflict", f"Apply failed with {many}: {words}")

    def _patch(self, resource: Resource, body: Mapping[str, Any], subresource: str) -> Body:
        kind, key = resource.kind, _name(body)
        live = self._kind(kind).get(key)
        if live is None:
            raise ApiError(404, "NotFound", f'{resource.plural} "{key[1]}" not found')
        version = live["metadata"]["resourceVersion"]
        if body["metadata"].get("resourceVersion", version) != version:
            raise ApiError(
                409,
                "Conflict",
                f'Operation cannot be fulfilled on {resource.plural} "{key[1]}": the object has'
                " been modified; please apply your changes to the latest version and try again",
            )
        changed = _merge_patch(live, body)
        if kind in _WITH_STATUS:
            half = "status" if subresource == "status" else None
            changed = _only(half, live, changed)
        return self._store(kind, key, live, changed)

    def _delete(self, kind: str, key: Name, uid: str) -> None:
        live = self._kind(kind).get(key)
        if live is None or live["metadata"]["uid"] != uid:
            return
        if live["metadata"].get("finalizers"):
            marked = {"metadata": {"deletionTimestamp": "2031-01-01T00:00:00Z"}}
            self._store(kind, key, live, _merge_patch(live, marked))
            return
        del self._kind(kind)[key]
        live["metadata"]["resourceVersion"] = str(next(self._versions))
        self.events.append(("DELETED", kind, copy.deepcopy(live)))

    def _store(self, kind: str, key: Name, live: Body, changed: Body) -> Body:
        if changed == live:
            return live
        _keep_immutable(_BY_KIND[kind].plural, live, changed)
        changed = copy.deepcopy(changed)
        _validate(_BY_KIND[kind].plural, changed)
        changed["metadata"]["resourceVersion"] = str(next(self._versions))
        if kind in _COUNTS_GENERATIONS and changed.get("spec") != live.get("spec"):
            changed["metadata"]["generation"] += 1
        self._kind(kind)[key] = changed
        self.events.append(("MODIFIED", kind, copy.deepcopy(changed)))
        return changed


def _sent(body: Mapping[str, Any]) -> Body:
    """As it goes over the wire: enums become strings, tuples lists; all else is an error."""
    found: Body = json.loads(json.dumps(body))
    return found


def _name(body: Mapping[str, Any]) -> Name:
    meta = body["metadata"]
    return meta.get("namespace", ""), meta["name"]


def _owners(body: Mapping[str, Any]) -> list[str]:
    """Their uids."""
    return [owner["uid"] for owner in body["metadata"].get("ownerReferences") or ()]


def _waits_for_owned(body: Mapping[str, Any]) -> bool:
    """Whether it is being deleted, after what it owns."""
    return _FOREGROUND in (body["metadata"].get("finalizers") or ())


def _merge_patch(live: Any, changes: Mapping[str, Any]) -> Any:
    result = dict(live) if isinstance(live, Mapping) else {}
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        else:
            is_map = isinstance(value, Mapping)
            result[key] = _merge_patch(result.get(key), value) if is_map else value
    return result


def _only(half: str | None, live: Body, changed: Body) -> Body:
    """The status subresource changes nothing but the status, all else everything but it."""
    source, other = (changed, live) if half == "status" else (live, changed)
    without_status = {key: value for key, value in other.items() if key != "status"}
    return {**without_status, **({"status": source["status"]} if "status" in source else {})}


def _keep_immutable(plural: str, live: Body, changed: Body) -> None:
    name = live["metadata"]["name"]
    frozen: list[tuple[str, Any, Any]] = []
    if live["kind"] == "ConfigMap" and live.get("immutable"):
        frozen.append(("data", live.get("data"), changed.get("data")))
    if live["kind"] == "ControllerRevision":
        frozen.append(("data", live["data"], changed["data"]))
    if live["kind"] == "Deployment":
        frozen.append(("spec.selector", live["spec"]["selector"], changed["spec"]["selector"]))
    for field, old, new in frozen:
        if old != new:
            message = f'{plural} "{name}" is invalid: {field}: Forbidden: field is immutable'
            raise ApiError(422, "Invalid", message)


def _validate(plural: str, body: Body) -> None:
    owners = body["metadata"].get("ownerReferences") or ()
    if sum(bool(owner.get("controller")) for owner in owners) > 1:
        raise ApiError(
            422,
            "Invalid",
            f'{plural} "{body["metadata"]["name"]}" is invalid: metadata.ownerReferences: Invalid'
            " value: Only one reference can have Controller set to true",
        )
