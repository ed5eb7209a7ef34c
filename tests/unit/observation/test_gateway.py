"""What the operator sees of routes, of the Services behind them, and of their endpoints."""

from typing import Any

import pytest

from inference_operator.domain.gateway import GatewayView, RouteView, read_gateway
from inference_operator.domain.names import Backend, revision_selector, unit_labels
from inference_operator.domain.traffic import Traffic
from inference_operator.observation.gateway import route_view
from inference_operator.observation.observe import observe
from inference_operator.observation.store import Store
from tests.fakes.bodies import KEY, NAMESPACE, imodel, pod, stored
from tests.fakes.gateways import PARENT, accepted, rollout

STABLE, CANARY = Backend.STABLE, Backend.CANARY
OWNER = {"kind": KEY.kind, "name": KEY.name, "uid": "uid-of-owner", "controller": True}


def meta(name: str, **more: Any) -> dict[str, Any]:
    labels = {**unit_labels(KEY.kind, KEY.name), **more.pop("labels", {})}
    named = {"name": name, "namespace": NAMESPACE, "labels": labels}
    return {**named, "ownerReferences": [OWNER], "generation": 3, **more}


def ref(name: str, weight: int) -> dict[str, Any]:
    return {"name": name, "port": 8000, "weight": weight}


def route(stable: int, canary: int, *others: dict[str, Any], **changes: Any) -> dict[str, Any]:
    refs = [ref("fx-drift-stable", stable), ref("fx-drift-canary", canary)]
    body = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": meta(KEY.name),
        "spec": {"parentRefs": [PARENT], "rules": [*others, {"backendRefs": refs}]},
    }
    return stored({**body, **accepted(body)} | changes, uid="uid-of-route", generation=3)


def service(backend: Backend, revision: str) -> dict[str, Any]:
    name = f"{KEY.name}-{backend}"
    selector = revision_selector(KEY.kind, KEY.name, revision)
    body = {"kind": "Service", "metadata": meta(name), "spec": {"selector": selector}}
    return stored(body, uid=f"uid-of-{name}")


def endpoint(name: str, **conditions: bool) -> dict[str, Any]:
    return {
        "addresses": ["192.0.2.7"],
        "conditions": conditions,
        "targetRef": {"kind": "Pod", "name": name},
    }


def endpoint_slice(
    backend: Backend, *endpoints: dict[str, Any], version: int = 1
) -> dict[str, Any]:
    name = f"{KEY.name}-{backend}"
    labels = {
        **unit_labels(KEY.kind, KEY.name),
        "inference.aipx.io/track": str(backend),
        "kubernetes.io/service-name": name,
    }
    return {
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{name}-x",
            "namespace": NAMESPACE,
            "labels": labels,
            "uid": f"uid-of-{name}-x",
            "resourceVersion": str(version),
        },
        "endpoints": list(endpoints),
    }


def view_of(*bodies: dict[str, Any], refused: str = "") -> tuple[GatewayView, Traffic]:
    store = Store()
    if refused:
        store.refused.add(refused)
    unit = imodel(rollout=rollout(grpc=None))
    for body in (stored(unit), *bodies):
        store.put(body["kind"], body)
    seen = observe(store, KEY)
    assert seen is not None
    assert seen.children.gateway is not None
    return seen.children.gateway, seen.children.traffic


def both(stable: str = "aaa", canary: str = "bbb") -> tuple[dict[str, Any], ...]:
    return service(STABLE, stable), service(CANARY, canary)


def test_the_weights_are_those_of_the_route_and_the_services() -> None:
    view, traffic = view_of(route(90, 10), *both())

    assert traffic.weights == {"aaa": 90, "bbb": 10}
    assert (traffic.effective, traffic.trouble) == (True, "")
    assert view.is_free(CANARY) is False


def test_two_services_of_one_revision_add_up() -> None:
    _, traffic = view_of(route(90, 10), *both("aaa", "aaa"))

    assert traffic.weights == {"aaa": 100}


def test_without_a_route_clients_are_where_the_unit_s_service_leads() -> None:
    own = stored(
        {
            "kind": "Service",
            "metadata": meta(KEY.name),
            "spec": {"selector": revision_selector(KEY.kind, KEY.name, "aaa")},
        },
        uid="uid-of-service",
    )
    _, traffic = view_of(own)

    assert (traffic.weights, traffic.effective) == ({"aaa": 100}, False)


@pytest.mark.parametrize(
    ("weights", "shares"),
    [
        ((90, 10), (90, 10)),
        ((1, 0), (100, 0)),
        ((999, 1), (100, 1)),
        ((0, 0), (0, 0)),
        ((3, 3), (50, 50)),
    ],
)
def test_shares_are_percent_and_never_0_for_a_weight(
    weights: tuple[int, int], shares: tuple[int, int]
) -> None:
    seen = route_view(route(*weights), KEY.name)

    assert (seen.weights[STABLE], seen.weights[CANARY]) == shares


