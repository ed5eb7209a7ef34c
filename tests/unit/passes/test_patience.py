"""A problem that another apply may solve: looked at again after 20 s, and written once."""

from datetime import timedelta

import pytest

from inference_operator.api.conditions import ConditionType
from inference_operator.planning.status.conditions.stalled import PATIENCE
from tests.fakes.bodies import PIPELINE, revision_of, source
from tests.fakes.harness import OperatorHarness
from tests.unit.passes.pipeline_harness import PipelineHarness


def pods_are_refused(world: OperatorHarness, message: str = "exceeded quota") -> None:
    """What the ReplicaSet controller says in the status of each Deployment."""
    failure = {"type": "ReplicaFailure", "status": "True", "message": message}
    for deployment in world.cluster.all("Deployment"):
        status = {"replicas": 0, "readyReplicas": 0, "conditions": [failure]}
        world.cluster.edit("Deployment", deployment["metadata"]["name"], {"status": status})


async def refused() -> OperatorHarness:
    world = OperatorHarness()
    world.answers = lambda revision: False
    world.user_applies(model=source(1))
    await world.settle()
    pods_are_refused(world)
    await world.one_pass()
    return world


def working(world: OperatorHarness) -> tuple[str, str]:
    kinds = (ConditionType.RECONCILING, ConditionType.STALLED)
    (condition,) = [c for kind in kinds if (c := world.status.condition(kind))]
    return condition.type, condition.reason


async def test_it_is_looked_at_again_when_it_becomes_stalled() -> None:
    world = await refused()
    assert working(world) == ("Reconciling", "PodRefused")
    before = len(world.cluster.writes)
    assert await world.one_pass() == PATIENCE
    assert len(world.cluster.writes) == before, "waiting writes nothing"

    world.now += PATIENCE
    assert await world.one_pass() == timedelta(0)
    assert working(world) == ("Stalled", "PodRefused")
    assert world.status.phase == "Failed"
    assert len(world.cluster.writes) == before + 1
    assert world.event_reasons.count("PodRefused") == 1, "the Event about Ready has reported it"

    world.now += timedelta(minutes=1)
    delay = await world.one_pass()
    assert delay is not None
    assert delay > PATIENCE, "only the deadline is left"
    assert len(world.cluster.writes) == before + 1


async def test_a_new_process_goes_on_counting() -> None:
    world = await refused()
    world.now += PATIENCE / 2
    world.start()
    assert await world.one_pass() == PATIENCE / 2
    world.now += PATIENCE / 2
    await world.one_pass()

    assert working(world) == ("Stalled", "PodRefused")


async def test_pods_that_are_admitted_after_all_are_ready() -> None:
    world = await refused()
    world.now += PATIENCE
    await world.one_pass()
    world.answers = lambda revision: True
    await world.settle()

    assert world.ready[:2] == ("True", "Ready")
    assert world.status.condition(ConditionType.STALLED) is None
    assert world.status.problem_since is None
    assert world.status.display_replicas == "1/1"
    assert world.status.display_version == world.served


async def test_the_deadline_is_announced_although_it_was_stalled_before() -> None:
    world = await refused()
    world.now += PATIENCE
    await world.one_pass()
    world.now += timedelta(hours=1)
    await world.one_pass()

    assert working(world) == ("Stalled", "ProgressDeadlineExceeded")
    assert world.event_reasons.count("ProgressDeadlineExceeded") == 1


async def test_a_missing_reference_stalls_the_pipeline_and_shows_in_the_table() -> None:
    harness = PipelineHarness()
    harness.user_applies_pipeline()
    await harness.settled((PIPELINE,))
    assert harness.of_pipeline.display_reason == "ReferenceNotFound"
    assert harness.condition("Stalled")[0] == ""

    harness.now += PATIENCE
    await harness.settled((PIPELINE,))
    assert harness.condition("Stalled")[:2] == ("True", "ReferenceNotFound")
    assert harness.of_pipeline.phase == "Failed"


async def test_a_pipeline_that_serves_without_its_model_shows_it_in_the_table() -> None:
    harness = PipelineHarness()
    await harness.serving(1)
    assert harness.of_pipeline.display_reason == "Ready"
    harness.remove_model()
    await harness.settled((PIPELINE,))

    assert harness.condition("Ready")[:2] == ("True", "Ready")
    assert "fx-drift does not exist" in harness.condition("Ready")[2]
    assert harness.of_pipeline.display_reason == "ReferenceNotFound"


@pytest.mark.parametrize("delay", ["0s", "30s"])
async def test_no_pass_deletes_pods_that_the_budget_still_counts(delay: str) -> None:
    """The disruption controller reports pods whose ReplicaSet is gone by a Warning Event."""
    world = OperatorHarness()
    rollout = {"scaleDownDelay": delay}
    world.user_applies(model=source(1), replicas=2, rollout=rollout)
    await world.settle()
    for version in (2, 3):
        world.user_applies(model=source(version), replicas=2, rollout=rollout)
        for _ in range(12):
            world.now += timedelta(seconds=10)
            counted, existing = budgeted(world), set(world.deployments)
            await world.one_pass()
            world.run_deployments()
            assert counted not in existing - set(world.deployments)
    assert budgeted(world) == world.served
    assert len(world.deployments) == 1


async def test_no_pods_that_the_budget_counts_are_deleted_before_the_first_answer() -> None:
    world = OperatorHarness()
    world.answers = lambda revision: False
    for version in (1, 2, 3):
        world.user_applies(model=source(version), replicas=2)
        for _ in range(5):
            counted, existing = budgeted(world), set(world.deployments)
            await world.one_pass()
            assert counted not in existing - set(world.deployments)
    assert {revision_of(d) for d in world.cluster.all("Deployment")} == {budgeted(world)}


def budgeted(world: OperatorHarness) -> str | None:
    """The revision whose pods the live budget counts."""
    budgets = world.cluster.all("PodDisruptionBudget")
    labels = [budget["spec"]["selector"]["matchLabels"] for budget in budgets]
    return next((each["inference.aipx.io/revision"] for each in labels), None)
