"""A new default image changes no running unit, or reaches a few units at a time."""

from dataclasses import replace
from datetime import timedelta

from inference_operator.api.status import UnitStatus, read_status
from inference_operator.domain.names import UnitKey
from inference_operator.validation.defaults import Defaults
from tests.fakes.bodies import KEY, TRITON_IMAGE, imodel, source
from tests.fakes.harness import DEFAULTS, OperatorHarness

NEW_IMAGE = "nvcr.io/nvidia/tritonserver:99.12-py3"
CHANGED = replace(DEFAULTS, triton_image=NEW_IMAGE)
STAGED = replace(CHANGED, staged=1)
NAMES = ("fx-drift", "rates", "vol-surface")
KEYS = tuple(UnitKey(KEY.kind, KEY.namespace, name) for name in NAMES)
DELAY = timedelta(seconds=31)


async def fleet() -> OperatorHarness:
    """Return three models that serve with the old image."""
    world = OperatorHarness()
    for name in NAMES:
        world.cluster.apply_as("kubectl", imodel(name), force=True)
    await world.settle(keys=KEYS)
    assert images(world) == dict.fromkeys(NAMES, TRITON_IMAGE)
    return world


def status(world: OperatorHarness, name: str) -> UnitStatus:
    body = world.cluster.live("InferenceModel", name)
    assert body is not None
    return read_status(body)


def images(world: OperatorHarness) -> dict[str, str]:
    """Return the image that serves the clients of each model."""
    images_by_unit = {}
    for name in NAMES:
        service = world.cluster.live("Service", name)
        assert service is not None
        revision = service["spec"]["selector"]["inference.aipx.io/revision"]
        deployment = world.cluster.live("Deployment", f"{name}-{revision}")
        assert deployment is not None
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        images_by_unit[name] = container["image"]
    return images_by_unit


def waiting(world: OperatorHarness) -> dict[str, str]:
    """Return the condition's message of each model that waits."""
    return {
        name: condition.message
        for name in NAMES
        for condition in status(world, name).conditions
        if condition.type == "DefaultsCurrent"
    }


async def restart(world: OperatorHarness, defaults: Defaults) -> None:
    world.start(defaults)
    await world.settle(keys=KEYS)


async def test_a_new_default_touches_nothing_that_runs() -> None:
    world = await fleet()
    before = len(world.cluster.requests)
    await restart(world, CHANGED)

    assert len(world.cluster.requests) == before


async def test_a_new_default_comes_with_the_next_change_of_the_spec() -> None:
    world = await fleet()
    await restart(world, CHANGED)
    world.cluster.apply_as("kubectl", imodel(model=source(2)), force=True)
    await world.settle(keys=KEYS)

    assert images(world)["fx-drift"] == NEW_IMAGE


async def test_in_stages_one_unit_at_once_gets_it_and_the_rest_say_that_they_wait() -> None:
    world = await fleet()
    await restart(world, STAGED)

    assert images(world) == {
        "fx-drift": NEW_IMAGE,
        "rates": TRITON_IMAGE,
        "vol-surface": TRITON_IMAGE,
    }
    assert set(waiting(world)) == {"rates", "vol-surface"}
    assert waiting(world)["rates"].startswith(
        f"the operator's default Triton image changed from {TRITON_IMAGE} to {NEW_IMAGE}; revision "
    )
    assert waiting(world)["rates"].endswith(
        "continues to serve: at most 1 unit may change at the same time"
    )
    assert [c.status for c in status(world, "rates").conditions if c.type == "Ready"] == ["True"]


async def test_the_next_one_follows_when_the_old_pods_are_gone() -> None:
    world = await fleet()
    await restart(world, STAGED)
    assert world.woken == []
    world.now += DELAY
    await world.settle(keys=KEYS)
    assert world.woken[:1] == [KEYS[1]]
    for _ in range(3):
        world.now += DELAY
        await world.settle(keys=KEYS)

    assert images(world) == dict.fromkeys(NAMES, NEW_IMAGE)
    assert waiting(world) == {}


