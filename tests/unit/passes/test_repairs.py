"""The operator restores children that somebody edits or deletes by hand, and reports it once."""

from typing import Any

import pytest

from inference_operator.adapters.kubernetes.api_error import ApiError
from tests.fakes.bodies import KEY, source
from tests.fakes.harness import OperatorHarness

KINDS = ["ControllerRevision", "ConfigMap", "Deployment", "Service", "PodDisruptionBudget"]


async def serving() -> OperatorHarness:
    world = OperatorHarness()
    world.user_applies(replicas=2)
    await world.settle()
    return world


def child(world: OperatorHarness, kind: str) -> Any:
    (only_child,) = world.cluster.all(kind)
    return only_child


@pytest.mark.parametrize("kind", KINDS)
async def test_a_deleted_child_comes_back_as_it_was(kind: str) -> None:
    world = await serving()
    before = child(world, kind)
    world.cluster.remove(kind, before["metadata"]["name"])
    await world.settle()

    after = child(world, kind)
    for body in (before, after):
        for name in ("uid", "resourceVersion", "creationTimestamp", "generation"):
            body["metadata"].pop(name, None)
    assert after == before
    assert world.ready[0] == "True"
    assert [r.verb for r in world.cluster.requests if not r.is_write] == ["get"]


def children_told_first(world: OperatorHarness) -> None:
    """Deliver the events of the children before the event of their unit."""
    events = world.cluster.events
    world.cluster.events = [event for event in events if event[1] in KINDS]
    world.watch()
    world.cluster.events = [event for event in events if event[1] not in KINDS]


def without_children(world: OperatorHarness) -> None:
    """Deliver the garbage collector's deletions before their cause."""
    world.cluster.collect_garbage()
    children_told_first(world)


async def test_nothing_is_made_anew_for_a_unit_whose_end_is_told_late() -> None:
    world = await serving()
    world.cluster.remove(KEY.kind, KEY.name)
    without_children(world)
    before = len(world.cluster.writes)
    for _ in range(3):
        await world.passes(KEY)
    await world.settle()

    assert len(world.cluster.writes) == before
    assert [r.verb for r in world.cluster.requests if not r.is_write] == ["get"]


async def test_a_late_word_of_a_unit_that_has_gone_does_not_bring_it_back() -> None:
    world = await serving()
    world.cluster.edit(KEY.kind, KEY.name, {"spec": {"replicas": 3}})
    world.cluster.remove(KEY.kind, KEY.name)
    without_children(world)
    await world.passes(KEY)
    before = len(world.cluster.writes)
    await world.settle()

    assert len(world.cluster.writes) == before


async def test_what_is_made_anew_is_the_successors() -> None:
    world = await serving()
    world.cluster.remove(KEY.kind, KEY.name)
    world.user_applies(replicas=3)
    without_children(world)
    await world.passes(KEY)

    successor = world.cluster.live(KEY.kind, KEY.name)
    assert successor is not None
    (owner,) = child(world, "Deployment")["metadata"]["ownerReferences"]
    assert owner["uid"] == successor["metadata"]["uid"]


async def test_while_nobody_says_whether_the_unit_is_there_nothing_is_made_anew() -> None:
    world = await serving()
    world.cluster.remove("Service", KEY.name)
    before = len(world.cluster.writes)

    def silent(request: Any, number: int) -> None:
        if request.verb == "get":
            raise ApiError(503, "", "overloaded")

    world.cluster.before = silent
    for _ in range(2):
        with pytest.raises(ApiError, match="overloaded"):
            await world.one_pass()
    assert len(world.cluster.writes) == before
    world.cluster.before = None
    await world.settle()

    assert child(world, "Service")


@pytest.mark.parametrize(
    ("kind", "edit", "where"),
    [
        ("Deployment", {"spec": {"replicas": 9}}, "spec.replicas"),
        (
            "Deployment",
            {"metadata": {"labels": {"inference.aipx.io/name": "stolen"}}},
            "metadata.labels.inference.aipx.io/name",
        ),
        (
            "ControllerRevision",
            {"metadata": {"labels": {"inference.aipx.io/revision": None}}},
            "metadata.labels.inference.aipx.io/revision",
        ),
        ("Service", {"spec": {"selector": {"app": "till"}}}, "spec.selector"),
        ("Service", {"spec": {"type": "NodePort"}}, "spec.type"),
        ("PodDisruptionBudget", {"spec": {"maxUnavailable": 2}}, "spec.maxUnavailable"),
        (
            "ConfigMap",
            {"metadata": {"ownerReferences": None}},
            "missing",
        ),
    ],
)
async def test_an_edited_child_is_put_back(kind: str, edit: dict[str, Any], where: str) -> None:
    world = await serving()
    before = child(world, kind)
    world.cluster.edit(kind, before["metadata"]["name"], edit)
    await world.settle()

    after = child(world, kind)
    assert (
        after["spec" if "spec" in after else "data"]
        == before["spec" if "spec" in before else "data"]
    )
    assert after["metadata"]["labels"] == before["metadata"]["labels"]
    assert after["metadata"]["ownerReferences"] == before["metadata"]["ownerReferences"]
    event = world.cluster.all("Event")[-1]
    assert event["reason"] == "DriftRepaired"
    assert event["message"].startswith("restored after a change by another client: ")
    assert f"{kind}/{before['metadata']['name']}: {where}" in event["message"]


async def test_a_repair_is_said_once() -> None:
    world = await serving()
    world.cluster.edit(
        "Deployment", child(world, "Deployment")["metadata"]["name"], {"spec": {"replicas": 9}}
    )
    await world.settle()
    await world.settle()

    assert world.event_reasons.count("DriftRepaired") == 1


async def test_a_foreign_selector_key_is_taken_out_of_the_service() -> None:
    world = await serving()
    world.cluster.edit("Service", KEY.name, {"spec": {"selector": {"version": "blue"}}})
    await world.settle()

    assert "version" not in child(world, "Service")["spec"]["selector"]


async def test_a_webhook_that_keeps_a_field_otherwise_is_not_fought_for_ever() -> None:
    world = await serving()
    store = world.cluster._store

    def mutating(kind: str, key: Any, live: Any, changed: Any) -> Any:
        if kind == "Service":
            changed = {**changed, "spec": {**changed["spec"], "type": "LoadBalancer"}}
        return store(kind, key, live, changed)

    world.cluster._store = mutating  # type: ignore[method-assign]
    world.cluster.edit("Service", KEY.name, {"spec": {"type": "LoadBalancer"}})
    await world.settle()
    before = len(world.cluster.requests)
    for _ in range(3):
        await world.one_pass()

    assert len(world.cluster.requests) == before


async def test_a_record_deleted_in_mid_rollout_moves_no_client() -> None:
    world = await serving()
    old = world.served
    world.answers = lambda revision: revision == old
    world.user_applies(model=source(2), replicas=2)
    await world.settle()
    world.cluster.remove("ControllerRevision", f"fx-drift-{old}")
    await world.settle()

    assert world.served == old
    assert old in world.deployments

    world.answers = lambda revision: True
    await world.settle()
    assert world.ready[0] == "True"
    assert world.served != old


async def test_a_status_that_was_wiped_is_written_again_and_moves_no_client() -> None:
    world = await serving()
    served = world.served
    world.cluster.edit("InferenceModel", KEY.name, {"status": None})
    await world.settle()

    assert world.served == served
    assert world.ready[0] == "True"
    assert world.status.stable is not None
    assert world.status.stable.revision == served
