"""Records that are not accepted: they are reported, never applied, and delete no pod."""

import contextlib
from datetime import timedelta
from typing import Any

from inference_operator.validation.defaults import Defaults
from tests.fakes.bodies import KEY, LOADER_IMAGE, TRITON_IMAGE, source
from tests.fakes.cluster import CrashedError
from tests.fakes.harness import DEFAULTS, OperatorHarness, crash_at
from tests.unit.passes.forging import NEWER, elsewhere, forge, spoiled, workloads


async def serving(**changes: Any) -> OperatorHarness:
    world = OperatorHarness()
    world.user_applies(model=source(1), **changes)
    await world.settle()
    assert world.served is not None
    return world


def events(world: OperatorHarness, reason: str = "RecordRejected") -> list[dict[str, Any]]:
    return [e for e in world.cluster.all("Event") if e["reason"] == reason]


def record_of(world: OperatorHarness, revision: str | None) -> dict[str, Any]:
    record = world.cluster.live("ControllerRevision", f"{KEY.name}-{revision}")
    assert record is not None
    return record


def namespaces(world: OperatorHarness) -> set[str]:
    return {body["metadata"]["namespace"] for _, body in world.cluster.snapshot()}


async def test_nothing_is_written_outside_the_namespace() -> None:
    world = await serving()
    spoiled(world, world.served, elsewhere)
    await world.settle()

    assert namespaces(world) == {KEY.namespace}


async def test_the_record_of_what_runs_is_made_again_where_that_restarts_nothing() -> None:
    world = await serving()
    before, was = workloads(world), record_of(world, world.served)["data"]
    spoiled(world, world.served, elsewhere)
    await world.settle()

    assert workloads(world) == before
    assert record_of(world, world.served)["data"] == was
    assert world.ready[0] == "True"
    (event,) = events(world)
    assert event["type"] == "Warning"
    assert event["message"] == (
        f"ControllerRevision/fx-drift-{world.served} is not accepted:"
        " data.children[1].metadata.namespace: found 'kube-system', expected 'desk-7';"
        " it is deleted and created again from the spec, which restarts no pod"
    )


async def test_a_crash_while_the_record_is_made_again_restarts_nothing() -> None:
    for number in range(1, 6):
        world = await serving()
        before, was = workloads(world), record_of(world, world.served)["data"]
        spoiled(world, world.served, elsewhere)
        world.cluster.before = crash_at(len(world.cluster.writes) + number)
        with contextlib.suppress(CrashedError):
            await world.settle()
        world.cluster.before = None
        world.start()
        await world.settle()

        assert workloads(world) == before
        assert record_of(world, world.served)["data"] == was


async def test_pods_stay_where_a_new_record_would_replace_them() -> None:
    """After an upgrade, today's rendering has another image."""
    world = await serving()
    before = workloads(world)
    spoiled(world, world.served, elsewhere)
    forged = record_of(world, world.served)["metadata"]["uid"]
    world.start(NEWER)
    await world.settle()

    assert workloads(world) == before
    assert record_of(world, world.served)["metadata"]["uid"] == forged
    status, reason, message = world.ready
    assert (status, reason) == ("False", "RecordRejected")
    assert "data.children[1].metadata.namespace: found 'kube-system'" in message
    assert f"pods of revision {world.served} stay as they are" in message
    assert "delete this ControllerRevision" in message
    conditions = {c.type: (c.status.value, c.reason) for c in world.status.conditions}
    assert conditions["Available"][0] == "True"
    assert conditions["Stalled"] == ("True", "RecordRejected")
    assert world.event_reasons.count("RecordRejected") == 1

    writes = len(world.cluster.writes)
    world.start(NEWER)
    await world.settle()
    assert len(world.cluster.writes) == writes


async def test_the_pods_of_a_rejected_record_keep_their_budget_and_their_service() -> None:
    world = await serving(replicas=2)
    kept = {kind: world.cluster.all(kind) for kind in ("PodDisruptionBudget", "Service")}
    spoiled(world, world.served, elsewhere)
    world.start(NEWER)
    await world.settle()

    assert world.ready[1] == "RecordRejected"
    assert {kind: world.cluster.all(kind) for kind in kept} == kept


async def test_a_record_without_any_legible_data_disturbs_no_other_unit() -> None:
    world = await serving()
    body = record_of(world, world.served)
    world.user_applies(model=source(2))
    world.answers = lambda revision: revision == world.served
    await world.settle()
    forge(world, {**body, "data": 5})
    world.watch()

    assert world.store.rolling() == []


async def test_a_person_who_deletes_the_record_has_it_made_again() -> None:
    world = await serving()
    served = world.served
    spoiled(world, served, elsewhere)
    world.start(NEWER)
    await world.settle()
    world.cluster.remove("ControllerRevision", f"{KEY.name}-{served}")
    await world.settle()

    assert world.ready[0] == "True"
    assert world.served == served


