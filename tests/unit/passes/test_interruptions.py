"""A crash or an edit in the middle of a pass: the next pass continues from the cluster's state."""

from datetime import timedelta

import pytest

from tests.fakes.bodies import source
from tests.fakes.cluster import CrashedError, Request
from tests.fakes.harness import OperatorHarness, crash_at


def final(world: OperatorHarness) -> object:
    """Return the end of a story, without values that differ from run to run."""
    status = world.status
    return (
        world.served,
        world.deployments,
        sorted(r["revision"] for r in world.cluster.all("ControllerRevision")),
        len(world.cluster.all("ConfigMap")),
        world.ready,
        status.stable,
        status.canary,
        status.phase,
        [(d.reason, d.source, d.target) for d in status.decisions],
    )


async def deploy_and_edit(world: OperatorHarness) -> None:
    world.user_applies(model=source(1), replicas=2)
    await world.settle()
    world.user_applies(model=source(2), replicas=2)
    await world.settle()
    await world.later(timedelta(seconds=31))


@pytest.mark.parametrize("answered", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, 22))
async def test_a_crash_at_any_write_ends_in_the_same_state(number: int, answered: bool) -> None:
    undisturbed = OperatorHarness()
    await deploy_and_edit(undisturbed)

    world = OperatorHarness()
    if answered:
        world.cluster.after = crash_at(number)
    else:
        world.cluster.before = crash_at(number)
    done = 0
    for deed in (
        lambda: world.user_applies(model=source(1), replicas=2),
        lambda: world.user_applies(model=source(2), replicas=2),
        lambda: setattr(world, "now", world.now + timedelta(seconds=31)),
    ):
        deed()
        try:
            await world.settle()
        except CrashedError:
            done += 1
            world.cluster.before = world.cluster.after = None
            world.start()
            await world.settle()

    assert done == (1 if number <= len(undisturbed.cluster.writes) else 0)
    assert final(world) == final(undisturbed)


async def test_the_story_has_as_many_writes_as_crashes_are_tried() -> None:
    world = OperatorHarness()
    await deploy_and_edit(world)

    assert len(world.cluster.writes) == 20


async def test_an_edit_in_the_middle_of_a_pass_waits_for_its_own() -> None:
    world = OperatorHarness()
    world.user_applies(model=source(1))
    await world.settle()
    world.user_applies(model=source(2))
    edits = []

    def edit(request: Request, number: int) -> None:
        # The write that moves clients to the second revision.
        if request.kind == "Service" and not edits:
            edits.append(number)
            world.user_applies(model=source(3))
            world.watch()

    world.cluster.after = edit
    while not edits:
        await world.one_pass()
        world.run_deployments()

    assert world.status.observed_generation == 2, "the third was not planned for yet"
    await world.settle()
    assert world.status.observed_generation == 3
    assert world.ready[0] == "True"
