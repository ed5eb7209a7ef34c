"""Aborted revisions that stay remembered while a person goes back to another one."""

from datetime import timedelta

import pytest

from inference_operator.domain.commands import Verb, retry_of
from tests.fakes.bodies import pod, source, waiting

from .delivery_harness import Delivery, at_first_step, two_served
from .steered_harness import abort

Revisions = list[str]


async def third_aborted() -> tuple[Delivery, Revisions]:
    """Serve two revisions, abort a third one; return the names of all three."""
    world, names = await two_served()
    world.wants(3)
    await world.settle()
    names.append(world.canary)
    abort(world)
    await world.settle()
    await world.later(timedelta(seconds=31))
    assert world.deployments == {names[1]: 3}
    return world, names


async def end_rollback(world: Delivery) -> None:
    world.says(Verb.ROLLBACK, None)
    await world.settle()
    await world.later(timedelta(hours=1))


@pytest.mark.parametrize("to", [0, 1])
async def test_an_aborted_revision_does_not_start_after_a_rollback(to: int) -> None:
    world, names = await third_aborted()
    world.says(Verb.ROLLBACK, f"{names[to]};from={names[2]}")
    await world.settle()
    assert world.served == names[to]
    assert world.ready[1] == "RolledBack"

    await end_rollback(world)
    assert world.served == names[to]
    assert world.deployments == {names[to]: 3}
    assert world.ready[1] == "RolloutAborted"


async def test_a_rollback_that_is_aborted_starts_neither_of_the_two_again() -> None:
    world, names = await third_aborted()
    world.answers = lambda revision: revision == names[1]
    world.says(Verb.ROLLBACK, f"{names[0]};from={names[2]}")
    await world.settle()
    assert world.canary == names[0]
    world.says(Verb.ABORT, names[0])
    await world.settle()
    await world.later(timedelta(hours=1))
    assert world.deployments == {names[1]: 3}
    assert world.ready[1] == "RolloutAborted"

    await end_rollback(world)
    assert world.deployments == {names[1]: 3}
    assert world.ready[1] == "RolloutAborted"
    assert f"revision {names[2]}" in world.ready[2]


@pytest.mark.parametrize("deed", ["edit", "retry"])
async def test_an_edit_or_a_retry_starts_a_revision_in_spite_of_a_rollback_before(
    deed: str,
) -> None:
    world, names = await third_aborted()
    world.says(Verb.ROLLBACK, f"{names[0]};from={names[2]}")
    await world.settle()
    await end_rollback(world)
    assert world.status.canary is None
    if deed == "edit":
        world.wants(4)
    else:
        assert world.status.rollout is not None
        aborted = world.status.rollout.aborted
        assert aborted is not None
        world.says(Verb.RETRY, retry_of(names[2], aborted.time))
    await world.settle()

    assert (world.canary == names[2]) == (deed == "retry")
    assert world.step == 1


async def test_a_spec_that_is_applied_again_after_another_one_is_rolled_out() -> None:
    world, names = Delivery(), []
    for number in (1, 2):
        world.user_applies(model=source(number), replicas=2)
        await world.settle()
        assert world.served is not None
        names.append(world.served)
    world.says(Verb.ROLLBACK, f"{names[0]};from={names[1]}")
    await world.settle()
    assert (world.served, world.ready[1]) == (names[0], "RolledBack")

    for number, served in ((1, names[0]), (2, names[1])):
        world.user_applies(model=source(number), replicas=2)
        await world.settle()
        assert (world.served, world.ready[1]) == (served, "Ready")


async def test_an_abort_at_the_deadline_says_what_was_wrong_with_the_pods() -> None:
    world, old = await at_first_step(rollout={"progressDeadline": "5m"})
    world.wants(3, rollout={"progressDeadline": "5m"})
    world.answers = lambda revision: revision == old
    await world.settle()
    image = waiting("ImagePullBackOff", "denied: the image is private " * 40)
    world.cluster.apply_as("kubelet", pod(world.canary, triton={"state": image}))
    await world.settle()
    assert world.ready[1] == "ImagePullFailed"

    await world.later(timedelta(minutes=5))
    assert world.ready[1] == "RolloutAborted"
    assert "its model answers on 0 of 1 pod; ImagePullFailed: " in world.ready[2]
    assert "the image is private" in world.ready[2]
    assert world.ready[2].endswith("or start it again (`kubectl inference retry`)")
    assert world.ready[2].count(f"revision {old}") == 1
