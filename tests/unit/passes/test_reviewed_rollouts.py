"""Rollouts that a review found going wrong: lost Deployments, stuck Services, false repairs."""

from typing import Any

import pytest

from inference_operator.domain.names import REVISION_LABEL
from tests.fakes.bodies import KEY, source
from tests.fakes.harness import OperatorHarness, refuse

from .test_rollouts import DELAY, serving
from .test_traffic import budget_of

BROKEN = {**source(9), "format": "floppy"}


def labels_of_budget(world: OperatorHarness) -> dict[str, Any]:
    labels: dict[str, Any] = budget_of(world)["selector"]["matchLabels"]
    return labels


async def test_a_lost_deployment_of_an_invalid_spec_comes_back_in_its_size() -> None:
    world = OperatorHarness()
    old = await serving(world, replicas=2)
    world.user_applies(model=BROKEN)
    await world.settle()
    world.cluster.remove("Deployment", f"{KEY.name}-{old}")
    world.cluster.before = refuse(lambda r: r.kind == "Deployment", 500, "etcd is away")
    await world.settle(rounds=4)

    world.cluster.before = None
    await world.settle()
    assert world.deployments == {old: 2}


async def test_a_deployment_that_a_person_shrinks_while_the_spec_is_invalid_is_put_back() -> None:
    world = OperatorHarness()
    old = await serving(world, replicas=2)
    world.user_applies(model=BROKEN)
    await world.settle()
    world.cluster.edit("Deployment", f"{KEY.name}-{old}", {"spec": {"replicas": 0}})
    await world.settle()

    assert world.deployments == {old: 2}


async def test_the_budget_stays_with_clients_who_cannot_be_moved() -> None:
    world = OperatorHarness()
    old = await serving(world, replicas=2)
    world.cluster.before = refuse(lambda r: r.kind == "Service", words="denied by policy")
    world.user_applies(model=source(2), replicas=2)
    await world.settle(rounds=6)
    assert (world.served, labels_of_budget(world)[REVISION_LABEL]) == (old, old)

    world.cluster.before = None
    await world.settle()
    assert labels_of_budget(world)[REVISION_LABEL] == world.served != old


async def test_a_revision_that_the_service_selects_keeps_its_pods() -> None:
    world = OperatorHarness()
    old = await serving(world)
    new = await serving(world, 2)
    world.cluster.before = refuse(lambda r: r.kind == "Service", words="denied by policy")
    world.cluster.edit("Service", KEY.name, {"spec": {"selector": {REVISION_LABEL: old}}})
    await world.later(DELAY)
    assert world.deployments == {old: 1, new: 1}

    world.cluster.before = None
    await world.settle()
    assert (world.served, world.deployments) == (new, {new: 1})


async def test_a_budget_of_an_earlier_operator_is_replaced_without_a_word_of_drift() -> None:
    world = OperatorHarness()
    await serving(world, replicas=2)
    selector = {"matchLabels": {REVISION_LABEL: None}}
    edit = {"spec": {"selector": selector, "unhealthyPodEvictionPolicy": None}}
    world.cluster.edit("PodDisruptionBudget", KEY.name, edit)
    assert REVISION_LABEL not in labels_of_budget(world)
    world.start()
    await world.settle()

    assert labels_of_budget(world)[REVISION_LABEL] == world.served
    assert "DriftRepaired" not in world.event_reasons


async def test_the_previous_revision_grows_when_the_spec_goes_back_to_it() -> None:
    world = OperatorHarness()
    old = await serving(world, replicas=2)
    await serving(world, 2, replicas=2)
    assert await serving(world, 1, replicas=4) == old
    assert world.deployments[old] == 4


async def test_a_status_that_is_lost_during_a_move_keeps_the_previous_revision() -> None:
    world = OperatorHarness()
    old = await serving(world)
    world.cluster.edit(KEY.kind, KEY.name, {"status": None})
    world.start()
    new = await serving(world, 2)

    assert new != old
    assert old in world.deployments


@pytest.mark.parametrize("replicas", [0, 1])
async def test_nothing_of_these_stories_is_left_over(replicas: int) -> None:
    world = OperatorHarness()
    await serving(world, replicas=2)
    await serving(world, 2, replicas=replicas)
    await world.later(DELAY)
    before = len(world.cluster.requests)
    await world.settle()

    assert len(world.cluster.requests) == before