def test_a_rule_for_a_header_leads_there_too() -> None:
    seen = route_view(route(100, 0, {"backendRefs": [ref("fx-drift-canary", 1)]}), KEY.name)

    assert seen.beside == {CANARY}
    assert seen.may_lead_to(CANARY)


def without_rules() -> dict[str, Any]:
    return route(1, 1, spec={"parentRefs": [PARENT], "rules": []})


def test_a_route_without_rules_leads_nowhere() -> None:
    assert route_view(without_rules(), KEY.name).leads_nowhere


@pytest.mark.parametrize(
    ("changes", "effective"),
    [
        ({}, True),
        ({"observedGeneration": 2}, False),
        ({"status": "False"}, False),
        ({"status": "Unknown"}, False),
    ],
)
def test_a_route_is_effective_when_its_present_generation_is_accepted(
    changes: dict[str, Any], effective: bool
) -> None:
    body = route(100, 0)
    body |= accepted(body, **changes)

    assert route_view(body, KEY.name).effective is effective


def test_each_of_several_gateways_must_accept() -> None:
    body = route(100, 0)
    other = {"name": "inner", "namespace": "gateways"}
    body["spec"]["parentRefs"].append(other)

    assert route_view(body, KEY.name).effective is False
    body |= accepted(body)
    assert route_view(body, KEY.name).effective is True
    body["spec"]["parentRefs"].pop()


def test_the_words_of_a_gateway_are_bounded() -> None:
    body = route(100, 0)
    body |= accepted(body, status="False", reason="No", message="x\x1b" * 99_999)
    store_view, traffic = view_of(body, *both())

    assert len(traffic.trouble) <= 1024
    assert "\x1b" not in traffic.trouble
    assert store_view.routes["HTTPRoute"].effective is False


def test_endpoints_are_told_by_the_revisions_of_their_pods() -> None:
    pods = [
        stored(pod(revision, name=f"fx-drift-{revision}-0", ready=True), uid=f"uid-{revision}")
        for revision in ("aaa", "bbb")
    ]
    slices = [
        endpoint_slice(STABLE, endpoint("fx-drift-aaa-0", ready=True)),
        endpoint_slice(
            CANARY, endpoint("fx-drift-bbb-0", ready=True), endpoint("else", ready=True)
        ),
    ]
    view, _ = view_of(*both(), *pods, *slices)

    assert view.backends[STABLE].endpoints == {"aaa"}
    assert view.backends[STABLE].is_ready
    assert view.backends[CANARY].endpoints == {"bbb", ""}
    assert not view.backends[CANARY].is_ready


def test_an_endpoint_that_is_not_ready_is_none() -> None:
    ready = stored(pod("aaa", name="fx-drift-aaa-0", ready=True), uid="uid-of-pod")
    view, _ = view_of(
        *both(), ready, endpoint_slice(STABLE, endpoint("fx-drift-aaa-0", ready=False))
    )

    assert view.backends[STABLE].endpoints == frozenset()


def test_of_a_slice_only_ready_pods_matter() -> None:
    store = Store()
    store.put("EndpointSlice", endpoint_slice(STABLE, endpoint("a", ready=True)))
    zoned = {**endpoint("a", ready=True, serving=True), "zone": "z", "nodeName": "n"}

    assert not store.put("EndpointSlice", endpoint_slice(STABLE, zoned, version=2))
    assert store.put("EndpointSlice", endpoint_slice(STABLE, version=3))


@pytest.mark.parametrize("refused", ["HTTPRoute", "EndpointSlice"])
def test_what_cannot_be_listed_is_not_effective_and_keeps_all_pods(refused: str) -> None:
    view, traffic = view_of(route(100, 0), *both(), refused=refused)

    assert traffic.effective is False
    assert traffic.trouble == f"the operator cannot list {refused}"
    assert view.may_lead_to("aaa")
    assert view.may_lead_to("bbb")
    assert not view.is_free(CANARY)


def test_a_kind_that_the_unit_does_not_use_may_be_refused() -> None:
    _, traffic = view_of(route(100, 0), *both(), refused="GRPCRoute")

    assert traffic.effective is True


def test_a_section_that_cannot_be_read_leaves_the_routes() -> None:
    assert read_gateway({"parentRefs": []}) is None
    weights = {STABLE: 100, CANARY: 0}
    view = GatewayView(None, {}, {"HTTPRoute": RouteView(weights, effective=True)})

    assert view.kinds == ("HTTPRoute",)
    assert view.traffic(Traffic.to("aaa")).effective is True
