"""The part of a live object that its operator wrote, by the API server's record of field managers.

Without it a copy would also have the API server's defaults, and cost more than the original.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

_OTHERS = ("kube-controller-manager",)
Fields = Mapping[str, Any]


def written_by_operator(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the object as it was applied or, if it was not applied, as it was created."""
    meta = body["metadata"]
    entries = [
        entry
        for entry in meta.get("managedFields", ())
        if not entry.get("subresource") and entry["manager"] not in _OTHERS
    ]
    applied = [entry for entry in entries if entry["operation"] == "Apply"]
    written: dict[str, Any] = {}
    for entry in applied or entries:
        _merge(written, _part(body, entry["fieldsV1"]))
    written.pop("status", None)
    name = {key: meta[key] for key in ("name", "namespace")}
    kept = {**written.get("metadata", {}), **name}
    kind = {key: body[key] for key in ("apiVersion", "kind")}
    return {**kind, **written, "metadata": kept}


def _part(value: Any, fields: Fields) -> Any:
    """Return the part of a value that a field set names; a set without fields means all of it."""
    names = [name for name in fields if name != "."]
    if not names:
        return value
    if isinstance(value, Mapping):
        named = ((name.removeprefix("f:"), fields[name]) for name in names)
        return {key: _part(value[key], inner) for key, inner in named if key in value}
    if isinstance(value, Sequence) and all(name.startswith("k:") for name in names):
        keyed = ((json.loads(name.removeprefix("k:")), fields[name]) for name in names)
        return [
            _part(item, inner)
            for keys, inner in keyed
            for item in value
            if keys.items() <= item.items()
        ]
    return value


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value
