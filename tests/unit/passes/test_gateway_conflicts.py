"""Hostnames and names that two units want, and clusters without the Gateway API."""

from inference_operator.domain.names import UnitKey
from tests.fakes.bodies import KEY, NAMESPACE, imodel, source
from tests.fakes.gateways import (
    GRPC_HOST,
    HOST,
    ROUTES,
    GatewayHarness,
    rollout,
    serving,
    writes_of,
)

CANARY = "fx-drift-canary"


async def test_without_the_gateway_api_the_unit_serves_and_says_so() -> None:
    world = GatewayHarness()
    world.store.refused |= {*ROUTES}
    world.user_applies(model=source(1), rollout=rollout())
    await world.settle()

    assert world.ready[0] == "True"
    assert writes_of(world, *ROUTES) == []
    status, reason, message = world.condition()
    assert (status, reason) == ("False", "GatewayAPIMissing")
    assert message.startswith("the operator cannot list HTTPRoute and GRPCRoute")

    world.store.refused.clear()
    await world.settle()
    assert world.condition()[:2] == ("True", "Accepted")


async def test_the_older_of_two_units_keeps_a_hostname() -> None:
    world = await serving()
    younger = UnitKey(KEY.kind, NAMESPACE, "fx-late")
    world.cluster.apply_as("kubectl", imodel("fx-late", rollout=rollout()))
    world.cluster.edit(
        KEY.kind, "fx-late", {"metadata": {"creationTimestamp": "2031-02-02T00:00:00Z"}}
    )
    await world.settle(keys=(KEY, younger))

    assert world.condition()[:2] == ("True", "Accepted")
    status, reason, message = world.condition(younger)
    assert (status, reason) == ("False", "HostnameConflict")
    assert f"hostname {HOST} belongs to InferenceModel fx-drift" in message
    assert GRPC_HOST in message
    assert world.weights(name="fx-late") == {}

    world.woken.clear()
    world.cluster.remove(KEY.kind, KEY.name)
    world.watch()
    assert younger in world.woken
    await world.settle(keys=(younger,))
    assert world.condition(younger)[:2] == ("True", "Accepted")


async def test_a_unit_called_as_the_service_of_another_leaves_it_the_name() -> None:
    world = await serving()
    other = UnitKey(KEY.kind, NAMESPACE, CANARY)
    world.cluster.apply_as("kubectl", imodel(CANARY))
    await world.settle(keys=(KEY, other))

    assert world.condition()[:2] == ("True", "Accepted")
    ready = next(c for c in world.status_of(other).conditions if c.type == "Ready")
    assert ready.reason == "ChildRefused"
    assert f"Service/{CANARY} belongs to InferenceModel fx-drift" in ready.message


async def test_no_route_leads_to_a_service_of_another_unit() -> None:
    world = GatewayHarness()
    other = UnitKey(KEY.kind, NAMESPACE, CANARY)
    world.cluster.apply_as("kubectl", imodel(CANARY))
    await world.settle(keys=(other,))
    world.user_applies(model=source(1), rollout=rollout())
    await world.settle(keys=(KEY, other))

    assert writes_of(world, *ROUTES) == []
    assert world.condition()[:2] == ("False", "ChildRefused")
    assert f"Service/{CANARY} belongs to InferenceModel {CANARY}" in world.condition()[2]

    world.woken.clear()
    world.cluster.remove(KEY.kind, CANARY)
    world.cluster.collect_garbage()
    world.watch()
    assert KEY in world.woken
    await world.settle()
    assert world.condition()[:2] == ("True", "Accepted")
