"""Frozen rollouts: the canary gets no more clients, unless no stable pod answers."""

from datetime import timedelta

import pytest

from inference_operator.domain.commands import Verb, promote_step
from tests.fakes.bodies import source

from .delivery_harness import at_first_step
from .freezing import freeze, serving
from .test_gateway_steps import CANARY, STABLE, Routed, promote


async def test_edited_steps_change_neither_weight_nor_pods() -> None:
    world, old = await at_first_step()
    new = world.canary
    freeze(world)
    await world.settle()
    world.wants(2, [{"setWeight": 75}, {"pause": {}}])
    await world.later(timedelta(hours=1))
    assert world.deployments == {old: 3, new: 1}
    assert world.status.canary is not None
    assert world.status.canary.weight == 25
    assert world.ready[1] == "Frozen"

    freeze(world, None)
    await world.settle()
    assert world.deployments == {old: 3, new: 3}


@pytest.mark.parametrize("edits", [False, True])
async def test_pods_of_a_step_that_has_begun_do_not_raise_the_share(edits: bool) -> None:
    world, old = await at_first_step(replicas=4)
    new = world.canary
    world.says(Verb.PROMOTE, promote_step(new, 1))
    await world.one_pass()
    assert world.deployments == {old: 4, new: 4}, "its pods are starting"
    freeze(world)
    if edits:
        world.wants(2, [{"setWeight": 75}], replicas=4)
    await world.settle()
    assert world.deployments == {old: 4, new: 1}
    assert world.status.canary is not None
    assert world.status.canary.weight == 20
    await world.later(timedelta(hours=1))
    assert world.ready[1] == "Frozen"

    freeze(world, None)
    await world.settle()
    assert world.deployments == {old: 4, new: 4}


@pytest.mark.parametrize("by_steps", [True, False])
async def test_a_canary_takes_over_where_no_stable_pod_answers(by_steps: bool) -> None:
    world, old = await at_first_step() if by_steps else await serving()
    if not by_steps:
        world.answers = lambda revision: revision == old
        world.user_applies(model=source(2), replicas=2)
        await world.settle()
    new = world.canary
    freeze(world)
    await world.settle()
    world.answers = lambda revision: revision != old
    await world.later(timedelta(minutes=5))
    assert world.served == new
    assert "Promoted" not in world.told[2:]

    world.answers = lambda revision: True
    await world.later(timedelta(minutes=5))
    assert world.status.stable is not None
    assert world.status.stable.revision == old
    assert "Promoted" not in world.told[2:]


async def test_the_weight_of_a_route_falls_and_stays_down() -> None:
    world = Routed()
    world.wants(1)
    await world.settle(world.rounds)
    old = world.selects(STABLE)
    world.wants(2)
    await world.settle(world.rounds)
    freeze(world)
    promote(world)
    await world.later(timedelta(minutes=5))
    assert world.weights("HTTPRoute") == {STABLE: 90, CANARY: 10}
    assert world.ready[1] == "Frozen"

    world.answers = lambda revision: revision == old
    await world.settle(world.rounds)
    assert world.weights("HTTPRoute") == {STABLE: 100, CANARY: 0}
    world.answers = lambda revision: True
    await world.settle(world.rounds)
    assert world.weights("HTTPRoute") == {STABLE: 100, CANARY: 0}

    freeze(world, None)
    await world.settle(world.rounds)
    assert world.weights("HTTPRoute") == {STABLE: 50, CANARY: 50}
    assert world.unsafe() == []
