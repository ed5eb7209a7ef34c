"""The API server's rules for one object, and the changes of a patch to it."""

from collections.abc import Mapping
from typing import Any

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.observation.kinds import (
    CHILDREN,
    EVENT,
    OF_THE_CLUSTER,
    ROUTES,
    UNIT_BY_KIND,
    UNITS,
)
from tests.fakes.fields import merged
from tests.fakes.json_copy import json_copy

Body = dict[str, Any]
Name = tuple[str, str]

PLURALS = {r.kind: r.plural for r in (*CHILDREN, *UNITS, *OF_THE_CLUSTER, EVENT)}
_ROUTES = {resource.kind for resource in ROUTES}
COUNTS_GENERATIONS = {*UNIT_BY_KIND, *_ROUTES, "Deployment", "PodDisruptionBudget"}
_WITH_STATUS = {
    *COUNTS_GENERATIONS,
    "Pod",
    "Node",
    "Service",
}
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


def name_of(body: Mapping[str, Any]) -> Name:
    meta = body["metadata"]
    return meta.get("namespace", ""), meta["name"]


def created(body: Mapping[str, Any]) -> Body:
    """As a creation stores it: without a status, where that has a request of its own, and with
    defaults."""
    stored: Body = json_copy(dict(body))
    kind = stored["kind"]
    if kind in _WITH_STATUS and kind not in ("Pod", "Node"):
        stored.pop("status", None)
    defaulted: Body = merged(_DEFAULTS.get(kind, {}), stored)
    return defaulted


def merge_patch(live: Any, changes: Mapping[str, Any]) -> Any:
    result = dict(live) if isinstance(live, Mapping) else {}
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        else:
            is_map = isinstance(value, Mapping)
            result[key] = merge_patch(result.get(key), value) if is_map else value
    return result


def patched(live: Body, changes: Mapping[str, Any], subresource: str) -> Body:
    """The status subresource changes nothing but the status, all else everything but it."""
    changed: Body = merge_patch(live, changes)
    if live["kind"] not in _WITH_STATUS:
        return changed
    source, other = (changed, live) if subresource == "status" else (live, changed)
    without_status = {key: value for key, value in other.items() if key != "status"}
    return {**without_status, **({"status": source["status"]} if "status" in source else {})}


def keep_immutable(live: Body, changed: Body) -> None:
    plural, name = PLURALS[live["kind"]], live["metadata"]["name"]
    frozen: list[tuple[str, Any, Any]] = []
    if live["kind"] == "ConfigMap" and live.get("immutable"):
        frozen.append(("data", live.get("data"), changed.get("data")))
    if live["kind"] == "ControllerRevision":
        frozen.append(("data", live["data"], changed["data"]))
    if live["kind"] == "Service" and "clusterIP" in live["spec"]:
        address = live["spec"]["clusterIP"]
        frozen.append(("spec.clusterIP", address, changed["spec"].get("clusterIP", address)))
    if live["kind"] == "Deployment":
        frozen.append(("spec.selector", live["spec"]["selector"], changed["spec"]["selector"]))
    for field, old, new in frozen:
        if old != new:
            message = f'{plural} "{name}" is invalid: {field}: Forbidden: field is immutable'
            raise ApiError(422, "Invalid", message)


def validate(body: Body) -> None:
    plural, name = PLURALS[body["kind"]], body["metadata"]["name"]
    owners = body["metadata"].get("ownerReferences") or ()
    if sum(bool(owner.get("controller")) for owner in owners) > 1:
        raise ApiError(
            422,
            "Invalid",
            f'{plural} "{name}" is invalid: metadata.ownerReferences: Invalid value: Only one'
            " reference can have Controller set to true",
        )
