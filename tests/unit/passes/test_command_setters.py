"""Decisions that follow a command name the field manager that set it, where that is known."""

from datetime import timedelta

import pytest

from inference_operator.domain.commands import Verb, promote_step, retry_of, rollback_to
from tests.fakes.bodies import KEY

from .delivery_harness import Delivery, at_first_step

# The time of every entry in the fake cluster's managed fields.
SET = 'set by "kubectl-inference" at 2031-01-01T00:00:00Z'
PAUSE = [{"setWeight": 25}, {"pause": {}}]


def decision(world: Delivery) -> tuple[str, str]:
    """Return reason and message of the last decision."""
    last = world.status.decisions[-1]
    return last.reason, last.message


async def test_a_promotion_by_hand_names_who_set_it() -> None:
    world, _ = await at_first_step(steps=[{"pause": {}}, *PAUSE])
    value = promote_step(world.canary, 0)
    world.says(Verb.PROMOTE, value)
    await world.settle()

    completed = [d.message for d in world.status.decisions if d.reason == "StepCompleted"]
    assert len(completed) == 1
    assert completed[0].endswith(f"(inference.aipx.io/promote={value}, {SET})")


async def test_an_abort_and_its_retry_name_who_set_them() -> None:
    world, old = await at_first_step(steps=PAUSE)
    new = world.canary
    world.says(Verb.ABORT, new)
    await world.settle()

    reason, message = decision(world)
    assert reason == "RolloutAborted"
    assert f"somebody aborted it (inference.aipx.io/abort={new}, {SET}); revision {old}" in message
    rollout = world.status.rollout
    assert rollout is not None
    assert rollout.aborted is not None
    assert SET in rollout.aborted.message

    retry = retry_of(new, rollout.aborted.time)
    world.says(Verb.RETRY, retry)
    await world.settle()
    retried = [d.message for d in world.status.decisions if d.reason == "RolloutRetried"]
    assert retried[0].endswith(f"(inference.aipx.io/retry={retry}, {SET})")


async def test_a_pause_names_who_holds_it() -> None:
    world, _ = await at_first_step(steps=PAUSE)
    world.says(Verb.PAUSE, world.canary)
    await world.settle()
    by = 'somebody paused it (inference.aipx.io/pause, set by "kubectl-inference")'
    assert world.ready[2].endswith(by)


@pytest.mark.parametrize("delay", [timedelta(0), timedelta(hours=1)])
async def test_a_rollback_names_who_set_it(delay: timedelta) -> None:
    world = Delivery()
    for number in (1, 2):
        world.wants(number, steps=PAUSE[:1])
        await world.settle()
        await world.later(delay)
    status = world.status
    new, old = world.served, next(d.target for d in status.decisions if d.target)
    assert new is not None
    assert old != new
    value = rollback_to(old, new)
    world.says(Verb.ROLLBACK, value)
    await world.settle()

    started = [d.message for d in world.status.decisions if d.reason == "RevisionCreated"][-1]
    cause = f"somebody went back to revision {old} (inference.aipx.io/rollback={value}, {SET})"
    assert started.endswith(cause)
    assert 'rollback, set by "kubectl-inference")' in world.ready[2]


async def test_a_rollback_during_a_canary_is_not_told_as_an_edit() -> None:
    world, old = await at_first_step(steps=PAUSE)
    value = rollback_to(old, world.canary)
    world.says(Verb.ROLLBACK, value)
    await world.settle()
    reason, message = decision(world)
    assert reason == "Aborted"
    expected = f"somebody went back to revision {old} (inference.aipx.io/rollback={value}, {SET})"
    assert message.startswith(expected)


async def test_without_managed_fields_the_decision_does_not_say_who() -> None:
    world, _ = await at_first_step(steps=PAUSE)
    new = world.canary
    world.says(Verb.ABORT, new)
    # As a client may do.
    world.cluster.edit(KEY.kind, KEY.name, {"metadata": {"managedFields": None}})
    await world.settle()
    _, message = decision(world)
    assert f"somebody aborted it (inference.aipx.io/abort={new});" in message


async def test_a_later_write_of_the_same_manager_decides_nothing() -> None:
    world, _ = await at_first_step(steps=PAUSE)
    world.says(Verb.ABORT, world.canary)
    await world.settle()
    before = world.status
    live = world.cluster.live(KEY.kind, KEY.name)
    assert live is not None
    entries = [
        {**entry, "time": "2031-07-01T00:00:00Z"} for entry in live["metadata"]["managedFields"]
    ]
    world.cluster.edit(KEY.kind, KEY.name, {"metadata": {"managedFields": entries}})
    await world.settle()
    assert world.status == before
