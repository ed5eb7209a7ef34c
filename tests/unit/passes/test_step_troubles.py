"""Rollouts by steps that do not go as planned: pods that do not answer, and edits in between."""

from datetime import timedelta
from typing import Any

import pytest

from inference_operator.api.conditions import ConditionType
from inference_operator.domain.commands import Verb, promote_all
from tests.fakes.bodies import source
from tests.fakes.gateways import accepted

from .delivery_harness import Delivery, at_first_step
from .steered_harness import SteeredHarness, tell
from .test_gateway_steps import BEGUN, CANARY, Routed


def available(world: SteeredHarness) -> tuple[str, str]:
    """Return status and message of Available."""
    condition = world.status.condition(ConditionType.AVAILABLE)
    assert condition is not None
    return condition.status.value, condition.message


async def test_a_canary_that_makes_no_progress_is_aborted() -> None:
    world = Delivery()
    world.wants(1)
    await world.settle()
    old = world.served
    world.answers = lambda revision: revision == old
    world.wants(2, rollout={"progressDeadline": "5m"})
    await world.settle()
    await world.later(timedelta(minutes=5))

    assert world.ready[:2] == ("False", "RolloutAborted")
    assert "(progressDeadline 300 s): its model answers on 0 of 1 pod" in world.ready[2]
    assert world.served == old


async def test_a_canary_takes_over_while_no_stable_pod_answers() -> None:
    world, old = await at_first_step(steps=[{"setWeight": 25}, {"pause": {}}])
    new = world.canary
    world.answers = lambda revision: revision == new
    world.run_deployments()
    await world.settle()
    assert world.served == new
    assert world.deployments == {old: 3, new: 3}
    assert world.ready[1] == "StableUnavailable"
    assert available(world) == (
        "True",
        f"revision {new} answers all clients on 3 of 3 replicas, since no pod of revision {old}"
        " answers",
    )

    world.answers = lambda revision: True
    world.run_deployments()
    await world.settle()
    assert world.served is None
    assert world.told[-2:] == ["StableUnavailable", "StableAvailable"]
    assert available(world) == ("True", f"revision {old} answers its clients")


async def test_nobody_is_available_if_no_pod_of_either_revision_answers() -> None:
    world, old = await at_first_step(steps=[{"setWeight": 25}, {"pause": {}}])
    world.answers = lambda revision: False
    world.run_deployments()
    await world.settle()

    assert available(world) == ("False", f"no pod of revision {old} answers")


async def test_it_is_available_again_once_the_gateway_leads_all_clients_to_the_canary() -> None:
    world = Routed()
    await tell(world, BEGUN)
    old, new = world.served, world.canary
    world.answer = lambda route: None
    world.answers = lambda revision: revision == new
    world.run_deployments()
    await world.settle(40)
    assert available(world) == (
        "False",
        f"no pod of revision {old} answers; clients are being led to revision {new}, which answers"
        " on 4 of 4 replicas",
    )

    world.answer = accepted
    world.run_gateway()
    await world.settle(40)
    assert world.weights()[CANARY] == 100
    assert available(world) == (
        "True",
        f"revision {new} answers all clients on 4 of 4 replicas, since no pod of revision {old}"
        " answers",
    )


async def test_a_canary_is_promoted_if_the_stable_revision_stays_away() -> None:
    world, _ = await at_first_step(steps=[{"setWeight": 25}, {"pause": {}}])
    new = world.canary
    world.answers = lambda revision: revision == new
    world.run_deployments()
    await world.settle()
    await world.later(timedelta(minutes=1))

    assert world.status.stable is not None
    assert world.status.stable.revision == new


async def test_an_invalid_spec_keeps_weights_and_sizes() -> None:
    world, old = await at_first_step()
    sizes = world.deployments
    broken: list[Any] = [{"setWeight": 50, "pause": {}}]
    world.wants(4, broken, replicas=1)
    await world.later(timedelta(hours=1))

    assert world.ready[1] == "InvalidSpec"
    assert world.served is None
    assert world.deployments == sizes
    assert old in sizes


async def test_edited_steps_begin_anew() -> None:
    world, old = await at_first_step()
    await world.later(timedelta(minutes=3))
    assert world.step == 3
    world.wants(2, [{"setWeight": 25}, {"pause": {}}])
    await world.settle()

    assert world.step == 1
    assert world.deployments == {old: 3, world.canary: 1}
    assert "StepsChanged" in world.told


async def test_removed_steps_let_all_clients_move_at_once() -> None:
    world, _ = await at_first_step()
    new = world.canary
    world.user_applies(model=source(2), replicas=3)
    await world.settle()

    assert world.served == new
    assert world.ready[1] == "Ready"


async def test_a_person_goes_back_to_a_former_revision() -> None:
    world, old = await at_first_step()
    new = world.canary
    world.says(Verb.PROMOTE, promote_all(new))
    await world.settle()
    world.says(Verb.ROLLBACK, f"{old};from={new}")
    await world.settle()

    assert world.served == old
    assert world.ready[:2] == ("False", "RolledBack")
    assert world.status.phase == "Paused"
    assert {c.type for c in world.status.conditions} >= {"Reconciling"}

    world.wants(3)
    await world.settle()
    assert world.canary not in (old, new)


@pytest.mark.parametrize("dynamic", ["Never", "WhenWeighted"])
async def test_the_stable_revision_keeps_its_pods_unless_it_may_give_some(dynamic: str) -> None:
    world = Delivery()
    rollout = {
        "canary": {"steps": [{"setWeight": 50}, {"pause": {}}], "dynamicStableScale": dynamic}
    }
    for number in (1, 2):
        world.user_applies(model=source(number), rollout=rollout, replicas=8)
        await world.settle()

    assert world.status.stable is not None
    assert world.deployments == (
        {world.status.stable.revision: 4, world.canary: 4}
        if dynamic == "WhenWeighted"
        else {world.status.stable.revision: 8, world.canary: 8}
    )
