"""Statuses that are lost in mid-rollout: the stable revision stays the stable one."""

from datetime import timedelta
from typing import Any

import pytest

from tests.fakes.bodies import KEY, source

from .delivery_harness import Delivery
from .steered_harness import SteeredHarness, tell
from .test_gateway_steps import CANARY, STABLE, Routed, edit, promote
from .test_recreate import replaced

LOSSES: dict[str, dict[str, Any]] = {
    "all": {"status": None},
    "rollout": {"status": {"rollout": None}},
    "edited": {"status": {"rollout": "edited", "stable": 1}},
}


async def lose(world: SteeredHarness, loss: str) -> list[str | None]:
    """Lose the status; return the stable revisions of the passes after that."""
    world.cluster.edit(KEY.kind, KEY.name, LOSSES[loss])
    world.start()
    stable: list[str | None] = []
    for _ in range(4):
        await world.one_pass()
        stable.append(world.status.stable.revision if world.status.stable else None)
        world.run_deployments()
    await world.settle(40)
    return stable


@pytest.mark.parametrize("loss", ["all", "rollout"])
@pytest.mark.parametrize("first", [1, 2])
@pytest.mark.parametrize(("weight", "pods"), [(50, {2}), (75, {1, 3})])
async def test_by_replicas_the_label_of_the_service_names_the_stable_revision(
    loss: str, first: int, weight: int, pods: set[int]
) -> None:
    world = Delivery()
    canary = {
        "steps": [{"setWeight": weight}, {"pause": {}}],
        "dynamicStableScale": "WhenWeighted",
    }
    for number in (first, 3 - first):
        world.user_applies(model=source(number), rollout={"canary": canary}, replicas=4)
        await world.settle()
    assert world.status.stable is not None
    old, new = world.status.stable.revision, world.canary
    assert set(world.deployments.values()) == pods

    assert await lose(world, loss) == [old] * 4
    assert world.canary == new
    assert "DriftRepaired" not in world.event_reasons


@pytest.mark.parametrize("loss", ["all", "rollout"])
@pytest.mark.parametrize("first", [1, 2])
async def test_behind_a_gateway_name_stable_selects_the_stable_revision(
    loss: str, first: int
) -> None:
    world = Routed()
    await tell(world, (edit(first), edit(3 - first), promote))
    assert world.status.stable is not None
    old, new = world.status.stable.revision, world.canary
    assert world.weights() == {STABLE: 50, CANARY: 50}

    assert await lose(world, loss) == [old] * 4
    assert world.selects(STABLE) == old
    assert world.canary == new


async def test_a_status_that_was_edited_in_mid_rollout_keeps_what_serves() -> None:
    world = Delivery()
    for number in (1, 2):
        world.wants(number)
        await world.settle()
    assert world.status.stable is not None
    old = world.status.stable.revision

    assert set(await lose(world, "edited")) == {old}


async def test_without_a_label_the_older_of_two_equal_ones_is_stable() -> None:
    world = Delivery()
    for number in (1, 2):
        world.wants(number, [{"setWeight": 50}, {"pause": {}}])
        await world.settle()
    assert world.status.stable is not None
    old = world.status.stable.revision
    label = {"inference.aipx.io/revision": None}
    world.cluster.edit("Service", KEY.name, {"metadata": {"labels": label}})

    assert await lose(world, "all") == [old] * 4
    assert world.canary != old


@pytest.mark.parametrize("rollout", ["edited", None, {"since": 3}, {"previous": "x" * 99}])
async def test_a_lost_rollout_does_not_end_what_returned_after_a_recreation(rollout: Any) -> None:
    world, old = await replaced()
    world.ending = False
    await world.settle()
    await world.later(timedelta(minutes=5))
    before = world.ready
    assert before[1] == "RolloutAborted"
    world.cluster.edit(KEY.kind, KEY.name, {"status": {"rollout": rollout}})
    world.start()
    await world.settle()
    await world.later(timedelta(hours=1))

    assert world.deployments == {old: 1}
    assert world.ready == before
    world.wants(3)
    await world.settle()
    assert len(world.deployments) == 2, "an edit goes on"


@pytest.mark.parametrize("rollout", ["edited", None])
@pytest.mark.parametrize("is_ending", [False, True])
async def test_a_recreation_goes_on_without_its_rollout(rollout: Any, is_ending: bool) -> None:
    world, old = await replaced()
    world.ending = is_ending
    await world.settle()
    before = world.deployments
    world.cluster.edit(KEY.kind, KEY.name, {"status": {"rollout": rollout}})
    world.start()
    await world.settle()
    assert world.deployments == before

    world.ending, world.answers = False, lambda revision: True
    world.run_deployments()
    await world.settle()
    assert world.ready[0] == "True"
    assert world.served != old


@pytest.mark.parametrize("rollout", ["edited", {}, {"recreate": 1}])
@pytest.mark.parametrize("is_ending", [False, True])
async def test_an_invalid_rollout_gives_no_two_revisions_pods(
    rollout: Any, is_ending: bool
) -> None:
    world, _ = await replaced()
    world.ending = is_ending
    await world.settle()
    before = world.deployments
    world.user_applies(model=source(2), rollout=rollout, triton={"image": "no image"})
    await world.settle()

    assert world.ready[1] == "InvalidSpec"
    assert world.deployments == before
