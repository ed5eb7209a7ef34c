"""Passes over a unit with a gateway: its routes, who changed them, and what is kept meanwhile."""

from typing import Any

import pytest

from tests.fakes.bodies import KEY, source
from tests.fakes.cluster import CrashedError
from tests.fakes.gateways import HOST, ROUTES, GatewayHarness, accepted, rollout, serving, writes_of
from tests.fakes.harness import crash_at, refuse

STABLE, CANARY = "fx-drift-stable", "fx-drift-canary"


async def test_a_unit_with_a_gateway_gets_services_and_routes() -> None:
    world = await serving(header={"name": "x-canary", "value": "always"})

    route = world.cluster.live("HTTPRoute", KEY.name)
    assert route is not None
    assert route["spec"]["hostnames"] == [HOST]
    testers, all_requests = route["spec"]["rules"]
    assert [ref["name"] for ref in testers["backendRefs"]] == [CANARY]
    assert testers["matches"][0]["headers"] == [
        {"type": "Exact", "name": "x-canary", "value": "always"}
    ]
    assert {ref["name"]: ref["weight"] for ref in all_requests["backendRefs"]} == {
        STABLE: 100,
        CANARY: 0,
    }
    assert world.weights("GRPCRoute") == {STABLE: 100, CANARY: 0}
    assert world.selects(STABLE) == world.selects(CANARY) == world.served
    assert world.condition()[:2] == ("True", "Accepted")
    assert world.ready[0] == "True"


async def test_only_the_routes_that_were_asked_for_are_made() -> None:
    world = await serving(grpc=None)

    assert world.cluster.all("GRPCRoute") == []
    assert world.weights() == {STABLE: 100, CANARY: 0}


async def test_a_unit_without_a_gateway_has_none_of_it() -> None:
    world = GatewayHarness()
    world.user_applies(model=source(1))
    await world.settle()

    assert world.condition() == ("", "", "")
    assert writes_of(world, *ROUTES) == []
    assert [body["metadata"]["name"] for body in world.cluster.all("Service")] == [KEY.name]


async def test_a_new_version_is_promoted_by_the_routes_and_ends_at_the_stable_service() -> None:
    world = await serving()
    old = world.served
    world.user_applies(model=source(2), rollout=rollout())
    await world.settle(40)

    assert world.served != old
    assert world.weights() == world.weights("GRPCRoute") == {STABLE: 100, CANARY: 0}
    assert world.selects(STABLE) == world.selects(CANARY) == world.served
    assert list(world.deployments) == [world.served]
    assert "DriftRepaired" not in world.event_reasons


async def test_nothing_is_deleted_before_weight_0_is_effective() -> None:
    world = await serving()
    old = world.served
    world.user_applies(model=source(2), rollout=rollout())
    # The gateway takes over no weight from now on.
    world.answer = lambda route: None
    await world.settle(40)

    assert old in world.deployments
    assert set(world.weights().values()) == {0, 100}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "False", "reason": "NotAllowedByListeners", "message": "no"}, "GatewayRefused"),
        ({"observedGeneration": 0}, "Progressing"),
    ],
)
async def test_the_words_of_the_gateway_are_told(changes: dict[str, Any], reason: str) -> None:
    world = GatewayHarness()
    world.answer = lambda route: accepted(route, **changes)
    world.user_applies(model=source(1), rollout=rollout())
    await world.settle()

    status, told_reason, message = world.condition()
    assert (status, told_reason) == ("False" if reason == "GatewayRefused" else "Unknown", reason)
    if reason == "GatewayRefused":
        assert message == (
            "Gateway gateways/public refuses the HTTPRoute (Accepted): NotAllowedByListeners: no"
        )


async def test_the_status_of_a_gateway_that_the_spec_does_not_name_is_ignored() -> None:
    world = GatewayHarness()

    def answer(route: dict[str, Any]) -> dict[str, Any]:
        parents = accepted(route)["status"]["parents"]
        stray = accepted(route, status="False", reason="Gone")["status"]["parents"][0]
        stray = {**stray, "parentRef": {"name": "former", "namespace": "gateways"}}
        return {"status": {"parents": [stray, *parents]}}

    world.answer = answer
    world.user_applies(model=source(1), rollout=rollout())
    await world.settle()

    assert world.condition()[:2] == ("True", "Accepted")


def third_backend(rules: list[dict[str, Any]]) -> None:
    rules[-1]["backendRefs"].append({"name": "else", "port": 8000, "weight": 50})


def other_weight(rules: list[dict[str, Any]]) -> None:
    rules[-1]["backendRefs"][1]["weight"] = 30


def no_header(rules: list[dict[str, Any]]) -> None:
    del rules[0]


def mirror(rules: list[dict[str, Any]]) -> None:
    rules[-1]["filters"] = [{"type": "RequestMirror"}]


