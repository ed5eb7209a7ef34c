"""Comparison of a live object with its manifest."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from inference_operator.api.base import parse_quantity

# Where the API server rewrites quantities into its canonical form.
_QUANTITY_PARENTS = frozenset({"requests", "limits"})
_QUANTITY_KEYS = frozenset({"sizeLimit"})

# Where the API server leaves out false.
_FALSE_IF_ABSENT = frozenset({"publishNotReadyAddresses"})

# Maps in which an extra key of another client changes what the object does.
_EXACT = {"Service": (("spec", "selector"),)}

# Lists in which a value of another client leads requests elsewhere. Of an apply, they are atomic.
_EXACT_LISTS = dict.fromkeys(
    ("HTTPRoute", "GRPCRoute"), (("spec", "parentRefs"), ("spec", "hostnames"), ("spec", "rules"))
)

Path = tuple[str, ...]


def drift(live: Mapping[str, Any], manifest: Mapping[str, Any]) -> str | None:
    """Return the first field of `manifest` that `live` lacks or changes, such as `spec.replicas`.

    Fields that others added (defaults, other field managers) are ignored, like in server-side
    apply. Lists of owners are compared by uid, lists of named items by name.
    """
    path = _differs(live, manifest, ())
    if path is None and (extra := foreign_keys(live, manifest)):
        return ".".join(next(iter(extra)))
    if path is None:
        path = _differs_in_lists(live, manifest)
    return None if path is None else ".".join(path)


def foreign_keys(live: Mapping[str, Any], manifest: Mapping[str, Any]) -> dict[Path, list[str]]:
    """Return foreign keys of maps that must hold only ours, by the map's path."""
    foreign: dict[Path, list[str]] = {}
    for path in _EXACT.get(manifest["kind"], ()):
        extra = set(_at(live, path)) - set(_at(manifest, path))
        if extra:
            foreign[path] = sorted(extra)
    return foreign


def _differs_in_lists(live: Mapping[str, Any], manifest: Mapping[str, Any]) -> Path | None:
    """Return the first list that has more, or others, than the manifest's."""
    for path in _EXACT_LISTS.get(manifest["kind"], ()):
        if _at(live, path) != _at(manifest, path):
            return path
    return None


def _at(body: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    for part in path:
        body = body.get(part) or {}
    return body


def _differs(live: Any, expected: Any, path: Path) -> Path | None:
    # Runs for every field of every child in every pass: test the cheap, common case first.
    if live == expected:
        return None
    if isinstance(expected, Mapping):
        return _mapping(live, expected, path)
    if isinstance(expected, Sequence) and not isinstance(expected, str):
        return _sequence(live, expected, path)
    return None if _is_quantity(path) and _equal_quantities(live, expected) else path


def _mapping(live: Any, expected: Mapping[str, Any], path: Path) -> Path | None:
    if not isinstance(live, Mapping):
        return None if _is_empty(expected) and live is None else path
    for key, value in expected.items():
        if key not in live and (_is_empty(value) or (key in _FALSE_IF_ABSENT and value is False)):
            continue
        if differing := _differs(live.get(key), value, (*path, key)):
            return differing
    return None


def _sequence(live: Any, expected: Sequence[Any], path: Path) -> Path | None:
    if not isinstance(live, Sequence) or isinstance(live, str):
        return path
    key = _key_of(expected)
    if key is not None:
        by_key = {item[key]: item for item in live if _has(item, key)}
        pairs = [(by_key.get(item[key]), item, item[key]) for item in expected]
    elif len(live) != len(expected):
        return path
    else:
        pairs = [(live[i], item, str(i)) for i, item in enumerate(expected)]
    for is_, should, place in pairs:
        if differing := _differs(is_, should, (*path, place)):
            return differing
    return None


def _key_of(expected: Sequence[Any]) -> str | None:
    """Return the key that identifies a list's items; None if only their positions do."""
    keys = ("uid", "name") if expected else ()
    return next((key for key in keys if all(_has(item, key) for item in expected)), None)


def _has(item: Any, key: str) -> bool:
    # An edited record may have any value as a name.
    return isinstance(item, Mapping) and isinstance(item.get(key), str)


def _is_empty(value: Any) -> bool:
    # The API server drops empty values (`env: []`, `value: ""`) that a manifest may carry.
    return value is None or value in ({}, [], (), "")


def _is_quantity(path: Path) -> bool:
    return path[-1] in _QUANTITY_KEYS or (len(path) > 1 and path[-2] in _QUANTITY_PARENTS)


def _equal_quantities(live: Any, expected: Any) -> bool:
    try:
        return _thousandths(live) == _thousandths(expected)
    except ValueError:
        return False


def _thousandths(quantity: Any) -> int:
    # The API server rounds amounts of resources up to these (SetDefaults_ResourceList).
    return ceil(parse_quantity(str(quantity)) * 1000)
