"""The routes, Services and endpoints of a unit with a gateway, as planning reads them."""

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from inference_operator.domain.body import Body
from inference_operator.domain.gateway import (
    GRPC_ROUTE,
    HTTP_ROUTE,
    TROUBLE_LENGTH,
    BackendView,
    GatewayView,
    RouteView,
    read_gateway,
    section_of,
)
from inference_operator.domain.message_limits import truncate
from inference_operator.domain.names import Backend, ChildKey, UnitKey, track_service_name
from inference_operator.domain.observed import Pod
from inference_operator.observation.kinds import ENDPOINT_SLICE
from inference_operator.observation.projection import SERVICE_NAME_LABEL
from inference_operator.observation.store import Store
from inference_operator.resources.service import selected_revision

# Kubernetes puts 100 endpoints into a slice: these are more than any unit has.
_MOST_SLICES = 64
_GATEWAY = ("gateway.networking.k8s.io", "Gateway")
_CONDITIONS = ("Accepted", "ResolvedRefs")
Endpoints = Mapping[str, frozenset[str]]


def gateway_view(
    store: Store,
    key: UnitKey,
    spec: object,
    live: Mapping[ChildKey, Body],
    endpoints: Endpoints,
) -> GatewayView | None:
    """Return what a unit with a gateway has; None for one without.

    Without the section in its spec, a unit has a gateway as long as routes or their Services are
    there: the edit that dropped it may be invalid.
    """
    section = section_of(spec)
    if section is None and not _has_left(key, live):
        return None
    section = section or {}
    gateway = read_gateway(section)
    needed = (
        *((HTTP_ROUTE,) if "http" in section else ()),
        *((GRPC_ROUTE,) if "grpc" in section else ()),
        ENDPOINT_SLICE.kind,
    )
    routes = {
        kind: route_view(body, key.name)
        for kind in (HTTP_ROUTE, GRPC_ROUTE)
        if (body := live.get(ChildKey(kind, key.name))) is not None
    }
    return GatewayView(
        spec=gateway,
        backends={
            backend: _backend_view(track_service_name(key.name, backend), live, endpoints)
            for backend in Backend
        },
        routes=routes,
        unseen=tuple(kind for kind in needed if kind in store.refused),
        rivals=store.gateways.rivals(key),
    )


def _has_left(key: UnitKey, live: Mapping[ChildKey, Body]) -> bool:
    """Return whether routes, or the Services behind them, are there."""
    routes = (ChildKey(kind, key.name) for kind in (HTTP_ROUTE, GRPC_ROUTE))
    services = (ChildKey("Service", track_service_name(key.name, backend)) for backend in Backend)
    return any(child in live for child in (*routes, *services))


def ready_endpoints(slices: Iterable[Body], pods: Iterable[Pod]) -> Endpoints:
    """Return the revisions of the ready endpoints of each Service, by EndpointSlices with the
    unit's labels; empty text for a pod that is not known."""
    revisions = {pod.name: pod.revision for pod in pods}
    endpoints: dict[str, frozenset[str]] = {}
    for body in itertools.islice(slices, _MOST_SLICES):
        service = (body["metadata"].get("labels") or {}).get(SERVICE_NAME_LABEL, "")
        ready = {revisions.get(pod, "") for pod in body.get("readyPods") or ()}
        endpoints[service] = endpoints.get(service, frozenset()) | ready
    return endpoints


def _backend_view(name: str, live: Mapping[ChildKey, Body], endpoints: Endpoints) -> BackendView:
    service = live.get(ChildKey("Service", name))
    selected = selected_revision(service) if service is not None else None
    return BackendView(selected, endpoints.get(name, frozenset()))


def route_view(body: Body, unit: str) -> RouteView:
    """Return a live HTTPRoute or GRPCRoute of the unit; its last rule is that for all requests."""
    rules = (body.get("spec") or {}).get("rules") or ()
    *others, last = [_weights(rule, unit) for rule in rules] or [dict.fromkeys(Backend, 0)]
    trouble, effective = _acceptance(body)
    unreported = "" if trouble or effective else _unreported(body)
    return RouteView(
        weights=last,
        effective=effective,
        trouble=truncate(trouble, TROUBLE_LENGTH),
        unreported=truncate(unreported, TROUBLE_LENGTH),
        beside=frozenset(backend for backend in Backend if any(rule[backend] for rule in others)),
    )


