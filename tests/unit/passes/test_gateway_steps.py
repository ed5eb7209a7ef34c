"""Rollouts by steps through a gateway: shares, safety after each write, and crashes at each."""

from datetime import timedelta

import pytest

from inference_operator.domain.commands import Verb, promote_step
from tests.fakes.bodies import KEY, source
from tests.fakes.gateways import ROUTES, GatewayHarness, rollout
from tests.fakes.harness import crash_at

from .steered_harness import Deed, SteeredHarness, abort, later, tell

STABLE, CANARY = f"{KEY.name}-stable", f"{KEY.name}-canary"
STEPS = [{"setWeight": 10}, {"pause": {}}, {"setWeight": 50}, {"pause": {"duration": "1m"}}]


class Routed(SteeredHarness, GatewayHarness):
    """A gateway, and a model of 4 replicas whose versions come by steps."""

    def wants(self, number: int) -> None:
        parts = rollout()
        canary = {**parts["canary"], "steps": STEPS, "abortScaleDownDelay": "10s"}
        delays = {**parts, "canary": canary, "scaleDownDelay": "10s"}
        self.user_applies(model=source(number), rollout=delays, replicas=4)

    rounds = 40

    def check(self) -> None:
        assert self.unsafe() == []

    def unsafe(self) -> list[str]:
        """Return the routes that lead clients to a Service without pods that answer."""
        ready = {
            revision
            for revision, replicas in self.deployments.items()
            if replicas and self.answers(revision)
        }
        return [
            f"{kind} leads {weight} % to {name}, which selects {self.selects(name)}"
            for kind in ROUTES
            for name, weight in self.weights(kind).items()
            if weight and self.selects(name) not in ready
        ]


def edit(number: int) -> Deed[Routed]:
    return lambda world: world.wants(number)


def promote(world: Routed) -> None:
    world.says(Verb.PROMOTE, promote_step(world.canary, 1))


BEGUN: tuple[Deed[Routed], ...] = (edit(1), edit(2))
STORIES: dict[str, tuple[Deed[Routed], ...]] = {
    "promotion": (*BEGUN, promote, later(60), later(11)),
    "abort": (*BEGUN, promote, abort, later(11)),
    "replaced canary": (*BEGUN, promote, edit(3), later(11)),
    "going back": (*BEGUN, promote, edit(1), later(11)),
}


def final(world: Routed) -> object:
    status = world.status
    return (
        world.served,
        world.deployments,
        [world.weights(kind) for kind in ROUTES],
        world.selects(STABLE),
        world.selects(CANARY),
        world.ready,
        status.phase,
        status.stable,
        status.canary,
        [(d.reason, d.source, d.target) for d in status.decisions],
    )


async def test_the_routes_have_the_weights_of_the_steps() -> None:
    world = Routed()
    await tell(world, BEGUN)
    old, new = world.served, world.canary
    assert world.weights() == world.weights("GRPCRoute") == {STABLE: 90, CANARY: 10}
    assert world.deployments == {old: 4, new: 1}
    assert world.status.canary is not None
    assert world.status.canary.weight == 10
    assert world.ready[2].startswith(
        f"revision {new} gets 10 % of the requests,"
        f" revision {old} 90 %; step 2 of 4: pause until somebody promotes"
    )

    await tell(world, (promote,))
    assert world.weights() == {STABLE: 50, CANARY: 50}
    assert world.deployments == {old: 4, new: 2}

    await tell(world, (later(60),))
    assert world.weights() == {STABLE: 100, CANARY: 0}
    assert world.selects(STABLE) == world.selects(CANARY) == world.served == new
    assert world.ready[0] == "True"
    await tell(world, (later(11),))
    assert world.deployments == {new: 4}
    assert "DriftRepaired" not in world.event_reasons


async def test_an_abort_takes_all_clients_back_in_one_write_of_each_route() -> None:
    world = Routed()
    await tell(world, (*BEGUN, promote))
    new, before = world.canary, len(world.cluster.writes)
    world.says(Verb.ABORT, new)
    await world.one_pass()
    routes = [request.kind for request in world.cluster.writes[before:] if request.kind in ROUTES]
    assert sorted(routes) == sorted(ROUTES)
    assert world.weights() == world.weights("GRPCRoute") == {STABLE: 100, CANARY: 0}
    await world.settle(40)
    assert new in world.deployments
    assert world.ready[1] == "RolloutAborted"


async def test_a_gateway_that_takes_over_no_weight_stops_the_rollout() -> None:
    world = Routed()
    await tell(world, (edit(1),))
    world.answer = lambda route: None
    world.wants(2)
    await world.settle(40)
    assert set(world.weights().values()) == {90, 10}
    assert "step 1 of 4: setWeight 10: clients are being moved" in world.ready[2]

    await world.later(timedelta(minutes=10))
    assert world.ready[1] == "RolloutAborted"
    assert "has not reported Accepted and ResolvedRefs of generation 2" in world.ready[2]
    assert world.weights() == {STABLE: 100, CANARY: 0}


@pytest.mark.parametrize("name", STORIES)
async def test_no_route_leads_to_a_service_without_pods_after_any_write(name: str) -> None:
    world = Routed()
    broken: list[str] = []
    world.cluster.after = lambda request, number: broken.extend(world.unsafe())
    await tell(world, STORIES[name])

    assert broken == []


WRITES = {
    "promotion": (13, 50),
    "abort": (34, 42),
    "replaced canary": (34, 52),
    "going back": (34, 42),
}
"""The first write of each story that no other story has, and the last one."""

CASES = [(name, n) for name, (first, last) in WRITES.items() for n in range(first, last + 1)]
_ENDS: dict[str, object] = {}


async def undisturbed(name: str) -> object:
    """Return the end of a story in which nothing crashes."""
    if name not in _ENDS:
        world = Routed()
        await tell(world, STORIES[name])
        assert len(world.cluster.writes) == WRITES[name][1]
        _ENDS[name] = final(world)
    return _ENDS[name]


@pytest.mark.parametrize(("name", "number"), CASES)
async def test_a_crash_after_any_write_ends_in_the_same_state(name: str, number: int) -> None:
    world = Routed()
    world.cluster.after = crash_at(number)

    assert await tell(world, STORIES[name]) == 1
    assert final(world) == await undisturbed(name)
