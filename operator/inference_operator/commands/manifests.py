"""Manifests in files as what the operator would see of them, without a cluster."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from inference_operator.adapters.cache import Cache
from inference_operator.adapters.kinds import UNIT_BY_KIND
from inference_operator.adapters.observe import observe
from inference_operator.adapters.referrers import references_in
from inference_operator.api.base import API_VERSION
from inference_operator.domain.names import UnitKey
from inference_operator.domain.observed import Observed
from inference_operator.domain.validation import Defaults
from inference_operator.planning.planner import plan
from inference_operator.resources.controller_revision import controller_revision
from inference_operator.resources.metadata import owned

# Stands in for what the API server would give.
NO_UID = "00000000-0000-0000-0000-000000000000"

Body = dict[str, Any]


class InputError(Exception):
    """A file cannot be used; the message says what was found and what was expected."""


def units(filename: str, live: str | None, defaults: Defaults) -> Iterator[Observed]:
    """Each custom resource of a file over what `live` shows of the cluster, in the file's order.

    A pipeline sees what its steps refer to as it is live, else as the file has it, served.
    """
    wanted = documents(filename)
    bodies = [body for body in wanted if body.get("kind") in UNIT_BY_KIND]
    if not bodies:
        kinds = ", ".join(sorted({str(body.get("kind")) for body in wanted})) or "nothing"
        expected = " or an ".join(UNIT_BY_KIND)
        raise InputError(f"{filename}: found {kinds}, expected an {expected}")
    cache = Cache()
    for body in documents(live) if live else ():
        _metadata(body)
        cache.put(str(body.get("kind")), body)
    keys = [_put(cache, body) for body in bodies]
    seen: dict[UnitKey, Observed] = {}
    for key in _inner_first(keys, cache):
        seen[key] = _seen(cache, key, filename)
        _pretend_served(cache, seen[key], defaults)
    yield from (seen[key] for key in keys)


def _seen(cache: Cache, key: UnitKey, filename: str) -> Observed:
    found = observe(cache, key)
    if found is None:
        raise InputError(f"{filename}: {key} has no metadata that can be read")
    return found


def _inner_first(keys: list[UnitKey], cache: Cache) -> list[UnitKey]:
    """Units after those of the same file that they refer to; a circle as it comes."""
    ordered: list[UnitKey] = []

    def add(key: UnitKey, above: tuple[UnitKey, ...]) -> None:
        body = cache.get(key.kind, (key.namespace, key.name)) or {}
        for named in references_in(body.get("spec")):
            inner = UnitKey(named.kind, key.namespace, named.name)
            if inner in keys and inner not in above:
                add(inner, (*above, inner))
        if key not in ordered:
            ordered.append(key)

    for key in keys:
        add(key, (key,))
    return ordered


def _pretend_served(cache: Cache, seen: Observed, defaults: Defaults) -> None:
    """Let those that refer to it see it as it will be, if nothing of it is served yet."""
    made = plan(seen, defaults, datetime.now(UTC))
    record = made.records.get(made.unit.revision) if made.unit else None
    if record is None or seen.status.stable is not None:
        return
    key = seen.owner.key
    kept = owned(controller_revision(seen.owner, record), seen.owner)
    kept["metadata"] |= {"uid": NO_UID, "resourceVersion": "1"}
    cache.put("ControllerRevision", kept)
    body = cache.get(key.kind, (key.namespace, key.name)) or {}
    meta = body["metadata"]
    version = str(int(meta["resourceVersion"]) + 1)
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "Ready",
        "message": "",
        "observedGeneration": meta["generation"],
        "lastTransitionTime": "1970-01-01T00:00:00Z",
    }
    status = {"stable": {"revision": record.revision}, "conditions": [ready]}
    served = {**body, "metadata": {**meta, "resourceVersion": version}, "status": status}
    cache.put(key.kind, served)


def _put(cache: Cache, body: Body) -> UnitKey:
    """The manifest over what is live of it, as the API server would store it."""
    if body.get("apiVersion") != API_VERSION:
        raise InputError(f"apiVersion: found {body.get('apiVersion')!r}, expected {API_VERSION!r}")
    meta = _metadata(body)
    kind = str(body["kind"])
    key = UnitKey(kind, meta.get("namespace", "default"), meta["name"])
    live = cache.get(kind, (key.namespace, key.name)) or {"metadata": {}, "spec": None}
    changed = live["spec"] != body.get("spec")
    known = live["metadata"]
    stored = {
        **live,
        **body,
        "metadata": {
            "uid": NO_UID,
            **known,
            "namespace": key.namespace,
            "name": key.name,
            "generation": known.get("generation", 0) + (1 if changed else 0),
            "resourceVersion": str(int(known.get("resourceVersion", 0)) + 1),
        },
    }
    cache.put(kind, stored)
    return key


def documents(name: str) -> list[Body]:
    """The manifests of a file, or of stdin (`-`); InputError where they cannot be read."""
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
        found = [body for body in yaml.safe_load_all(text) if body]
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{name}: cannot be read as YAML: {error}") from None
    bodies: list[Body] = []
    for body in found:
        bodies.extend(_items(name, body))
    return bodies


def _items(name: str, body: Any) -> list[Body]:
    """The manifest, or those in a List."""
    if not isinstance(body, dict):
        raise InputError(f"{name}: found {type(body).__name__}, expected a manifest")
    if body.get("kind") != "List":
        return [body]
    return [item for one in body.get("items") or () for item in _items(name, one)]


def _metadata(body: Body) -> Body:
    """Its metadata, with a name at least."""
    meta = body.get("metadata") or {}
    if not isinstance(meta, dict):
        raise InputError(f"metadata: found {type(meta).__name__}, expected a map")
    if not meta.get("name"):
        raise InputError("metadata.name: found nothing, expected the name of the resource")
    for field in ("name", "namespace"):
        if not isinstance(meta.get(field, ""), str):
            raise InputError(f"metadata.{field}: found {meta[field]}, expected a string")
    return meta
