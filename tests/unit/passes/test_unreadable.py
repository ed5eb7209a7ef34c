"""Objects that cannot be read or kept: they are skipped, and their children stay."""

from dataclasses import replace
from typing import Any

import pytest

from inference_operator.domain.names import UnitKey
from inference_operator.domain.unreadable import stub
from tests.fakes.bodies import KEY, imodel, source
from tests.fakes.harness import DEFAULTS, OperatorHarness
from tests.unit.passes.pipeline_harness import BOTH, PipelineHarness

REASON = "found more than 64 levels of nesting, expected at most 64"
DEEP: Any = {}
for _ in range(3000):
    DEEP = {"a": DEEP}


def unreadable(world: OperatorHarness, name: str = KEY.name) -> None:
    """Deliver the model's last version as a stub, like the decoder does."""
    world.watch()
    body = world.cluster.edit(KEY.kind, name, {"spec": {"replicas": 7}})
    world.cluster.events.clear()
    world.store.put(KEY.kind, stub(body, REASON))


def children(world: OperatorHarness) -> list[tuple[str, dict[str, Any]]]:
    return [(kind, body) for kind, body in world.cluster.snapshot() if kind != KEY.kind]


@pytest.fixture
async def world() -> OperatorHarness:
    made = OperatorHarness()
    made.user_applies(model=source(1))
    await made.settle()
    assert made.served is not None
    return made


async def test_a_unit_that_cannot_be_read_keeps_what_it_has(world: OperatorHarness) -> None:
    before, writes = children(world), len(world.cluster.writes)
    unreadable(world)
    await world.settle()

    assert children(world) == before
    assert len(world.cluster.writes) == writes
    assert world.store.is_unreadable(KEY)


async def test_so_does_one_that_a_new_process_has_never_read(world: OperatorHarness) -> None:
    before = children(world)
    world.start()
    world.store.drop(KEY.kind, world.cluster.live(KEY.kind, KEY.name) or {})
    unreadable(world)
    await world.settle()

    assert children(world) == before
    assert world.store.get(KEY.kind, (KEY.namespace, KEY.name)) is None


async def test_a_child_that_changes_meanwhile_waits(world: OperatorHarness) -> None:
    unreadable(world)
    world.cluster.remove("Service", KEY.name)
    await world.settle()
    assert world.cluster.live("Service", KEY.name) is None

    world.user_applies(model=source(1), replicas=2)
    await world.settle()
    assert world.cluster.live("Service", KEY.name) is not None
    assert not world.store.is_unreadable(KEY)


async def test_it_gives_its_turn_back() -> None:
    defaults = replace(DEFAULTS, staged=1)
    world = OperatorHarness()
    world.start(defaults)
    world.user_applies(model=source(1))
    await world.settle()
    slots = world.passes._dependencies.slots
    assert slots.acquire(KEY)
    world.woken.clear()
    unreadable(world)
    assert KEY in world.woken
    await world.passes(KEY)

    assert not slots.holds(KEY)


async def test_an_older_answer_does_not_make_it_readable(world: OperatorHarness) -> None:
    world.watch()
    older = world.cluster.edit(KEY.kind, KEY.name, {"metadata": {"labels": {"a": "b"}}})
    unreadable(world)

    assert not world.store.put(KEY.kind, older)
    assert world.store.is_unreadable(KEY)


async def test_its_deletion_is_noticed(world: OperatorHarness) -> None:
    unreadable(world)
    body = world.cluster.live(KEY.kind, KEY.name) or {}
    world.cluster.remove(KEY.kind, KEY.name)
    world.cluster.events.clear()
    world.store.record_deletion(KEY.kind, stub(body, REASON))

    assert not world.store.is_unreadable(KEY)
    assert world.store.get(KEY.kind, (KEY.namespace, KEY.name)) is None


async def test_a_successor_that_cannot_be_read_takes_the_place_of_its_predecessor(
    world: OperatorHarness,
) -> None:
    world.cluster.remove(KEY.kind, KEY.name)
    world.user_applies(model=source(2))
    world.cluster.events.clear()
    world.store.put(KEY.kind, stub(world.cluster.live(KEY.kind, KEY.name) or {}, REASON))

    assert world.store.get(KEY.kind, (KEY.namespace, KEY.name)) is None
    assert world.store.is_unreadable(KEY)


async def test_the_others_are_served(world: OperatorHarness) -> None:
    unreadable(world)
    other = UnitKey(KEY.kind, KEY.namespace, "other")
    world.cluster.apply_as("kubectl", imodel("other", model=source(3)), force=True)
    await world.settle(keys=(KEY, other))

    assert world.cluster.live("Service", "other") is not None


async def test_what_cannot_be_copied_is_skipped_as_well(world: OperatorHarness) -> None:
    before = children(world)
    body = world.cluster.edit(KEY.kind, KEY.name, {"spec": {"replicas": 7}})
    world.cluster.events.clear()
    world.store.put(KEY.kind, {**body, "spec": {**body["spec"], "placement": DEEP}})
    await world.settle()

    assert world.store.is_unreadable(KEY)
    assert children(world) == before


async def test_a_pipeline_goes_on_with_what_it_has_pinned() -> None:
    harness = PipelineHarness()
    revision = await harness.serving()
    unreadable(harness)
    await harness.settle(keys=BOTH)
    assert harness.sets == {revision: 1}

    harness.start()
    harness.store.drop(KEY.kind, harness.cluster.live(KEY.kind, KEY.name) or {})
    unreadable(harness)
    asked = len(harness.cluster.requests)
    await harness.settle(keys=BOTH)
    assert harness.sets == {revision: 1}
    # The operator does not read it again and again.
    assert len(harness.cluster.requests) - asked < 20


async def test_a_record_that_cannot_be_read_is_rejected_and_its_pods_stay(
    world: OperatorHarness,
) -> None:
    name = f"{KEY.name}-{world.served}"
    record = world.cluster.live("ControllerRevision", name)
    deployment = world.cluster.live("Deployment", name)
    assert record is not None
    assert deployment is not None
    record["metadata"]["resourceVersion"] = "999"
    assert world.store.put("ControllerRevision", stub(record, REASON))
    await world.passes(KEY)

    (event,) = [e for e in world.cluster.all("Event") if e["reason"] == "RecordRejected"]
    assert (
        f"ControllerRevision/{name} is not accepted: it cannot be read: {REASON}"
        in (event["message"])
    )
    after = world.cluster.live("Deployment", name)
    assert after is not None
    assert after["spec"] == deployment["spec"]