@pytest.mark.parametrize("edit", [third_backend, other_weight, no_header, mirror])
@pytest.mark.parametrize("kind", ROUTES)
async def test_what_somebody_changed_in_a_route_is_put_back_in_one_pass(
    kind: str, edit: Any
) -> None:
    world = await serving(header={"name": "x-canary", "value": "always"})
    before = world.cluster.live(kind, KEY.name)
    assert before is not None
    rules = world.cluster.live(kind, KEY.name)["spec"]["rules"]  # type: ignore[index]
    edit(rules)
    world.cluster.edit(kind, KEY.name, {"spec": {"rules": rules}})
    await world.one_pass()

    after = world.cluster.live(kind, KEY.name)
    assert after is not None
    assert after["spec"] == before["spec"]
    await world.settle()
    assert world.event_reasons.count("DriftRepaired") == 1


async def test_an_edit_of_the_gateway_is_a_decision_and_no_drift() -> None:
    world = await serving()
    world.user_applies(
        model=source(1), rollout=rollout(http={"hostnames": ["other.example.com"]}, grpc=None)
    )
    await world.settle()

    route = world.cluster.live("HTTPRoute", KEY.name)
    assert route is not None
    assert route["spec"]["hostnames"] == ["other.example.com"]
    assert world.cluster.all("GRPCRoute") == []
    assert "DriftRepaired" not in world.event_reasons


async def test_routes_go_before_their_services_when_the_gateway_is_removed() -> None:
    world = await serving()
    world.user_applies(model=source(1))
    count = len(world.cluster.writes)
    await world.settle()

    deleted = [r.kind for r in world.cluster.writes[count:] if r.verb == "delete"]
    assert sorted(deleted[:2]) == sorted(ROUTES)
    assert deleted[2:] == ["Service", "Service"]
    assert world.condition() == ("", "", "")


async def test_a_service_stays_while_the_deletion_of_a_route_to_it_fails() -> None:
    world = await serving()
    world.user_applies(model=source(1))
    world.cluster.before = refuse(lambda r: r.verb == "delete" and r.kind == "HTTPRoute")
    await world.settle(3)

    assert world.cluster.live("GRPCRoute", KEY.name) is None
    assert world.selects(STABLE) == world.selects(CANARY) == world.served


async def test_no_route_is_written_before_its_services_are() -> None:
    world = GatewayHarness()
    world.cluster.before = refuse(lambda r: r.is_write and r.name == CANARY)
    world.user_applies(model=source(1), rollout=rollout())
    await world.settle(3)

    assert writes_of(world, *ROUTES) == []
    assert world.selects(STABLE) is not None


async def test_an_invalid_edit_keeps_the_routes_even_if_it_removes_the_gateway() -> None:
    world = await serving()
    before = [world.cluster.live(kind, KEY.name) for kind in ROUTES]
    broken = {"source": {"uri": "gopher://x"}, "format": "onnx"}
    world.user_applies(model=broken)
    await world.settle()

    assert world.ready[1] == "InvalidSpec"
    assert [world.cluster.live(kind, KEY.name) for kind in ROUTES] == before


async def test_weights_move_back_while_the_spec_is_invalid() -> None:
    world = await serving()
    broken = {"source": {"uri": "gopher://x"}, "format": "onnx"}
    world.user_applies(model=broken, rollout=rollout(http={"hostnames": ["new.example.com"]}))
    route = world.cluster.live("HTTPRoute", KEY.name)
    assert route is not None
    rules = route["spec"]["rules"]
    other_weight(rules)
    world.cluster.edit("HTTPRoute", KEY.name, {"spec": {"rules": rules}})
    await world.settle()

    route = world.cluster.live("HTTPRoute", KEY.name)
    assert route is not None
    assert world.weights() == {STABLE: 100, CANARY: 0}
    assert route["spec"]["hostnames"] == [HOST]


async def test_an_emptied_route_does_not_end_the_passes_of_an_invalid_spec() -> None:
    world = await serving()
    broken = {"source": {"uri": "gopher://x"}, "format": "onnx"}
    world.user_applies(model=broken, rollout=rollout())
    world.cluster.edit("GRPCRoute", KEY.name, {"spec": {"rules": []}})
    await world.settle()

    assert world.ready[1] == "InvalidSpec"
    assert world.cluster.live("GRPCRoute", KEY.name) is not None


async def promote(world: GatewayHarness) -> None:
    world.user_applies(model=source(2), rollout=rollout())
    await world.settle(40)


def outcome(world: GatewayHarness) -> tuple[Any, ...]:
    routes = [world.weights(kind) for kind in ROUTES]
    services = [world.selects(name) for name in (KEY.name, STABLE, CANARY)]
    return routes, services, world.deployments, world.ready[:2], world.condition()[:2]


async def test_the_operator_that_ends_at_any_write_of_a_promotion_comes_to_the_same_end() -> None:
    whole = await serving()
    first = len(whole.cluster.writes)
    await promote(whole)
    last = len(whole.cluster.writes)

    for number in range(first + 1, last + 1):
        world = await serving()
        world.cluster.after = crash_at(number)
        try:
            await promote(world)
        except CrashedError:
            world.cluster.after = None
            world.start()
            await world.settle(40)
        assert outcome(world) == outcome(whole), number
