"""Whether a live object holds everything that its manifest asks for."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from inference_operator.api.base import parse_quantity

# Where the API server rewrites quantities into its canonical form.
_QUANTITY_PARENTS = frozenset({"requests", "limits"})
_QUANTITY_KEYS = frozenset({"sizeLimit"})

# Maps in which a stranger's extra key changes what the object does.
_EXACT = {"Service": (("spec", "selector"),)}

Path = tuple[str, ...]


def drift(live: Mapping[str, Any], wanted: Mapping[str, Any]) -> str | None:
    """The first field of `wanted` that `live` lacks or has otherwise, as `spec.replicas`.

    What others added to the live object (defaults, other field managers) is not looked at: the
    same reading as server-side apply's. So lists of owners are compared by uid, those of named
    items by name.
    """
    found = _differs(live, wanted, ())
    if found is None and (extra := foreign_keys(live, wanted)):
        return ".".join(next(iter(extra)))
    return None if found is None else ".".join(found)


def foreign_keys(live: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[Path, list[str]]:
    """Keys that a stranger added to a map which must hold ours alone, by the map's path."""
    found: dict[Path, list[str]] = {}
    for path in _EXACT.get(wanted["kind"], ()):
        extra = set(_at(live, path)) - set(_at(wanted, path))
        if extra:
            found[path] = sorted(extra)
    return found


def _at(body: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    for part in path:
        body = body.get(part) or {}
    return body


def _differs(live: Any, wanted: Any, path: Path) -> Path | None:
    # Asked for every field of every child in every pass: first what is cheap and mostly true.
    if live == wanted:
        return None
    if isinstance(wanted, Mapping):
        return _mapping(live, wanted, path)
    if isinstance(wanted, Sequence) and not isinstance(wanted, str):
        return _sequence(live, wanted, path)
    return None if _is_quantity(path) and _equal_quantities(live, wanted) else path


def _mapping(live: Any, wanted: Mapping[str, Any], path: Path) -> Path | None:
    if not isinstance(live, Mapping):
        return None if _is_empty(wanted) and live is None else path
    for key, value in wanted.items():
        if key not in live and _is_empty(value):
            continue
        if found := _differs(live.get(key), value, (*path, key)):
            return found
    return None


def _sequence(live: Any, wanted: Sequence[Any], path: Path) -> Path | None:
    if not isinstance(live, Sequence) or isinstance(live, str):
        return path
    key = _key_of(wanted)
    if key is not None:
        by_key = {item[key]: item for item in live if _has(item, key)}
        pairs = [(by_key.get(item[key]), item, item[key]) for item in wanted]
    elif len(live) != len(wanted):
        return path
    else:
        pairs = [(live[i], item, str(i)) for i, item in enumerate(wanted)]
    for is_, should, place in pairs:
        if found := _differs(is_, should, (*path, place)):
            return found
    return None


def _key_of(wanted: Sequence[Any]) -> str | None:
    """What tells the items of a list apart, in whatever order; None where only their places do."""
    keys = ("uid", "name") if wanted else ()
    return next((key for key in keys if all(_has(item, key) for item in wanted)), None)


def _has(item: Any, key: str) -> bool:
    # A record that somebody edited may have anything for a name.
    return isinstance(item, Mapping) and isinstance(item.get(key), str)


def _is_empty(value: Any) -> bool:
    # The API server drops empty values (`env: []`, `value: ""`) that a manifest may carry.
    return value is None or value in ({}, [], (), "")


def _is_quantity(path: Path) -> bool:
    return path[-1] in _QUANTITY_KEYS or (len(path) > 1 and path[-2] in _QUANTITY_PARENTS)


def _equal_quantities(live: Any, wanted: Any) -> bool:
    try:
        return _thousandths(live) == _thousandths(wanted)
    except ValueError:
        return False


def _thousandths(quantity: Any) -> int:
    # The API server rounds amounts of resources up to these (SetDefaults_ResourceList).
    return ceil(parse_quantity(str(quantity)) * 1000)