def _weights(rule: Body, unit: str) -> dict[Backend, int]:
    """Return the share of each Service in percent. Every share above 0 is at least 1."""
    amounts = [(ref.get("name"), ref.get("weight", 1)) for ref in rule.get("backendRefs") or ()]
    total = sum(weight for _, weight in amounts)
    sums = {
        backend: sum(w for name, w in amounts if name == track_service_name(unit, backend))
        for backend in Backend
    }
    # Rounded up, in whole numbers.
    return {backend: -(-100 * weight // total) if total else 0 for backend, weight in sums.items()}


def _acceptance(body: Body) -> tuple[str, bool]:
    """Return why a Gateway does not accept the route as it is written now, and whether all do.

    Only the Gateways that the route names count: a gateway may leave statuses of earlier ones.
    """
    namespace, kind = body["metadata"].get("namespace", ""), body["kind"]
    generation = body["metadata"].get("generation")
    statuses = (body.get("status") or {}).get("parents") or ()
    parents = (body.get("spec") or {}).get("parentRefs") or ()
    are_good = []
    for parent in parents:
        place = _place(parent, namespace)
        reports = [
            _conditions(item, generation)
            for item in statuses
            if _place(item.get("parentRef") or {}, namespace) == place
        ]
        is_good = any(_holds(report) for report in reports)
        are_good.append(is_good)
        if not is_good and (objection := _objection(reports)) is not None:
            gateway = f"{place[2]}/{place[3]}"
            words = f"{objection.get('reason', '')}: {objection.get('message', '')}"
            return f"Gateway {gateway} refuses the {kind} ({objection['type']}): {words}", False
    return "", bool(are_good) and all(are_good)


def _unreported(body: Body) -> str:
    """Return which Gateway has not reported the present generation of a route, in a sentence with
    its controller and the generation that this has reported last."""
    meta = body["metadata"]
    generation, namespace = meta.get("generation"), meta.get("namespace", "")
    route = f"{body['kind']} {meta['name']}"
    statuses = (body.get("status") or {}).get("parents") or ()
    for parent in (body.get("spec") or {}).get("parentRefs") or ():
        place = _place(parent, namespace)
        own = [s for s in statuses if _place(s.get("parentRef") or {}, namespace) == place]
        if any(_holds(_conditions(item, generation)) for item in own):
            continue
        seen = (_last_generation(item) for item in own)
        last, controller = max(seen, default=(0, ""))
        gateway = f"Gateway {place[2]}/{place[3]}"
        if not controller:
            return f"no controller has reported generation {generation} of {route} for {gateway}"
        return (
            f"controller {controller} has not reported {' and '.join(_CONDITIONS)} of generation"
            f" {generation} of {route} for {gateway}; its last report is of generation {last}"
        )
    return ""


def _last_generation(status: Body) -> tuple[int, str]:
    """Return the newest generation that a controller has reported, and the controller."""
    given = (c.get("observedGeneration") for c in status.get("conditions") or ())
    newest = max((each for each in given if isinstance(each, int)), default=0)
    return newest, status.get("controllerName", "")


def _place(parent: Body, namespace: str) -> tuple[Any, ...]:
    group, kind = _GATEWAY
    return (
        parent.get("group", group),
        parent.get("kind", kind),
        parent.get("namespace", namespace),
        parent.get("name"),
        parent.get("sectionName"),
        parent.get("port"),
    )


def _conditions(status: Body, generation: object) -> dict[str, Body]:
    """Return the conditions of one Gateway about the present generation, by type."""
    conditions = status.get("conditions") or ()
    return {c["type"]: c for c in conditions if c.get("observedGeneration") == generation}


def _holds(report: Mapping[str, Body]) -> bool:
    return all(report.get(kind, {}).get("status") == "True" for kind in _CONDITIONS)


def _objection(reports: Iterable[Mapping[str, Body]]) -> Body | None:
    conditions = (report[kind] for report in reports for kind in _CONDITIONS if kind in report)
    return next((c for c in conditions if c.get("status") == "False"), None)
