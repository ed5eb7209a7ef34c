"""Rollouts by steps without a gateway: what each pass of the operator leaves behind."""

from datetime import timedelta
from typing import Any

import pytest

from inference_operator.domain.commands import Verb, promote_all, promote_step, retry_of
from tests.fakes.bodies import KEY, source
from tests.fakes.harness import OperatorHarness

STEPS = [{"setWeight": 25}, {"pause": {"duration": "2m"}}, {"setWeight": 50}, {"pause": {}}]


class Delivery(OperatorHarness):
    """An operator, and a model whose revisions get their clients by steps."""

    def wants(self, number: int, steps: list[Any] | None = None, **changes: Any) -> None:
        """Apply the manifest with that artifact."""
        canary = {"steps": STEPS if steps is None else steps}
        rollout = {"canary": canary, **changes.pop("rollout", {})}
        self.user_applies(model=source(number), rollout=rollout, **{"replicas": 3, **changes})

    def says(self, verb: Verb, value: str | None) -> None:
        """Annotate the resource, as `kubectl inference` does."""
        self.cluster.edit(
            KEY.kind, KEY.name, {"metadata": {"annotations": {verb.annotation: value}}}
        )

    @property
    def canary(self) -> str:
        assert self.status.canary is not None
        return self.status.canary.revision

    @property
    def step(self) -> int | None:
        return self.status.rollout.current_step_index if self.status.rollout else None

    @property
    def told(self) -> list[str]:
        return [decision.reason for decision in self.status.decisions]


async def at_first_step(**changes: Any) -> tuple[Delivery, str]:
    """Serve a revision, and start a second one; return the first."""
    world = Delivery()
    world.wants(1, **changes)
    await world.settle()
    old = world.served
    assert old is not None
    world.wants(2, **changes)
    await world.settle()
    return world, old


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
        f"revision {new} of https://store.example/fx/2/model.onnx gets 25 % of new connections"
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

    world.answers = lambda revision: True
    world.run_deployments()
    await world.settle()
    assert world.served is None
    assert world.told[-2:] == ["StableUnavailable", "StableAvailable"]


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
