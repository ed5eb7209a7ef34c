"""The order of writes to Services and routes, simulated with a gateway that is late."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference_operator.domain.names import Backend
from inference_operator.domain.tracks import Tracks
from tests.unit.planning.gateway_world import KINDS, World, tracks

STABLE, CANARY = Backend.STABLE, Backend.CANARY
ROUNDS = 40


def settled(world: World, goal: Tracks) -> World:
    """Let passes, the gateway and the endpoints work until nothing changes any more."""
    for _ in range(ROUNDS):
        world.catch_up()
        steps = world.step(goal)
        if not steps:
            return world
        for write in steps:
            world.write(write)
    raise AssertionError(f"no end after {ROUNDS} passes: {world}")


def serving(revision: str = "a") -> World:
    return settled(World(ready={revision}), tracks(revision))


def shares(world: World) -> set[int]:
    return {world.weights[kind] for kind in KINDS}


def test_the_first_routes_lead_to_the_stable_service() -> None:
    world = World(ready=set())
    steps = world.step(tracks("", "a"))

    assert dict(steps) == {STABLE: "a", CANARY: "a", **dict.fromkeys(KINDS, 0)}
    assert [place for place, _ in steps][:2] == [STABLE, CANARY]


def test_the_canary_gets_weight_once_it_has_endpoints() -> None:
    world = serving()
    goal = tracks("a", "b", 10)
    assert world.step(goal) == []

    world.ready.add("b")
    assert world.step(goal) == [(CANARY, "b")]
    world.write((CANARY, "b"))
    assert world.step(goal) == []  # its endpoints are still those of a

    world.update_endpoints(CANARY)
    assert world.step(goal) == [(kind, 10) for kind in KINDS]


def test_a_promotion_goes_back_to_the_stable_service() -> None:
    world = serving()
    world.ready.add("b")
    settled(world, tracks("a", "b", 100))
    assert (shares(world), world.services) == ({100}, {STABLE: "a", CANARY: "b"})

    promoted = tracks("b")
    assert world.view.may_lead_to("b")
    assert not world.view.may_lead_to("a")
    steps = world.step(promoted)
    assert steps == [(STABLE, "b")]
    world.write(steps[0])
    assert world.step(promoted) == []
    world.update_endpoints(STABLE)
    steps = world.step(promoted)
    assert steps == [(kind, 0) for kind in KINDS]
    assert world.view.may_lead_to("a")
    for write in steps:
        world.write(write)
    assert world.view.may_lead_to("a")

    settled(world, promoted)
    assert (shares(world), world.services) == ({0}, {STABLE: "b", CANARY: "b"})
    assert not world.view.may_lead_to("a")


def test_an_abort_takes_all_weight_in_one_pass_and_keeps_the_canary_until_it_is_effective() -> None:
    world = serving()
    world.ready.add("b")
    settled(world, tracks("a", "b", 50))

    aborted = tracks("a")
    assert world.step(aborted) == [(kind, 0) for kind in KINDS]
    for write in world.step(aborted):
        world.write(write)
    assert world.step(aborted) == []
    assert world.view.may_lead_to("b")

    for kind in KINDS:
        world.program(kind)
    assert world.step(aborted) == [(CANARY, "a")]


def test_the_service_of_a_replaced_canary_moves_when_weight_0_is_effective() -> None:
    world = serving()
    world.ready |= {"b", "c"}
    settled(world, tracks("a", "b", 50))
    goal = tracks("a", "c", 25)

    assert world.step(goal) == [(kind, 0) for kind in KINDS]
    settled(world, goal)
    assert (shares(world), world.services) == ({25}, {STABLE: "a", CANARY: "c"})


def test_a_canary_that_answers_takes_over_from_a_stable_revision_without_pods() -> None:
    world = serving()
    world.ready.add("b")
    settled(world, tracks("a", "b", 10))
    world.ready.discard("a")
    world.catch_up()

    settled(world, tracks("b"))
    assert (shares(world), world.services) == ({0}, {STABLE: "b", CANARY: "b"})


def test_clients_stay_with_the_canary_while_the_stable_service_has_no_endpoints() -> None:
    world = serving()
    world.ready.add("b")
    settled(world, tracks("a", "b", 100))
    world.ready.discard("a")
    world.catch_up()

    assert world.step(tracks("a")) == []


def test_a_route_that_somebody_deleted_leads_where_endpoints_are() -> None:
    world = serving()
    world.ready.add("b")
    settled(world, tracks("a", "b", 100))
    world.write((STABLE, "b"))
    world.update_endpoints(STABLE)
    world.endpoints[STABLE] = frozenset()
    del world.weights[KINDS[0]]

    assert world.step(tracks("b")) == [(KINDS[0], 100)]


def test_a_revision_of_unknown_endpoints_gets_nothing() -> None:
    world = serving()
    world.ready.add("b")
    settled(world, tracks("a", "b", 10))
    world.endpoints[CANARY] = frozenset({"", "b"})

    assert world.step(tracks("a", "b", 50)) == []


@pytest.mark.parametrize("weight", [1, 50, 100])
def test_a_settled_world_stays_as_it_is(weight: int) -> None:
    world = serving()
    world.ready.add("b")
    goal = tracks("a", "b", weight)

    assert settled(world, goal).step(goal) == []
    assert shares(world) == {weight}


ROLLOUTS: dict[str, tuple[Tracks, ...]] = {
    "promoted": (
        tracks("a", "b"),
        tracks("a", "b", 10),
        tracks("a", "b", 50),
        tracks("a", "b", 100),
        tracks("b"),
    ),
    "aborted": (tracks("a", "b"), tracks("a", "b", 50), tracks("a")),
    "replaced": (
        tracks("a", "b"),
        tracks("a", "b", 50),
        tracks("a", "c"),
        tracks("a", "c", 100),
        tracks("c"),
    ),
    "rolled back": (tracks("a", "b"), tracks("a", "b", 100), tracks("b"), tracks("b", "a", 100)),
}


@pytest.mark.parametrize("rollout", ROLLOUTS.values(), ids=ROLLOUTS)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_no_client_is_led_to_a_service_without_pods(
    rollout: tuple[Tracks, ...], data: st.DataObject
) -> None:
    """The gateway and the endpoints follow at any time; the operator ends after any write."""
    world = serving()
    for goal in rollout:
        world.ready |= set(goal.revisions)
        for _ in range(data.draw(st.integers(1, 6))):
            wander(world, goal, data)
        settled_safely(world, goal)

    direct = serving()
    for goal in rollout:
        direct.ready |= set(goal.revisions)
        settled(direct, goal)
    assert (world.services, world.weights) == (direct.services, direct.weights)


def wander(world: World, goal: Tracks, data: st.DataObject) -> None:
    """Send the first writes of a pass, after each of which the others may happen or not."""
    steps = world.step(goal)
    for write in steps[: data.draw(st.integers(0, len(steps)))]:
        world.write(write)
        assert world.leads_to_dead_pods() == []
        for happening in data.draw(st.lists(st.sampled_from([*Backend, *KINDS]), max_size=4)):
            happen(world, happening)
            assert world.leads_to_dead_pods() == []


def settled_safely(world: World, goal: Tracks) -> None:
    for _ in range(ROUNDS):
        for happening in (*Backend, *KINDS):
            happen(world, happening)
            assert world.leads_to_dead_pods() == []
        steps = world.step(goal)
        for write in steps:
            world.write(write)
            assert world.leads_to_dead_pods() == []
        if not steps:
            return
    raise AssertionError(f"no end after {ROUNDS} passes: {world}")


def happen(world: World, happening: str) -> None:
    if isinstance(happening, Backend):
        world.update_endpoints(happening)
    else:
        world.program(happening)


def test_what_a_route_may_lead_to_is_kept_at_each_moment_of_a_promotion() -> None:
    world = serving()
    world.ready.add("b")
    for goal in ROLLOUTS["promoted"]:
        for _ in range(ROUNDS):
            for write in world.step(goal):
                world.write(write)
                assert kept(world, ("a", "b")) >= reached(world)
            world.catch_up()


def kept(world: World, revisions: Iterable[str]) -> set[str]:
    return {revision for revision in revisions if world.view.may_lead_to(revision)}


def reached(world: World) -> set[str]:
    """Return the revisions that clients may be sent to."""
    return {world.services[backend] for (_, backend), share in world.reached.items() if share}


@given(
    services=st.fixed_dictionaries(dict.fromkeys(Backend, st.sampled_from("abc"))),
    weights=st.fixed_dictionaries(dict.fromkeys(KINDS, st.integers(0, 100))),
    weight=st.integers(0, 100),
    goal=st.permutations("abc"),
)
@settings(max_examples=200, deadline=None)
def test_every_state_leads_to_the_goal(
    services: dict[Backend, str], weights: dict[str, int], weight: int, goal: list[str]
) -> None:
    """Whatever was edited: with all pods ready, the end is the one that the rollout asks for."""
    world = World(ready=set("abc"), services=dict(services), weights=dict(weights))
    settled(world, tracks(goal[0], goal[1], weight))

    assert world.services == {STABLE: goal[0], CANARY: goal[1]}
    assert shares(world) == {weight}
