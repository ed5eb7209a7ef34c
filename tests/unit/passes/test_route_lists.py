"""Allow-lists of Gateways and hostnames: what is refused, and what served stays as it is."""

from dataclasses import replace
from typing import Any

import pytest

from inference_operator.domain.allow_lists import AllowLists
from tests.fakes.bodies import KEY, source
from tests.fakes.gateways import ROUTES, GatewayHarness, rollout
from tests.fakes.harness import DEFAULTS

LISTED = replace(
    DEFAULTS,
    allowed=AllowLists(gateways=("gateways/*",), hostnames=("*.example.com",)),
)
EVIL: dict[str, dict[str, Any]] = {
    "parentRefs[0]": {"parentRefs": [{"name": "public", "namespace": "bank"}]},
    "http.hostnames[1]": {"http": {"hostnames": ["fx.example.com", "desk.bank.example"]}},
    "grpc.hostnames[0]": {"grpc": {"hostnames": ["*.bank.example"]}},
}


async def serving() -> GatewayHarness:
    world = GatewayHarness()
    world.start(LISTED)
    world.user_applies(model=source(1), rollout=rollout())
    await world.settle()
    assert world.ready[:2] == ("True", "Ready")
    return world


def children(world: GatewayHarness) -> list[tuple[str, Any]]:
    kinds = (*ROUTES, "Service", "Deployment")
    return [(body["kind"], body["spec"]) for kind in kinds for body in world.cluster.all(kind)]


@pytest.mark.parametrize("path", EVIL)
async def test_an_edit_outside_the_lists_is_refused_and_the_routes_stay(path: str) -> None:
    world = await serving()
    before = children(world)
    world.user_applies(model=source(2), rollout=rollout(**EVIL[path]))
    await world.settle()

    assert children(world) == before
    spec_valid = next(c for c in world.status.conditions if c.type == "SpecValid")
    assert (spec_valid.status, spec_valid.reason) == ("False", "NotAllowed")
    assert spec_valid.message.startswith(f"spec.rollout.canary.gateway.{path}: found ")
    assert "expected a value that the platform allows (" in spec_valid.message
    assert "INFERENCE_OPERATOR_ALLOWED_" in spec_valid.message

    world.user_applies(model=source(1), rollout=rollout(), replicas=2)
    await world.settle()
    assert world.ready[:2] == ("True", "Ready")


async def test_a_first_deployment_outside_the_lists_writes_nothing() -> None:
    world = GatewayHarness()
    world.start(LISTED)
    world.user_applies(model=source(1), rollout=rollout(**EVIL["parentRefs[0]"]))
    await world.settle()
    assert children(world) == []
    assert world.ready[:2] == ("False", "NotAllowed")


async def test_a_new_list_leaves_what_serves_and_lets_it_scale() -> None:
    world = await serving()
    world.start(replace(DEFAULTS, allowed=AllowLists(hostnames=("*.bank.example",))))
    before = [body["spec"] for kind in ROUTES for body in world.cluster.all(kind)]
    world.user_applies(model=source(1), rollout=rollout(), replicas=2)
    await world.settle()
    assert [body["spec"] for kind in ROUTES for body in world.cluster.all(kind)] == before
    assert list(world.deployments.values()) == [2]
    world.cluster.remove("HTTPRoute", KEY.name)
    await world.settle()
    assert world.cluster.live("HTTPRoute", KEY.name) is None, (
        "no route outside the lists is written"
    )


async def test_units_without_a_gateway_are_not_concerned() -> None:
    world = GatewayHarness()
    world.start(LISTED)
    world.user_applies(model=source(1))
    await world.settle()
    assert world.ready[:2] == ("True", "Ready")
