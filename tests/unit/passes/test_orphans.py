"""A unit that is deleted with `--cascade=orphan` leaves its children as they are."""

from tests.fakes.bodies import KEY
from tests.fakes.harness import OperatorHarness, refuse
from tests.unit.passes.test_repairs import KINDS, child, children_told_first, serving


def orphaned(world: OperatorHarness) -> None:
    """Deliver the children without owners before the deletion of their unit."""
    marked = {"deletionTimestamp": "2031-05-06T12:00:00Z", "finalizers": ["orphan"]}
    world.cluster.edit(KEY.kind, KEY.name, {"metadata": marked})
    for kind in KINDS:
        name = child(world, kind)["metadata"]["name"]
        world.cluster.edit(kind, name, {"metadata": {"ownerReferences": None}})
    children_told_first(world)


async def test_the_children_of_a_unit_that_goes_are_not_taken_back() -> None:
    world = await serving()
    orphaned(world)
    before = len(world.cluster.writes)
    await world.passes(KEY)

    assert len(world.cluster.writes) == before


async def test_a_child_that_somebody_orphaned_is_taken_back_while_its_unit_stays() -> None:
    world = await serving()
    name = child(world, "Deployment")["metadata"]["name"]
    world.cluster.edit("Deployment", name, {"metadata": {"ownerReferences": None}})
    await world.settle()

    assert child(world, "Deployment")["metadata"]["ownerReferences"]


async def test_a_role_that_forbids_to_ask_keeps_nothing_from_being_mended() -> None:
    world = await serving()
    world.cluster.remove("Service", KEY.name)
    world.cluster.before = refuse(lambda request: request.verb == "get")
    await world.settle()

    assert child(world, "Service")


async def test_a_late_word_does_not_bring_back_what_the_status_found_gone() -> None:
    world = await serving()
    world.cluster.edit(KEY.kind, KEY.name, {"metadata": {"annotations": {"desk": "7"}}})
    world.cluster.remove(KEY.kind, KEY.name)
    late = [event for event in world.cluster.events if event[1] == KEY.kind]
    world.cluster.events = []
    name = child(world, "Deployment")["metadata"]["name"]
    world.cluster.edit("Deployment", name, {"status": {"readyReplicas": 0}})
    await world.one_pass()
    world.cluster.collect_garbage()
    await world.one_pass()
    before = len(world.cluster.writes)
    world.cluster.events = late[:1]
    await world.one_pass()

    assert len(world.cluster.writes) == before


async def test_a_deployment_lost_during_a_pass_is_told_as_put_back_not_as_scaled() -> None:
    world = await serving()
    world.cluster.remove("Service", KEY.name)
    name = child(world, "Deployment")["metadata"]["name"]

    def loses_it(request: object, number: int) -> None:
        if getattr(request, "is_write", False):
            world.cluster.before = None
            world.cluster.remove("Deployment", name)
            world.watch()

    world.cluster.before = loses_it
    await world.settle()

    assert "Scaled" not in world.event_reasons
