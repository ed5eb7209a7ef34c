"""Faults that a review of the engine found: repeated decisions, lost traffic, false repairs."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from inference_operator.api.reasons import Reason
from inference_operator.reconcile.reconciler import PassError
from tests.fakes.bodies import KEY, NAMESPACE, source
from tests.fakes.harness import OperatorHarness, refuse

from .test_rollouts import serving

BROKEN = {**source(9), "format": "floppy"}
FOREIGN = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": KEY.name, "namespace": NAMESPACE},
    "spec": {"selector": {"app": "else"}},
}


async def tried(world: OperatorHarness) -> timedelta | None:
    """Run one pass, which may fail; a minute later the next one may follow."""
    try:
        return await world.one_pass(KEY)
    except PassError:
        return None
    finally:
        world.run_deployments()
        world.now += timedelta(minutes=1)


async def rolling_out_while(kind: str, status: int, *, passes: int) -> OperatorHarness:
    """Return a unit that rolls out version 2 while writes of a kind fail."""
    world = OperatorHarness()
    await serving(world, replicas=2)
    world.cluster.before = refuse(lambda r: r.kind == kind, status, "not now")
    world.user_applies(model=source(2), replicas=2)
    for _ in range(passes):
        await tried(world)
    return world


def reasons(world: OperatorHarness) -> list[str]:
    return [decision.reason for decision in world.status.decisions]


def never(revision: str) -> bool:
    return False


async def test_a_revision_whose_record_is_refused_starts_once() -> None:
    world = await rolling_out_while("ControllerRevision", 403, passes=5)

    assert reasons(world) == ["RevisionCreated", "Promoted", "RevisionCreated"]
    assert world.event_reasons.count("RevisionCreated") == 1
    rollout = world.status.rollout
    assert rollout is not None
    assert rollout.since is not None
    assert rollout.since < world.now - timedelta(minutes=4)

    world.cluster.before = None
    await world.settle()
    assert reasons(world)[-1] == "Promoted"


async def test_a_successor_waits_for_the_garbage_collector_without_a_write() -> None:
    world = OperatorHarness()
    await serving(world, replicas=2)
    world.cluster.remove(KEY.kind, KEY.name)
    world.user_applies(replicas=2)
    await tried(world)
    await tried(world)
    before = len(world.cluster.writes)
    for _ in range(5):
        assert await tried(world) != timedelta(0)

    assert len(world.cluster.writes) == before
    world.cluster.collect_garbage()
    await world.settle()
    assert reasons(world) == ["RevisionCreated", "Promoted"]
    assert Reason.DRIFT_REPAIRED not in world.event_reasons


async def test_under_the_crd_of_before_a_rollout_goes_on_and_no_pass_follows_at_once() -> None:
    world = OperatorHarness()
    old = await serving(world, replicas=2)
    store = world.cluster._store

    def dropping(kind: str, key: Any, live: Any, changed: Any) -> Any:
        if kind == KEY.kind and isinstance(changed.get("status"), dict):
            status = {name: v for name, v in changed["status"].items() if name != "canary"}
            changed = {**changed, "status": status}
        return store(kind, key, live, changed)

    world.cluster._store = dropping  # type: ignore[method-assign]
    world.answers = lambda revision: revision == old
    world.user_applies(model=source(2), replicas=2)
    delays = [await tried(world) for _ in range(6)]

    assert delays[-1] != timedelta(0)
    assert reasons(world).count("RevisionCreated") == 2
    world.answers = lambda revision: True
    await world.settle()
    assert world.served != old
    assert reasons(world)[-1] == "Promoted"


async def test_a_first_revision_is_promoted_while_the_spec_is_invalid() -> None:
    world = OperatorHarness()
    world.answers = never
    world.user_applies(replicas=2)
    await world.settle()
    world.user_applies(replicas=2, model=BROKEN)
    await world.settle()
    world.answers = lambda revision: True
    await world.settle()

    assert world.status.stable is not None
    assert reasons(world) == ["RevisionCreated", "Promoted"]


async def test_a_size_whose_write_is_refused_is_decided_once() -> None:
    world = OperatorHarness()
    await serving(world, replicas=2)
    world.cluster.before = refuse(lambda r: r.kind == "Deployment", 403, "denied by policy")
    for number in range(4):
        world.user_applies(model=source(1), replicas=3, rollout={"paused": bool(number % 2)})
        await tried(world)

    assert reasons(world).count("Scaled") == 1


async def test_an_invalid_edit_reports_no_size() -> None:
    world = OperatorHarness()
    await serving(world, replicas=2)
    world.user_applies(replicas=0, model=source(1))
    await world.settle()
    world.user_applies(replicas=0, model=BROKEN)
    await world.settle()

    assert reasons(world).count("Scaled") == 1


@pytest.mark.parametrize("lost", [{"status": None}, {"status": {"stable": None}}])
@pytest.mark.parametrize("answers", [True, False])
async def test_what_clients_reach_stays_without_a_status_and_a_valid_spec(
    lost: dict[str, Any], answers: bool
) -> None:
    world = OperatorHarness()
    old = await serving(world, replicas=2)
    world.user_applies(replicas=2, model=BROKEN)
    await world.settle()
    world.answers = lambda revision: answers
    world.run_deployments()
    world.cluster.edit(KEY.kind, KEY.name, lost)
    await world.settle()

    assert (world.served, world.deployments) == (old, {old: 2})


async def test_a_service_whose_name_was_taken_is_no_repair() -> None:
    world = OperatorHarness()
    world.cluster.apply_as("someone", FOREIGN)
    world.user_applies(replicas=2)
    await world.settle()
    world.cluster.remove("Service", KEY.name)
    await world.settle()

    assert world.ready[0] == "True"
    assert Reason.DRIFT_REPAIRED not in world.event_reasons


async def test_a_write_that_was_skipped_is_no_repair() -> None:
    world = await rolling_out_while("ConfigMap", 500, passes=3)
    world.cluster.before = None
    await world.settle()

    assert Reason.DRIFT_REPAIRED not in world.event_reasons


async def test_scaling_under_load_writes_one_deployment() -> None:
    world = OperatorHarness()
    await serving(world, replicas=2)
    world.user_applies(model=source(1), replicas=3)
    before = len(world.cluster.writes)
    await world.one_pass(KEY, under_load=True)

    assert [r.kind for r in world.cluster.writes[before:]] == ["Deployment"]


async def test_an_unexpected_error_leaves_nothing_to_be_sent_later() -> None:
    world = OperatorHarness()
    await serving(world, replicas=2)
    world.user_applies(model=source(2), replicas=2)
    world.watch()
    apply, create = world.cluster.apply, world.cluster.create

    async def failing(resource: Any, *rest: Any, **more: Any) -> Any:
        if resource.kind == "ControllerRevision":
            raise KeyError("unexpected")
        await asyncio.sleep(0.01)
        return await apply(resource, *rest, **more)

    async def slow(*all_: Any) -> Any:
        await asyncio.sleep(0.01)
        return await create(*all_)

    world.cluster.apply, world.cluster.create = failing, slow  # type: ignore[method-assign]
    with pytest.raises(KeyError):
        await world.passes(KEY)
    before = len(world.cluster.requests)
    await asyncio.sleep(0.05)

    assert len(world.cluster.requests) == before
