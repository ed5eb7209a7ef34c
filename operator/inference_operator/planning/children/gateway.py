"""The desired routes and Services of a unit with a gateway, and who changed them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from inference_operator.api.conditions import ConditionStatus, ConditionType
from inference_operator.api.gateway import Gateway
from inference_operator.domain.gateway import GRPC_ROUTE, HTTP_ROUTE, GatewayView, Routing
from inference_operator.domain.names import (
    WEIGHTS_ANNOTATION,
    Backend,
    ChildKey,
    headless_name,
    track_service_name,
)
from inference_operator.domain.observed import Observed
from inference_operator.domain.serving_unit import Owner
from inference_operator.resources.grpc_route import grpc_route
from inference_operator.resources.http_route import http_route
from inference_operator.resources.metadata import Manifest
from inference_operator.resources.pod import GRPC_PORT, HTTP_PORT
from inference_operator.resources.routes import with_weights
from inference_operator.resources.service import selected_revision, track_service

_RENDERERS: Mapping[str, Callable[[Owner, Gateway, tuple[str, ...], int], Manifest]] = {
    HTTP_ROUTE: http_route,
    GRPC_ROUTE: grpc_route,
}
_PORTS = {HTTP_ROUTE: HTTP_PORT, GRPC_ROUTE: GRPC_PORT}
ROUTE_KINDS = frozenset(_RENDERERS)


def gateway_manifests(seen: Observed, routing: Routing | None) -> Iterator[Mapping[str, Any]]:
    """Yield the two Services, and the routes to them. No route leads to a Service of another
    owner."""
    view = seen.children.gateway
    if view is None or routing is None:
        return
    for backend, revision in routing.backends.items():
        yield track_service(seen.owner, backend, revision)
    if stays(seen, routing):
        return
    for kind, canary in routing.canary_weights.items():
        if kind not in view.unseen and (manifest := _route(seen, view, kind, canary)):
            yield manifest


def stays(seen: Observed, routing: Routing | None) -> frozenset[ChildKey]:
    """Return the routes that are not deleted although no manifest has them: those that the operator
    cannot list, or that would lead to a Service of another owner."""
    view, name = seen.children.gateway, seen.owner.key.name
    if view is None or routing is None:
        return frozenset()
    services = {ChildKey("Service", track_service_name(name, backend)) for backend in Backend}
    kinds = ROUTE_KINDS if services & seen.children.name_conflicts.keys() else view.unseen
    return frozenset(ChildKey(kind, name) for kind in kinds)


def comes_after(seen: Observed, key: ChildKey, *, is_deletion: bool) -> list[ChildKey]:
    """Return the writes of routes or Services that must succeed before this one.

    A route leads only to a Service that exists, so it is written after its Services, and deleted
    before them.
    """
    name = seen.owner.key.name
    if key.kind in ROUTE_KINDS and not is_deletion:
        return [ChildKey("Service", track_service_name(name, backend)) for backend in Backend]
    if is_track_service(seen, key) and is_deletion:
        return [ChildKey(kind, name) for kind in sorted(ROUTE_KINDS)]
    return []


def is_of_gateway(seen: Observed, key: ChildKey) -> bool:
    """Return whether only a unit with a gateway has such a child."""
    return key.kind in ROUTE_KINDS or is_track_service(seen, key)


def is_track_service(seen: Observed, key: ChildKey) -> bool:
    name = seen.owner.key.name
    return key.kind == "Service" and key.name not in (name, headless_name(name))


def were_whole(seen: Observed) -> bool:
    """Return whether the routes were whole according to the last status, and nothing that decides
    about them has changed since. Another client made each difference then."""
    condition = seen.status.condition(ConditionType.GATEWAY_PROGRAMMED)
    is_whole = condition is not None and condition.status is ConditionStatus.TRUE
    is_same = seen.status.observed_generation == seen.generation
    view = seen.children.gateway
    return is_whole and is_same and view is not None and not view.rivals


def is_own_difference(seen: Observed, live: Mapping[str, Any], where: str) -> bool:
    """Return whether the operator itself wrote what now differs at `where`."""
    if live["kind"] in ROUTE_KINDS:
        return where.endswith(WEIGHTS_ANNOTATION) or not were_whole(seen)
    # NAME-canary selects any revision that was a canary once.
    revisions = {*seen.children.revisions, *seen.children.deployments}
    return where.startswith("spec.selector") and selected_revision(live) in revisions


def _route(seen: Observed, view: GatewayView, kind: str, canary: int) -> Manifest | None:
    """Return the route; without a spec the live one, or None if somebody emptied that."""
    if view.spec is None:
        live = seen.children.live[ChildKey(kind, seen.owner.key.name)]
        is_empty = view.routes[kind].leads_nowhere
        return None if is_empty else with_weights(seen.owner, live, _PORTS[kind], canary)
    return _RENDERERS[kind](seen.owner, view.spec, view.hostnames[kind], canary)