async def test_a_new_spec_leads_away_from_a_rejected_record() -> None:
    world = await serving()
    old = world.served
    spoiled(world, old, elsewhere)
    world.start(NEWER)
    await world.settle()
    world.user_applies(model=source(2))
    await world.settle()

    assert world.served != old
    assert old in world.deployments
    assert world.ready[0] == "True"
    await world.later(timedelta(minutes=5))
    assert old not in world.deployments
    assert record_of(world, old), "a person has to look at it"


async def test_a_canary_is_never_rolled_by_a_forged_record() -> None:
    world = await serving()
    old = world.served
    world.answers = lambda revision: revision == old
    world.user_applies(model=source(2))
    await world.settle()
    assert world.status.canary is not None
    canary = world.status.canary.revision
    before = workloads(world)
    spoiled(world, canary, elsewhere)
    await world.settle()
    assert workloads(world) == before

    world.answers = lambda revision: True
    await world.settle()
    assert world.served == canary
    assert world.ready[0] == "True"


async def test_an_old_record_that_is_rejected_cannot_be_restored() -> None:
    world = await serving()
    old = world.served
    world.user_applies(model=source(2))
    await world.settle()
    await world.later(timedelta(minutes=5))
    before = workloads(world)
    spoiled(world, old, elsewhere)
    await world.settle()

    assert workloads(world) == before
    assert world.ready[0] == "True"
    (event,) = events(world)
    assert event["message"].endswith("no revision can be restored from it; delete it")

    # No pod of it runs, so going back renders it again.
    world.user_applies(model=source(1))
    await world.settle()
    assert world.served == old
    assert world.ready[0] == "True"
    assert record_of(world, old)["data"]["children"][1]["metadata"]["namespace"] == KEY.namespace


async def test_a_record_that_was_there_first_is_not_applied() -> None:
    world = await serving()
    served, body = world.served, record_of(world, world.served)
    world.cluster.remove(KEY.kind, KEY.name)
    world.cluster.collect_garbage()
    world.start()
    world.user_applies(model=source(1))
    successor = world.cluster.live(KEY.kind, KEY.name)
    assert successor is not None
    body["metadata"]["ownerReferences"][0]["uid"] = successor["metadata"]["uid"]
    elsewhere(body["data"]["children"][1])
    forge(world, body)
    await world.settle()

    assert world.served == served
    assert world.ready[0] == "True"
    assert namespaces(world) == {KEY.namespace}


async def test_many_rejected_records_make_one_event() -> None:
    world = await serving()
    body = record_of(world, world.served)
    for number in range(30):
        made = {**body, "data": {"children": []}}
        made["metadata"] = {**body["metadata"], "name": f"{KEY.name}-forged{number:02}"}
        forge(world, made)
    await world.settle()
    await world.settle()

    (event,) = events(world)
    assert event["message"].endswith("27 more records are not accepted")
    assert len(world.cluster.all("ControllerRevision")) == 31
    assert world.ready[0] == "True"


async def test_a_revision_that_was_made_anew_of_its_spec_is_kept() -> None:
    """Staged defaults give a revision another name than its spec's hash."""
    world = await serving()
    staged = Defaults(NEWER.triton_image, LOADER_IMAGE, staged=1)
    world.start(staged)
    await world.settle()
    await world.later(timedelta(minutes=5))
    served = world.served
    assert record_of(world, served)["data"]["madeOf"] != served
    before = workloads(world)
    spoiled(world, served, elsewhere)
    world.start(DEFAULTS)
    await world.settle()

    assert workloads(world) == before
    assert world.served == served
    assert world.ready[1] == "RecordRejected"


async def test_a_rejected_record_is_reported_while_the_spec_is_invalid() -> None:
    world = await serving()
    before = workloads(world)
    spoiled(world, world.served, elsewhere)
    world.user_applies(model={**source(1), "format": "floppy"})
    await world.settle()

    assert workloads(world) == before
    assert len(events(world)) == 1
    assert world.ready[1] == "InvalidSpec"


async def test_a_number_near_the_end_of_numbers_stops_no_rollout() -> None:
    world = await serving()
    body = record_of(world, world.served)
    forge(world, {**body, "revision": 2**31 - 1})
    world.user_applies(model=source(2))
    await world.settle()

    assert world.ready[0] == "True"
    assert record_of(world, world.served)["revision"] == 2**31 - 1


async def test_an_upgrade_writes_nothing() -> None:
    world = await serving(replicas=2)
    assert NEWER.triton_image != TRITON_IMAGE
    writes = len(world.cluster.writes)
    world.start(NEWER)
    await world.settle()

    assert len(world.cluster.writes) == writes
    assert events(world) == []
