"""Projections of watched objects to the fields that the store keeps, to save memory."""

import itertools
from collections import Counter
from collections.abc import Callable
from typing import Any

from inference_operator.api.base import GROUP
from inference_operator.domain.body import Body
from inference_operator.domain.commands import Verb
from inference_operator.domain.freeze import FREEZE_ANNOTATION, LONGEST_REASON
from inference_operator.domain.names import TRACK_LABEL, WEIGHTS_ANNOTATION, revision_labels
from inference_operator.observation.command_setters import setters_of
from inference_operator.observation.interning import Interner
from inference_operator.observation.kinds import (
    ENDPOINT_SLICE,
    NAMESPACE,
    ROUTES,
    UNIT_BY_KIND,
    WATCHED_WHOLE,
    is_labelled,
)

# Fields of `metadata` that are read, besides our own labels. An object may have 1 MiB of others.
_METADATA = frozenset(
    {
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "ownerReferences",
    }
)
SERVICE_NAME_LABEL = "kubernetes.io/service-name"
"""Kubernetes' label of an EndpointSlice."""

_LABELS = (*revision_labels("", "", ""), TRACK_LABEL, SERVICE_NAME_LABEL)
# A Gateway API's limit, and what is read of a condition.
_MOST_PARENTS, _LONGEST_MESSAGE, _LONGEST_CONTROLLER = 32, 1024, 253
_LONGEST_TIME = 40
_READ_OF_ROUTES = ("Accepted", "ResolvedRefs")
FINISHED = ("Failed", "Succeeded")
"""Phases of a pod that has ended; the others are not kept."""

# Commands of people. Others, such as the last applied manifest, take far more room than the object.
_COMMANDS = f"{GROUP}/"
MOST_COMMANDS, LONGEST_COMMAND = 16, 512
_SET_BY_PEOPLE = frozenset(verb.annotation for verb in Verb)
_INTERNER = Interner()


def project(kind: str, body: Body) -> dict[str, Any]:
    """Return the part of an object that the store keeps."""
    if kind in WATCHED_WHOLE and not (is_labelled(body) or body["metadata"].get("ownerReferences")):
        return _name_only(body)
    kept = _PROJECTIONS.get(kind, _without_bookkeeping)(body)
    if kind in UNIT_BY_KIND:
        kept["kind"] = kind  # the items of a list do not have it
        if commands := _commands(body):
            kept["metadata"]["annotations"] = commands
            if setters := setters_of(body["metadata"], commands.keys() & _SET_BY_PEOPLE):
                kept["metadata"]["commandSetters"] = setters
    return {key: _INTERNER.copy(value) for key, value in kept.items()}


def is_uninformative(body: Body) -> bool:
    """Return whether the object is a new pod without any status."""
    return body.get("kind") == "Pod" and not any(body["status"].values())


def _name_only(body: Body) -> dict[str, Any]:
    names = ("namespace", "name", "uid", "resourceVersion")
    return {"metadata": {name: body["metadata"][name] for name in names}}


def _metadata(body: Body) -> dict[str, Any]:
    meta = body["metadata"]
    kept = {key: value for key, value in meta.items() if key in _METADATA}
    labels = meta.get("labels") or {}
    if ours := {key: labels[key] for key in _LABELS if key in labels}:
        kept["labels"] = ours
    return kept


def _commands(body: Body) -> dict[str, str]:
    """Return the annotations of our group, up to a number and a length that no command needs."""
    annotations = body["metadata"].get("annotations") or {}
    ours = sorted(item for item in annotations.items() if item[0].startswith(_COMMANDS))
    short = ((key, text) for key, text in ours if len(key) + len(text) <= LONGEST_COMMAND)
    return dict(itertools.islice(short, MOST_COMMANDS))


def _without_bookkeeping(body: Body) -> dict[str, Any]:
    return {**body, "metadata": _metadata(body)}


def _pod(body: Body) -> dict[str, Any]:
    status = body.get("status") or {}
    containers = {
        name: [_container(item) for item in status[name]]
        for name in ("initContainerStatuses", "containerStatuses")
        if name in status
    }
    listed = status.get("conditions") or ()
    conditions = [_of_pod(item) for item in listed if _is_read(item)]
    if _is_running(status):
        conditions += [_lost_readiness(item) for item in listed if _is_not_ready(item)]
    shown = {**containers, "conditions": conditions}
    if status.get("phase") in FINISHED:
        shown["phase"] = status["phase"]
    kept = {"kind": "Pod", "metadata": _metadata(body), "status": shown}
    if extended := _extended(body.get("spec") or {}):
        kept["spec"] = {"nodeName": str(body["spec"].get("nodeName", "")), "extended": extended}
    return kept


def _extended(spec: Body) -> dict[str, int]:
    """Return the extended resources that a pod has, such as GPUs. Their requests are their
    limits, and they are whole."""
    total: Counter[str] = Counter()
    for container in spec.get("containers") or ():
        limits = (container.get("resources") or {}).get("limits") or {}
        total.update({k: int(v) for k, v in limits.items() if "/" in k and str(v).isdigit()})
    return dict(total)


