"""New defaults in stages, for units whose rollouts go by steps, and rollbacks under allow-lists."""

from datetime import timedelta
from typing import Any

import pytest

from inference_operator.domain.commands import Verb, rollback_to
from tests.fakes.bodies import KEY, imodel
from tests.fakes.harness import OperatorHarness

from .judged_harness import ANALYSIS
from .test_allow_lists import LISTED, OLD, serving
from .test_defaults import KEYS, NAMES, NEW_IMAGE, STAGED, images, restart, status

ALLOWED_IMAGE = "nvcr.io/nvidia/tritonserver:26.01-py3"


async def staged(steps: list[dict[str, Any]]) -> OperatorHarness:
    """Return three models after a new default; the first one goes by these steps."""
    world = OperatorHarness()
    for name in NAMES:
        canary = {"steps": steps, "analysis": ANALYSIS}
        parts = {"rollout": {"canary": canary}} if name == KEY.name else {}
        world.cluster.apply_as("kubectl", imodel(name, **parts), force=True)
    await world.settle(keys=KEYS)
    await restart(world, STAGED)
    return world


async def hours_pass(world: OperatorHarness) -> None:
    for _ in range(4):
        world.now += timedelta(hours=1)
        await world.settle(keys=KEYS)


def command(world: OperatorHarness, verb: Verb, value: str) -> None:
    change = {"metadata": {"annotations": {verb.annotation: value}}}
    world.cluster.edit(KEY.kind, KEY.name, change)


@pytest.mark.parametrize("last", [{"pause": {}}, {"analysis": {}}])
async def test_a_unit_that_waits_for_a_person_keeps_nobody_waiting(last: dict[str, Any]) -> None:
    world = await staged([{"setCanaryScale": {"replicas": 1}}, last])
    await hours_pass(world)

    served = images(world)
    assert {name: served[name] for name in NAMES[1:]} == dict.fromkeys(NAMES[1:], NEW_IMAGE)
    canary = status(world, KEY.name).canary
    assert canary is not None, "its own rollout still waits"


async def test_aborted_defaults_are_not_started_again() -> None:
    world = await staged([{"setCanaryScale": {"replicas": 1}}, {"pause": {}}])
    canary = status(world, KEY.name).canary
    assert canary is not None
    command(world, Verb.ABORT, canary.revision)
    await hours_pass(world)

    reasons = [decision.reason for decision in status(world, KEY.name).decisions]
    assert reasons.count("RevisionCreated") == 2
    rollout = status(world, KEY.name).rollout
    assert rollout is not None
    assert rollout.aborted is not None
    assert rollout.aborted.revision == canary.revision


async def test_a_rollback_starts_nothing_that_the_allow_lists_may_forbid() -> None:
    short = {"rollout": {"scaleDownDelay": "1s"}}
    world = await serving(**short)
    old = world.served
    world.user_applies(triton={"image": ALLOWED_IMAGE}, **short)
    await world.settle()
    await world.later(timedelta(hours=1))
    new = world.served
    assert old is not None
    assert new is not None
    world.start(LISTED)
    command(world, Verb.ROLLBACK, rollback_to(old, new))
    await world.settle()

    assert world.served == new
    assert list(world.deployments) == [new]
    assert world.ready[:2] == ("False", "NotAllowed")
    assert f"found revision {old} without pods" in world.ready[2]


async def test_a_rollback_to_what_runs_is_followed_under_allow_lists() -> None:
    world = await serving()
    old = world.served
    world.user_applies(triton={"image": ALLOWED_IMAGE})
    await world.settle()
    new = world.served
    assert old is not None
    assert new is not None
    world.start(LISTED)
    command(world, Verb.ROLLBACK, rollback_to(old, new))
    await world.settle()

    assert world.served == old
    assert OLD["triton"]["image"] in str(world.cluster.all("Deployment"))
    assert world.ready[1] == "RolledBack"
