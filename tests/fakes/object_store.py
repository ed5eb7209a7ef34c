"""Objects as the API server keeps them: their versions, owners of fields, and events."""

import itertools
from collections.abc import Mapping
from typing import Any

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.domain.api_resource import ApiResource
from tests.fakes.fields import Path, leaves, merged, without
from tests.fakes.json_copy import json_copy
from tests.fakes.object_rules import (
    COUNTS_GENERATIONS,
    PLURALS,
    Body,
    Name,
    created,
    keep_immutable,
    merge_patch,
    name_of,
    patched,
    validate,
)


class ObjectStore:
    """`events` has what a watch would say, oldest first."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, Body]] = []
        self._objects: dict[str, dict[Name, Body]] = {}
        self._owners: dict[str, dict[tuple[str, str], dict[Path, Any]]] = {}
        self._versions = itertools.count(1)
        self._uids = itertools.count(1)

    def _kind(self, kind: str) -> dict[Name, Body]:
        return self._objects.setdefault(kind, {})

    def _find(self, kind: str, name: str) -> tuple[Name, Body]:
        return next((key, body) for key, body in self._kind(kind).items() if key[1] == name)

    def _fields(self, kind: str, body: Body) -> dict[tuple[str, str], dict[Path, Any]]:
        return self._owners.setdefault(f"{kind}/{body['metadata']['uid']}", {})

    def _create(self, body: Mapping[str, Any], manager: tuple[str, str]) -> Body:
        kind, key = body["kind"], name_of(body)
        if key in self._kind(kind):
            raise ApiError(409, "AlreadyExists", f'{PLURALS[kind]} "{key[1]}" already exists')
        stored = created(body)
        stored["metadata"] |= {
            "uid": f"uid-{next(self._uids)}",
            "resourceVersion": str(next(self._versions)),
            "creationTimestamp": "2031-01-01T00:00:00Z",
        }
        if kind in COUNTS_GENERATIONS:
            stored["metadata"]["generation"] = 1
        validate(stored)
        self._kind(kind)[key] = stored
        self._fields(kind, stored)[manager] = leaves(body)
        self.events.append(("ADDED", kind, json_copy(stored)))
        return stored

    def _apply(self, body: Mapping[str, Any], name: str, force: bool) -> Body:
        kind, manager = body["kind"], (name, "Apply")
        live = self._kind(kind).get(name_of(body))
        if live is None:
            return self._create(body, manager)
        applied = leaves(body)
        fields = self._fields(kind, live)
        self._check_conflicts(fields, manager, applied, force)
        changed: Body = merged(live, body, (), kind)
        for path in set(fields.get(manager, ())) - set(applied):
            if not any(path in owned for who, owned in fields.items() if who != manager):
                changed = without(changed, path)
        stored = self._store(kind, name_of(body), live, changed)
        for who in fields:
            if who != manager and force:
                fields[who] = {p: v for p, v in fields[who].items() if applied.get(p, v) == v}
        fields[manager] = applied
        return stored

    @staticmethod
    def _check_conflicts(
        fields: dict[tuple[str, str], dict[Path, Any]],
        manager: tuple[str, str],
        applied: dict[Path, Any],
        force: bool,
    ) -> None:
        if force:
            return
        conflicts = [
            (who[0], path)
            for who, owned in fields.items()
            if who != manager
            for path in sorted(owned.keys() & applied.keys())
            if owned[path] != applied[path]
        ]
        if conflicts:
            many = f"{len(conflicts)} conflict" + ("s" if len(conflicts) > 1 else "")
            words = ", ".join(
                f'conflict with "{who}": .{".".join(path)}' for who, path in conflicts
            )
            causes = frozenset({"FieldManagerConflict"})
            raise ApiError(409, "Conflict", f"Apply failed with {many}: {words}", causes)

    def _patch(self, resource: ApiResource, body: Mapping[str, Any], subresource: str) -> Body:
        kind, key = resource.kind, name_of(body)
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
        return self._store(kind, key, live, patched(live, body, subresource))

    def _delete(self, kind: str, key: Name, uid: str) -> None:
        live = self._kind(kind).get(key)
        if live is None or live["metadata"]["uid"] != uid:
            return
        if live["metadata"].get("finalizers"):
            marked = {"metadata": {"deletionTimestamp": "2031-01-01T00:00:00Z"}}
            self._store(kind, key, live, merge_patch(live, marked))
            return
        del self._kind(kind)[key]
        live["metadata"]["resourceVersion"] = str(next(self._versions))
        self.events.append(("DELETED", kind, json_copy(live)))

    def _store(self, kind: str, key: Name, live: Body, changed: Body) -> Body:
        if changed == live:
            return live
        keep_immutable(live, changed)
        changed = json_copy(changed)
        validate(changed)
        changed["metadata"]["resourceVersion"] = str(next(self._versions))
        if kind in COUNTS_GENERATIONS and changed.get("spec") != live.get("spec"):
            changed["metadata"]["generation"] += 1
        self._kind(kind)[key] = changed
        self.events.append(("MODIFIED", kind, json_copy(changed)))
        return changed
