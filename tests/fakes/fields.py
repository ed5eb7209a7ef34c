"""Server-side apply as far as the operator uses it: who owns which field of an object."""

from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[str, ...]

# Maps that the API server's schemas declare atomic: one owner for the whole.
_ATOMIC = {
    ("Service", ("spec", "selector")),
    ("Deployment", ("spec", "selector")),
    ("PodDisruptionBudget", ("spec", "selector")),
    ("ControllerRevision", ("data",)),
    *(
        (kind, ("spec", field))
        for kind in ("HTTPRoute", "GRPCRoute")
        for field in ("parentRefs", "hostnames", "rules")
    ),
}
# Never owned by an applier.
_IDENTITY = {("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")}
_KEYS = {"ownerReferences": "uid"}


def leaves(body: Mapping[str, Any]) -> dict[Path, Any]:
    """Every owned field with its value; items of keyed lists by their key."""
    values = dict(_leaves(body["kind"], body, ()))
    return {path: value for path, value in values.items() if path not in _IDENTITY}


def setters(owners: Mapping[tuple[str, str], Mapping[Path, Any]]) -> list[dict[str, Any]]:
    """`metadata.managedFields`, as far as they are about annotations."""
    keys = {
        who: [path[2] for path in owned if path[:2] == ("metadata", "annotations")]
        for who, owned in owners.items()
    }
    return [
        {
            "manager": manager,
            "operation": operation,
            "time": "2031-01-01T00:00:00Z",
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:metadata": {"f:annotations": {f"f:{key}": {} for key in owned}}},
        }
        for (manager, operation), owned in keys.items()
        if owned
    ]


def _leaves(kind: str, value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if (kind, path) in _ATOMIC:
        yield path, value
    elif isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _leaves(kind, inner, (*path, key))
    elif (key := _list_key(path, value)) is not None:
        for item in value:
            yield from _leaves(kind, item, (*path, f"[{item[key]}]"))
    else:
        yield path, value


def _list_key(path: Path, value: Any) -> str | None:
    if not isinstance(value, list) or not value:
        return None
    key = _KEYS.get(path[-1], "name")
    named = all(isinstance(item, Mapping) and key in item for item in value)
    return key if named else None


def merged(live: Any, applied: Any, path: Path = (), kind: str = "") -> Any:
    """`applied` over `live`; items of keyed lists are merged by key."""
    if (kind, path) in _ATOMIC:
        return applied
    if isinstance(live, Mapping) and isinstance(applied, Mapping):
        both = {key: merged(live.get(key), v, (*path, key), kind) for key, v in applied.items()}
        return {**live, **both}
    key = _list_key(path, applied)
    if key is None or not isinstance(live, list):
        return applied
    by_key = {item.get(key): item for item in live}
    new = {item[key]: merged(by_key.get(item[key]), item, path, kind) for item in applied}
    return [*({**by_key, **new}.values())]


def without(body: Any, path: Path) -> Any:
    """The body without that field; maps and lists that get empty go too."""
    head, rest = path[0], path[1:]
    if head.startswith("[") and isinstance(body, list):
        name = head[1:-1]
        kept = []
        for item in body:
            if name not in (item.get("name"), item.get("uid")):
                kept.append(item)
            elif rest and set(less := _without_in(item, rest)) - {"name"}:
                kept.append(less)
        return kept
    if not isinstance(body, Mapping) or head not in body:
        return body
    if not rest:
        return {key: value for key, value in body.items() if key != head}
    inner = without(body[head], rest)
    if inner in ({}, []):
        return {key: value for key, value in body.items() if key != head}
    return {**body, head: inner}


def _without_in(item: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    """An item keeps its key as long as anything else is left of it."""
    rest: Mapping[str, Any] = item if path == ("name",) else without(item, path)
    return rest