async def test_the_decision_says_what_made_a_new_revision() -> None:
    world = await fleet()
    await restart(world, STAGED)

    created = [d for d in status(world, "fx-drift").decisions if d.reason == "RevisionCreated"]
    assert created[-1].message.endswith(
        f": the operator's default Triton image changed from {TRITON_IMAGE} to {NEW_IMAGE}"
    )


async def test_an_image_that_does_not_come_up_reaches_nobody_else() -> None:
    world = await fleet()
    earlier = set(world.deployments)
    world.answers = lambda revision: revision in earlier
    await restart(world, STAGED)
    world.now += timedelta(hours=2)
    await world.settle(keys=KEYS)

    assert images(world) == dict.fromkeys(NAMES, TRITON_IMAGE)
    assert set(waiting(world)) == {"rates", "vol-surface"}


async def test_taking_the_image_back_ends_the_failed_rollout() -> None:
    world = await fleet()
    earlier = set(world.deployments)
    world.answers = lambda revision: revision in earlier
    await restart(world, STAGED)
    await restart(world, replace(STAGED, triton_image=TRITON_IMAGE))

    assert set(world.deployments) == earlier
    assert waiting(world) == {}
    assert status(world, "fx-drift").canary is None


async def test_a_restarted_operator_lets_nobody_else_in() -> None:
    world = await fleet()
    earlier = set(world.deployments)
    world.answers = lambda revision: revision in earlier
    await restart(world, STAGED)
    rolling = len(world.deployments)
    await restart(world, STAGED)

    assert len(world.deployments) == rolling


async def test_a_paused_unit_keeps_nobody_waiting() -> None:
    world = OperatorHarness()
    for name in NAMES:
        paused = {"rollout": {"paused": True}} if name == "fx-drift" else {}
        world.cluster.apply_as("kubectl", imodel(name, **paused), force=True)
    await world.settle(keys=KEYS)
    await restart(world, STAGED)
    for _ in range(3):
        world.now += DELAY
        await world.settle(keys=KEYS)

    assert images(world) == {
        "fx-drift": TRITON_IMAGE,
        "rates": NEW_IMAGE,
        "vol-surface": NEW_IMAGE,
    }
    assert waiting(world)["fx-drift"].endswith("spec.rollout.paused is true")
    conditions = [c for c in status(world, "fx-drift").conditions if c.type == "DefaultsCurrent"]
    assert conditions[0].reason == "Paused"


async def test_a_waiting_unit_whose_spec_is_edited_needs_no_turn() -> None:
    world = await fleet()
    await restart(world, STAGED)
    world.cluster.apply_as("kubectl", imodel("rates", model=source(2)), force=True)
    await world.settle(keys=KEYS)

    assert images(world)["rates"] == NEW_IMAGE
    for _ in range(3):
        world.now += DELAY
        await world.settle(keys=KEYS)
    assert images(world)["vol-surface"] == NEW_IMAGE


async def test_no_longer_in_stages_what_was_rolled_out_stays() -> None:
    world = await fleet()
    await restart(world, STAGED)
    world.now += DELAY
    await world.settle(keys=KEYS[:1])
    before = images(world)
    await restart(world, CHANGED)

    assert images(world) == before
    assert waiting(world) == {}


async def test_a_spec_with_an_image_of_its_own_never_waits() -> None:
    world = OperatorHarness()
    own = imodel(triton={"image": "registry.example/triton:7"})
    world.cluster.apply_as("kubectl", own, force=True)
    await world.settle()
    before = len(world.cluster.requests)
    world.start(STAGED)
    await world.settle()

    assert len(world.cluster.requests) == before


async def test_going_back_to_an_older_spec_keeps_the_newest_rendering_of_it() -> None:
    world = OperatorHarness()
    world.user_applies()
    await world.settle()
    world.start(STAGED)
    await world.settle()
    newest = world.served
    world.user_applies(model=source(2))
    await world.settle()
    await world.later(DELAY)
    world.user_applies()
    await world.settle()

    assert world.served == newest