def _is_read(condition: Body) -> bool:
    # On its way to Ready a pod changes a dozen times in conditions that are never read.
    expected = {"Ready": "True", "PodScheduled": "False"}
    return bool(expected.get(condition["type"]) == condition["status"])


def _is_running(status: Body) -> bool:
    statuses = status.get("containerStatuses") or ()
    return any("running" in (item.get("state") or {}) for item in statuses)


def _is_not_ready(condition: Body) -> bool:
    return bool(condition["type"] == "Ready" and condition["status"] == "False")


def _of_pod(condition: Body) -> dict[str, Any]:
    kept = _condition(condition)
    # Requests of a pod count from some time after it became ready. Another time than that of Ready
    # is never read.
    since = condition.get("lastTransitionTime") if condition["type"] == "Ready" else None
    return kept if since is None else {**kept, "lastTransitionTime": str(since)[:_LONGEST_TIME]}


def _lost_readiness(condition: Body) -> dict[str, Any]:
    # Its message changes with each container that starts; its time does not.
    return {k: condition[k] for k in ("type", "status", "lastTransitionTime") if k in condition}


def _condition(condition: Body) -> dict[str, Any]:
    return {k: condition[k] for k in ("type", "status", "reason", "message") if k in condition}


def _container(status: Body) -> dict[str, Any]:
    names = ("name", "image", "ready", "started", "restartCount", "state", "lastState")
    return {name: status[name] for name in names if name in status}


def _deployment(body: Body) -> dict[str, Any]:
    status = body.get("status") or {}
    failures = [c for c in status.get("conditions") or () if c["type"] == "ReplicaFailure"]
    return {
        **_without_bookkeeping(body),
        "status": {"readyReplicas": status.get("readyReplicas", 0), "conditions": failures},
    }


def _node(body: Body) -> dict[str, Any]:
    spec, status = body.get("spec") or {}, body.get("status") or {}
    meta = body["metadata"]
    allocatable = status.get("allocatable") or {}
    return {
        "kind": "Node",
        "metadata": {
            "name": meta["name"],
            "uid": meta["uid"],
            "labels": meta.get("labels") or {},
            "resourceVersion": meta["resourceVersion"],
        },
        "spec": {name: spec[name] for name in ("taints", "unschedulable") if name in spec},
        "status": {"allocatable": {k: v for k, v in allocatable.items() if "/" in k}},
    }


def _namespace(body: Body) -> dict[str, Any]:
    names = ("name", "uid", "resourceVersion")
    kept = {name: body["metadata"][name] for name in names}
    annotations = body["metadata"].get("annotations") or {}
    if FREEZE_ANNOTATION in annotations:
        # One character more than is shown: it shows that the text is longer.
        reason = str(annotations[FREEZE_ANNOTATION])[: LONGEST_REASON + 1]
        kept["annotations"] = {FREEZE_ANNOTATION: reason}
    return {"kind": NAMESPACE.kind, "metadata": kept}


def _route(body: Body) -> dict[str, Any]:
    parents = (body.get("status") or {}).get("parents") or ()
    kept = _without_bookkeeping(body)
    annotations = body["metadata"].get("annotations") or {}
    if WEIGHTS_ANNOTATION in annotations:
        weights = str(annotations[WEIGHTS_ANNOTATION])[:LONGEST_COMMAND]
        kept["metadata"]["annotations"] = {WEIGHTS_ANNOTATION: weights}
    return {**kept, "status": {"parents": [_parent(item) for item in parents[:_MOST_PARENTS]]}}


def _parent(status: Body) -> dict[str, Any]:
    conditions = [_of_route(c) for c in status["conditions"] if c["type"] in _READ_OF_ROUTES]
    controller = str(status.get("controllerName", ""))[:_LONGEST_CONTROLLER]
    return {
        "parentRef": status["parentRef"],
        "controllerName": controller,
        "conditions": conditions,
    }


def _of_route(condition: Body) -> dict[str, Any]:
    message = str(condition.get("message", ""))[:_LONGEST_MESSAGE]
    return {
        **_condition(condition),
        "message": message,
        "observedGeneration": condition.get("observedGeneration"),
    }


def _endpoint_slice(body: Body) -> dict[str, Any]:
    # Addresses, zones and serving conditions change without meaning anything here.
    ready = [
        endpoint["targetRef"]["name"]
        for endpoint in body.get("endpoints") or ()
        if (endpoint.get("conditions") or {}).get("ready", True) is not False
        and (endpoint.get("targetRef") or {}).get("kind") == "Pod"
    ]
    return {
        "kind": ENDPOINT_SLICE.kind,
        "metadata": _metadata(body),
        "readyPods": sorted(ready),
    }


_PROJECTIONS: dict[str, Callable[[Body], dict[str, Any]]] = {
    "Pod": _pod,
    "Node": _node,
    NAMESPACE.kind: _namespace,
    "Deployment": _deployment,
    ENDPOINT_SLICE.kind: _endpoint_slice,
    **dict.fromkeys((route.kind for route in ROUTES), _route),
}
