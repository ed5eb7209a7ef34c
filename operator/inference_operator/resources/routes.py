"""Parts that the HTTPRoute and the GRPCRoute of a unit share."""

from collections.abc import Mapping
from typing import Any

from inference_operator.api.gateway import Gateway, ParentRef
from inference_operator.domain.names import WEIGHTS_ANNOTATION, Backend, track_service_name
from inference_operator.domain.serving_unit import Owner
from inference_operator.resources.metadata import Manifest, unit_metadata

API_VERSION = "gateway.networking.k8s.io/v1"
_GATEWAY_GROUP = API_VERSION.partition("/")[0]


def route(
    owner: Owner, gateway: Gateway, hostnames: tuple[str, ...], rules: list[Manifest], canary: int
) -> Manifest:
    """Return metadata and spec of a route; `canary` is the share of NAME-canary in percent.

    All defaults of the API server are written, so that each other value is drift.
    """
    return {
        "metadata": _metadata(owner, canary),
        "spec": {
            "parentRefs": [_parent(parent) for parent in gateway.parent_refs],
            "hostnames": list(hostnames),
            "rules": rules,
        },
    }


def with_weights(owner: Owner, live: Mapping[str, Any], port: int, canary: int) -> Manifest:
    """Return a live route, which has a rule, with other weights: all else stays."""
    *others, last = live["spec"]["rules"]
    rules = [*others, {**last, "backendRefs": backend_refs(owner, port, canary)}]
    return {
        "apiVersion": API_VERSION,
        "kind": live["kind"],
        "metadata": _metadata(owner, canary),
        "spec": {**live["spec"], "rules": rules},
    }


def backend_refs(owner: Owner, port: int, canary: int) -> list[Manifest]:
    """Return the two Services with their weights, of which the sum is 100."""
    weights = {Backend.STABLE: 100 - canary, Backend.CANARY: canary}
    return [_backend(owner, backend, port, weight) for backend, weight in weights.items()]


def only_canary(owner: Owner, port: int) -> list[Manifest]:
    """Return NAME-canary alone, for requests with a header."""
    return [_backend(owner, Backend.CANARY, port, 1)]


def header_match(gateway: Gateway) -> list[Manifest]:
    """Return the match of the spec's header; empty without one."""
    if gateway.header is None:
        return []
    return [{"type": "Exact", "name": gateway.header.name, "value": gateway.header.value}]


def _metadata(owner: Owner, canary: int) -> Manifest:
    # A weight that differs from the annotation is another client's.
    weights = {WEIGHTS_ANNOTATION: f"{100 - canary}/{canary}"}
    return {**unit_metadata(owner, owner.key.name), "annotations": weights}


def _backend(owner: Owner, backend: Backend, port: int, weight: int) -> Manifest:
    name = track_service_name(owner.key.name, backend)
    return {"group": "", "kind": "Service", "name": name, "port": port, "weight": weight}


def _parent(parent: ParentRef) -> Manifest:
    written = parent.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {"group": _GATEWAY_GROUP, "kind": "Gateway", **written}
