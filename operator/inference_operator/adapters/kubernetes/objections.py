"""The last check before a write is sent: it must be for a child of that unit."""

from collections.abc import Mapping
from typing import Any

from inference_operator.domain.names import UnitKey
from inference_operator.observation.kinds import CHILD_BY_KIND, ENDPOINT_SLICE
from inference_operator.planning.plan import Action, Delete
from inference_operator.resources.shapes import quoted

WRITTEN = frozenset(CHILD_BY_KIND) - {"Pod", ENDPOINT_SLICE.kind}
"""Kinds of children that the operator writes."""


class ObjectionError(Exception):
    """The action must not be sent; the message names field, value and requirement."""


def object_to(unit: UnitKey, action: Action) -> None:
    """Raise ObjectionError where the action is not for a child of the unit, in its namespace.

    A deletion names no namespace: it goes to the unit's, and to the object of that uid alone.
    """
    kind, name = action.key.kind, action.key.name
    if kind not in WRITTEN:
        raise _objection("kind", kind, f"one of {', '.join(sorted(WRITTEN))}")
    if isinstance(action, Delete):
        return
    manifest = action.manifest
    meta = manifest["metadata"]
    if name != unit.name and not name.startswith(f"{unit.name}-"):
        raise _objection("metadata.name", name, f"{unit.name} or {unit.name}-REVISION")
    required = {
        "apiVersion": (manifest.get("apiVersion"), CHILD_BY_KIND[kind].api_version),
        "kind": (manifest.get("kind"), kind),
        "metadata.name": (meta.get("name"), name),
        "metadata.namespace": (meta.get("namespace"), unit.namespace),
        "metadata.ownerReferences": (_owner(meta), f"{unit.kind} {unit.name}"),
    }
    for path, (actual, expected) in required.items():
        if actual != expected:
            raise _objection(path, actual, expected)


def _owner(meta: Mapping[str, Any]) -> str:
    """Return the child's owner, or the number of its owners if it is not a single unit."""
    owners: list[Mapping[str, Any]] = meta.get("ownerReferences") or []
    if len(owners) != 1 or owners[0].get("controller") is not True:
        return f"{len(owners)} owners"
    return f"{owners[0].get('kind')} {owners[0].get('name')}"


def _objection(path: str, actual: object, expected: str) -> ObjectionError:
    return ObjectionError(f"{path}: found {quoted(actual)}, expected {expected}")
