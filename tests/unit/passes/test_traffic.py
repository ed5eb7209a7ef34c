"""Where clients are led: what a pass proposes, and what a later one observes."""

from typing import Any

from inference_operator.domain.names import REVISION_LABEL
from tests.fakes.bodies import KEY, source
from tests.fakes.harness import OperatorHarness

from .test_rollouts import serving, unable_to_move


def budget_of(world: OperatorHarness) -> dict[str, Any]:
    """Return the spec of the unit's PodDisruptionBudget."""
    (budget,) = world.cluster.all("PodDisruptionBudget")
    spec: dict[str, Any] = budget["spec"]
    return spec


async def beside_one_that_never_answers(world: OperatorHarness, replicas: int) -> str:
    """Serve a revision of so many replicas, start a second one that never answers, and return the
    first."""
    old = await serving(world, replicas=replicas)
    world.answers = lambda revision: revision == old
    world.user_applies(model=source(2), replicas=replicas)
    await world.settle()
    return old


async def test_a_selector_that_a_person_leads_back_within_the_delay_is_put_back() -> None:
    world = OperatorHarness()
    old = await serving(world)
    new = await serving(world, 2)
    world.cluster.edit("Service", KEY.name, {"spec": {"selector": {REVISION_LABEL: old}}})
    await world.settle()

    assert world.served == new
    assert world.status.stable is not None
    assert world.status.stable.revision == new
    assert [decision.reason for decision in world.status.decisions].count("Promoted") == 2
    assert "DriftRepaired" in world.event_reasons


async def test_a_promotion_is_decided_once_the_service_has_moved() -> None:
    world = OperatorHarness()
    old = await unable_to_move(world)
    assert world.status.decisions[-1].reason == "RevisionCreated"

    world.cluster.before = None
    await world.settle()
    assert world.served != old
    assert world.status.decisions[-1].reason == "Promoted"


async def test_the_disruption_budget_counts_the_pods_that_clients_reach() -> None:
    world = OperatorHarness()
    old = await beside_one_that_never_answers(world, replicas=2)
    assert budget_of(world)["selector"]["matchLabels"][REVISION_LABEL] == old
    assert budget_of(world)["unhealthyPodEvictionPolicy"] == "AlwaysAllow"

    world.answers = lambda revision: True
    await world.settle()
    assert budget_of(world)["selector"]["matchLabels"][REVISION_LABEL] == world.served != old


async def test_an_autoscaler_counts_only_pods_of_the_serving_revision() -> None:
    world = OperatorHarness()
    old = await beside_one_that_never_answers(world, replicas=4)

    assert sum(world.deployments.values()) == 8
    assert (world.status.replicas, world.status.ready_replicas) == (4, 4)
    assert f"{REVISION_LABEL}={old}" in world.status.selector


async def test_an_edit_at_zero_replicas_is_promoted_when_it_answers() -> None:
    world = OperatorHarness()
    old = await serving(world)
    await serving(world, 2, replicas=0)
    assert world.served == old
    assert world.status.stable is not None
    assert world.status.stable.revision == old
    assert world.ready[:2] == ("True", "ScaledToZero")
    assert "has not answered yet" in world.ready[2]

    assert await serving(world, 2, replicas=1) != old
    assert world.status.decisions[-1].reason == "Promoted"
