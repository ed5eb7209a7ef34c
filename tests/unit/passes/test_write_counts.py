"""The numbers of writes of each step, with the Events and the status."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from inference_operator.domain.commands import Verb, promote_step
from tests.fakes.bodies import source
from tests.fakes.gateways import rollout as gateway_rollout

from .delivery_harness import Delivery
from .steered_harness import SteeredHarness
from .test_gateway_steps import Routed

MOST_WRITES = 6
ACTIONS: list[dict[str, Any]] = [
    {"setCanaryScale": {"replicas": 1}},
    {"setWeight": 25},
    {"setWeight": 50},
    {"setCanaryScale": {"replicas": 4}},
    {"setWeight": 75},
    {"setCanaryScale": {"matchTrafficWeight": True}},
    {"pause": {"duration": "1m"}},
    {"setWeight": 100},
]
# Each waits for a person then, so that no two of them come in one pass.
PAUSE: dict[str, Any] = {"pause": {}}
STEPS = [step for action in ACTIONS for step in (action, PAUSE)]
WAYS = ["replicas", "replicas, headless", "gateway", "gateway, headless"]


async def started(way: str, dynamic: str) -> SteeredHarness:
    """Return a world in which a model of 4 replicas is edited."""
    world = Routed() if way.startswith("gateway") else Delivery()
    parts = gateway_rollout() if way.startswith("gateway") else {"canary": {}}
    canary = {**parts["canary"], "steps": STEPS, "dynamicStableScale": dynamic}
    settings = {**parts, "canary": canary, "scaleDownDelay": "1h"}
    more = {"service": {"headless": True}} if way.endswith("headless") else {}
    for number in (1, 2):
        await world.settle(40)
        world.user_applies(model=source(number), rollout=settings, replicas=4, **more)
    return world


async def count_writes(world: SteeredHarness, writes: Counter[int]) -> None:
    """Do passes until nothing changes; count the writes of each for the step at which it began."""
    for _ in range(world.rounds):
        rollout, before = world.status.rollout, len(world.cluster.writes)
        await world.one_pass()
        index = rollout.current_step_index if rollout else None
        # The start of the new revision is no step.
        if index is not None:
            writes[index] += len(world.cluster.writes) - before
        world.run_deployments()
        if not world.watch():
            return
    pytest.fail(f"it writes for ever at step {index}: {world.cluster.writes[-6:]}")


@pytest.mark.parametrize("dynamic", ["Never", "WhenWeighted"])
@pytest.mark.parametrize("way", WAYS)
async def test_no_step_takes_more_than_six_writes(way: str, dynamic: str) -> None:
    world, writes = await started(way, dynamic), Counter[int]()
    for index in range(1, len(STEPS), 2):
        await count_writes(world, writes)
        world.now += timedelta(minutes=1)
        await count_writes(world, writes)
        assert world.status.rollout is not None
        assert world.status.rollout.current_step_index == index
        world.says(Verb.PROMOTE, promote_step(world.canary, index))

    assert len(writes) > len(ACTIONS), "some end in the pass of the step before"
    assert max(writes.values()) <= MOST_WRITES, writes


@pytest.mark.parametrize(("weight", "pods"), [(25, 1), (75, 3)])
@pytest.mark.parametrize("under_load", [False, True])
async def test_a_step_that_has_ended_does_not_ask_for_its_pods_again(
    weight: int, pods: int, *, under_load: bool
) -> None:
    parts, world = gateway_rollout(), Routed()
    parts["canary"]["steps"] = [
        {"setCanaryScale": {"replicas": 4}},
        {"setWeight": weight},
        {"setCanaryScale": {"matchTrafficWeight": True}},
        {"pause": {}},
    ]
    world.user_applies(model=source(1), rollout=parts, replicas=4)
    await world.settle(40)
    world.user_applies(model=source(2), rollout=parts, replicas=4)
    for _ in range(world.rounds):
        await world.one_pass(under_load=under_load)
        world.run_deployments()
    before = len(world.cluster.writes)
    await world.one_pass(under_load=under_load)

    assert len(world.cluster.writes) == before, "it writes for ever"
    assert world.status.rollout is not None
    assert world.status.rollout.current_step_index == 3
    assert world.deployments[world.canary] == pods
