"""A Service that cannot be written, or whose name is taken, keeps clients where they are."""

from datetime import timedelta
from typing import Any

import pytest

from inference_operator.api.conditions import ConditionType
from inference_operator.domain.names import UnitKey
from inference_operator.planning.status.conditions.stalled import PATIENCE
from tests.fakes.bodies import KEY, NAMESPACE, PIPELINE, epipe, imodel, source, step
from tests.fakes.harness import OperatorHarness, refuse


def foreign_service(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"selector": {"app": "till"}, "ports": [{"name": "web", "port": 80}]},
    }


def decisions(world: OperatorHarness, key: UnitKey = KEY) -> list[str]:
    return [decision.reason for decision in world.status_of(key).decisions]


async def test_a_foreign_service_of_the_same_name_is_not_overwritten() -> None:
    world = OperatorHarness()
    world.cluster.apply_as("helm", foreign_service("fx-drift"))
    before = world.cluster.live("Service", "fx-drift")
    world.user_applies()
    await world.one_pass()

    assert world.cluster.live("Service", "fx-drift") == before
    assert world.ready[:2] == ("False", "ChildRefused")
    assert world.ready[2] == (
        "Service/fx-drift exists and belongs to another owner; delete or rename it, or rename"
        " this resource"
    )


async def test_a_foreign_service_without_a_selector_is_not_taken_over() -> None:
    world = OperatorHarness()
    foreign = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": KEY.name, "namespace": NAMESPACE},
        "spec": {"clusterIP": "None", "ports": [{"port": 80}]},
    }
    world.cluster.apply_as("somebody", foreign)
    world.start()
    world.user_applies()
    await world.settle()

    (service,) = world.cluster.all("Service")
    assert "selector" not in service["spec"]
    assert "ownerReferences" not in service["metadata"]
    assert world.ready[:2] == ("False", "ChildRefused")
    assert f"Service/{KEY.name} exists and belongs to another owner" in world.ready[2]

    world.cluster.remove("Service", KEY.name)
    await world.settle()
    assert world.ready[0] == "True"


@pytest.mark.parametrize("key", [KEY, PIPELINE], ids=lambda key: key.kind)
async def test_a_first_revision_whose_name_is_taken_is_promoted_once_clients_reach_it(
    key: UnitKey,
) -> None:
    world = OperatorHarness()
    world.cluster.apply_as("helm", foreign_service(key.name))
    inline = step(modelRef=None, model=source(5))
    body = imodel() if key == KEY else epipe(steps=[inline])
    world.cluster.apply_as("kubectl", body, force=True)
    await world.settle(keys=[key])
    assert world.status_of(key).phase == "Progressing", "another apply may free the name"
    world.now += PATIENCE
    await world.settle(keys=[key])
    assert world.status_of(key).ready_replicas == 1
    assert world.status_of(key).stable is None
    assert world.status_of(key).phase == "Failed"
    assert decisions(world, key) == ["RevisionCreated"]
    assert "Promoted" not in world.event_reasons

    world.cluster.remove("Service", key.name)
    await world.settle(keys=[key])
    assert world.status_of(key).phase == "Ready"
    assert decisions(world, key) == ["RevisionCreated", "Promoted"]
    assert world.event_reasons[-1] == "Promoted"


async def test_an_edit_while_the_name_is_taken_leaves_no_pods_behind() -> None:
    world = OperatorHarness()
    world.cluster.apply_as("helm", foreign_service(KEY.name))
    world.user_applies(model=source(1))
    await world.settle()
    world.user_applies(model=source(2))
    await world.settle()

    assert len(world.deployments) == 1
    assert decisions(world) == ["RevisionCreated", "RevisionCreated"]


async def test_a_name_that_is_taken_later_holds_the_next_revision() -> None:
    world = OperatorHarness()
    world.user_applies(model=source(1))
    await world.settle()
    old = world.served
    world.cluster.remove("Service", KEY.name)
    world.cluster.apply_as("helm", foreign_service(KEY.name))
    world.user_applies(model=source(2))
    await world.settle()
    assert set(world.deployments.values()) == {1}
    assert old in world.deployments
    assert decisions(world)[-1] == "RevisionCreated"
    await world.later(PATIENCE)
    assert world.status.condition(ConditionType.STALLED) is not None
    writes = len(world.cluster.writes)
    await world.later(timedelta(hours=1))
    assert len(world.cluster.writes) == writes, "nothing to say that was not said"

    world.cluster.remove("Service", KEY.name)
    await world.settle()
    assert world.ready[0] == "True"
    assert world.served != old
    assert decisions(world)[-1] == "Promoted"


async def test_while_the_service_cannot_move_the_old_pods_stay() -> None:
    world = OperatorHarness()
    world.user_applies(model=source(1))
    await world.settle()
    old = world.served
    world.cluster.before = refuse(lambda r: r.kind == "Service")

    world.user_applies(model=source(2))
    await world.settle(rounds=4)
    await world.later(timedelta(minutes=5))

    assert world.served == old
    assert old in world.deployments
    assert world.ready[:2] == ("False", "ChildRefused")

    world.cluster.before = None
    await world.settle()
    assert world.ready[0] == "True"
    # The delay starts when clients have moved.
    await world.later(timedelta(seconds=31))
    assert list(world.deployments) == [world.served]


@pytest.mark.parametrize("status", [403, 500])
async def test_a_move_of_clients_is_told_once_it_has_happened(status: int) -> None:
    world = OperatorHarness()
    world.user_applies(model=source(1))
    await world.settle()
    old = world.served
    world.cluster.before = refuse(lambda r: r.kind == "Service", status)

    world.user_applies(model=source(2))
    await world.settle(rounds=4)
    assert decisions(world).count("Promoted") == 1
    assert world.event_reasons.count("Promoted") == 1
    stable, canary = world.status.stable, world.status.canary
    assert stable is not None
    assert canary is not None
    assert (stable.revision, canary.ready) == (old, 1)

    world.cluster.before = None
    await world.settle()
    assert decisions(world).count("Promoted") == 2
    assert world.event_reasons.count("Promoted") == 2
    assert world.status.stable is not None
    assert world.status.stable.revision == world.served != old


async def test_a_service_that_cannot_be_written_for_now_is_not_called_ready() -> None:
    world = OperatorHarness()
    world.user_applies(model=source(1))
    await world.settle()
    world.cluster.before = refuse(lambda r: r.kind == "Service", 500, "etcd is slow")
    world.user_applies(model=source(2))
    await world.settle(rounds=2)

    assert world.ready[:2] == ("False", "Progressing")
    assert world.ready[2].startswith("the Service does not select revision")
