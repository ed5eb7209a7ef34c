"""Rollouts by steps without a gateway: what each pass of the operator leaves behind."""

from datetime import timedelta

from inference_operator.domain.commands import Verb, promote_all, promote_step, retry_of
from tests.fakes.bodies import KEY

from .delivery_harness import Delivery, at_first_step


async def test_the_first_revision_has_no_steps() -> None:
    world = Delivery()
    world.wants(1)
    await world.settle()

    assert world.ready[:2] == ("True", "Ready")
    assert world.told == ["RevisionCreated", "Promoted"]
    assert world.status.stable is not None
    assert world.status.stable.weight is None


async def test_a_version_goes_to_its_clients_step_by_step() -> None:
    world, old = await at_first_step()
    new = world.canary
    assert world.served is None, "the Service selects the pods of both"
    assert world.deployments == {old: 3, new: 1}
    assert world.ready == (
        "False",
        "Progressing",
        f"revision {new} gets 25 % of new connections"
        f" (1 of 4 ready pods; wanted 25 %), revision {old} the rest; step 2 of 4: pause 2m",
    )

    await world.later(timedelta(seconds=119))
    assert world.step == 1
    await world.later(timedelta(seconds=1))
    assert world.deployments == {old: 3, new: 3}
    assert world.ready[1] == "Paused"
    assert world.status.phase == "Paused"
    assert world.status.canary is not None
    assert world.status.canary.weight == 50

    world.says(Verb.PROMOTE, promote_step(new, 3))
    await world.settle()
    assert (world.served, world.ready[1]) == (new, "Ready")
    await world.later(timedelta(seconds=30))
    assert world.deployments == {new: 3}
    assert world.told[2:] == [
        "RevisionCreated",
        "SetWeight",
        "StepCompleted",
        "SetWeight",
        "StepCompleted",
        "Promoted",
    ]
    assert "DriftRepaired" not in world.event_reasons


async def test_a_weight_waits_for_the_pods_that_it_needs() -> None:
    world, old = await at_first_step()
    world.answers = lambda revision: revision == old
    world.wants(3)
    await world.settle()

    assert world.served == old
    assert world.deployments == {old: 3, world.canary: 1}
    assert "its model answers on 0 of 1 pod" in world.ready[2]


async def test_an_abort_leads_all_clients_back_and_is_remembered() -> None:
    world, old = await at_first_step()
    new = world.canary
    world.says(Verb.ABORT, new)
    await world.one_pass()
    assert world.served == old, "one write"
    await world.settle()

    assert world.ready[:2] == ("False", "RolloutAborted")
    assert {c.type for c in world.status.conditions} >= {"Stalled"}
    assert world.status.phase == "Degraded"
    assert world.deployments == {old: 3, new: 1}, "its pods stay for abortScaleDownDelay"
    await world.later(timedelta(seconds=31))
    assert world.deployments == {old: 3}

    world.wants(2)
    world.start()
    await world.later(timedelta(hours=1))
    assert world.deployments == {old: 3}, "the same manifest again starts nothing"
    assert world.told.count("RevisionCreated") == 2

    assert world.status.rollout is not None
    assert world.status.rollout.aborted is not None
    assert world.status.rollout.aborted.version == "1"
    world.says(Verb.RETRY, retry_of(new, world.status.rollout.aborted.time))
    await world.settle()
    assert world.deployments == {old: 3, new: 1}
    assert world.step == 1
    assert world.told[-3:] == ["RolloutRetried", "RevisionCreated", "SetWeight"]


async def test_another_artifact_starts_although_one_was_aborted() -> None:
    world, old = await at_first_step()
    world.says(Verb.ABORT, world.canary)
    await world.settle()
    world.wants(3)
    await world.settle()

    assert world.status.rollout is not None
    assert world.status.rollout.aborted is None
    assert world.deployments == {old: 3, world.canary: 1}


async def test_a_repeated_command_does_nothing() -> None:
    world, _ = await at_first_step()
    world.says(Verb.PROMOTE, promote_step(world.canary, 1))
    await world.settle()
    assert world.step == 3
    before, writes = world.status, len(world.cluster.writes)

    world.says(Verb.PROMOTE, promote_step(world.canary, 1))
    await world.settle()
    assert world.status == before
    assert len(world.cluster.writes) == writes


async def test_a_new_edit_takes_the_clients_back_before_it_starts() -> None:
    world, old = await at_first_step()
    former = world.canary
    world.wants(3)
    await world.one_pass()
    assert world.served == old
    assert former in world.deployments, "nothing is deleted before its clients have left"
    await world.settle()

    assert world.deployments == {old: 3, world.canary: 1}
    assert world.canary != former
    assert world.step == 1


async def test_going_back_to_the_stable_artifact_aborts_at_once() -> None:
    world, old = await at_first_step()
    world.wants(1)
    await world.settle()

    assert world.served == old
    assert world.deployments == {old: 3}
    assert (world.ready[1], world.told[-1]) == ("Ready", "Aborted")


async def test_a_person_pauses_and_resumes() -> None:
    world, _ = await at_first_step()
    world.says(Verb.PAUSE, world.canary)
    await world.later(timedelta(hours=1))
    assert world.step == 1
    assert world.ready[1] == "Paused"
    assert "inference.aipx.io/pause" in world.ready[2]

    world.says(Verb.PAUSE, None)
    await world.settle()
    assert world.step == 3


async def test_promoting_all_steps_still_waits_for_all_pods() -> None:
    world, old = await at_first_step()
    new = world.canary
    world.says(Verb.PROMOTE, promote_all(new))
    await world.settle()

    assert world.served == new
    assert world.deployments == {old: 3, new: 3}
    assert world.status.stable is not None
    assert world.status.stable.revision == new


async def test_a_refreshed_alias_is_passed_on_to_the_registry() -> None:
    world = Delivery()
    world.wants(1)
    await world.settle()
    assert world.refreshed == []

    world.says(Verb.REFRESH_ALIAS, "2031-05-06T12:00:01Z")
    await world.one_pass()
    assert world.refreshed == [(KEY, "2031-05-06T12:00:01Z")]
