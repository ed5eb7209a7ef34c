"""Each child belongs to one resource, also beside or after others with the same name."""

from tests.fakes.bodies import KEY, NAMESPACE, imodel
from tests.fakes.harness import OperatorHarness


async def test_a_resource_deleted_unseen_is_dropped_when_its_status_is_gone() -> None:
    world = OperatorHarness()
    world.user_applies()
    await world.settle()
    world.cluster.remove("InferenceModel", KEY.name)
    world.cluster.events.clear()
    world.cluster.collect_garbage()

    await world.one_pass()
    world.cluster.collect_garbage()
    before = len(world.cluster.requests)
    await world.one_pass()

    assert len(world.cluster.requests) == before


async def test_a_successor_of_the_same_name_waits_for_the_children_of_its_predecessor() -> None:
    world = OperatorHarness()
    world.user_applies()
    await world.settle()
    world.cluster.remove("InferenceModel", KEY.name)
    world.user_applies()

    await world.one_pass()
    assert [e["reason"] for e in world.cluster.all("Event")] == ["Promoted"]
    world.cluster.collect_garbage()
    await world.settle()

    assert world.ready[0] == "True"
    assert "ChildRefused" not in world.event_reasons
    owner = world.cluster.live("InferenceModel", KEY.name)
    assert owner is not None
    for kind in ("ControllerRevision", "ConfigMap", "Deployment", "Service"):
        (child,) = world.cluster.all(kind)
        assert child["metadata"]["ownerReferences"][0]["uid"] == owner["metadata"]["uid"]


async def test_orphaned_children_are_adopted() -> None:
    world = OperatorHarness()
    world.user_applies()
    await world.settle()
    world.cluster.remove("InferenceModel", KEY.name)
    for kind in ("ControllerRevision", "ConfigMap", "Deployment", "Service"):
        (child,) = world.cluster.all(kind)
        name = child["metadata"]["name"]
        world.cluster.edit(kind, name, {"metadata": {"ownerReferences": None}})
    uids = {b["metadata"]["uid"] for k, b in world.cluster.snapshot() if k != "Event"}

    world.user_applies()
    await world.settle()

    assert world.ready[0] == "True"
    after = {b["metadata"]["uid"] for k, b in world.cluster.snapshot() if k not in ("Event",)}
    assert len(after - uids) == 1, "only the new InferenceModel is new"


async def test_two_models_do_not_touch_each_other() -> None:
    world = OperatorHarness()
    world.user_applies()
    world.cluster.apply_as("kubectl", imodel("fx-drift-b"))
    await world.settle()
    other = type(KEY)(KEY.kind, NAMESPACE, "fx-drift-b")
    await world.one_pass(other)
    count = len(world.cluster.requests)
    await world.one_pass()

    assert len(world.cluster.requests) == count
    assert len(world.cluster.all("Deployment")) == 2
