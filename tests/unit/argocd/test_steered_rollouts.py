"""A rollout by steps, which the operator runs and a person steers with Argo CD's buttons alone."""

from datetime import timedelta

import pytest

from inference_operator.domain.commands import Verb
from tests.fakes.bodies import KEY
from tests.unit.argocd.argo_cd import Body, act, health, offered
from tests.unit.passes.delivery_harness import Delivery, at_first_step
from tests.unit.passes.judged_harness import ANALYSIS

RUNNING = {"promote", "promote-full", "abort", "pause"}


def live(world: Delivery) -> Body:
    body = world.cluster.live(KEY.kind, KEY.name)
    assert body is not None
    return body


async def press(world: Delivery, action: str) -> None:
    """Send the patch of an offered action, and let the operator act."""
    body = live(world)
    assert action in offered(body), f"{action} is not offered"
    before = body["metadata"].get("annotations") or {}
    after = act(action, body)["metadata"].get("annotations") or {}
    changes = {key: after.get(key) for key in before.keys() | after.keys()}
    world.cluster.edit(KEY.kind, KEY.name, {"metadata": {"annotations": changes}})
    await world.settle()


async def at_the_gate() -> tuple[Delivery, str]:
    """Return a rollout at its last step, a pause without a duration, and the stable revision."""
    world, old = await at_first_step()
    await world.later(timedelta(minutes=2))
    assert world.step == 3
    return world, old


async def test_promote_ends_the_pause_that_waits_for_a_person() -> None:
    world, _ = await at_first_step()
    assert health(live(world))[0] == "Progressing", "a pause with a duration"
    assert offered(live(world)) == RUNNING
    await world.later(timedelta(minutes=2))
    assert health(live(world))[0] == "Suspended"
    new = world.canary
    await press(world, "promote")

    assert world.served == new
    assert health(live(world))[0] == "Healthy"
    assert offered(live(world)) == {"rollback"}


async def test_promote_ends_a_timed_pause_early_and_only_that() -> None:
    world, _ = await at_first_step()
    await press(world, "promote")

    assert world.step == 3
    assert health(live(world))[0] == "Suspended"


async def test_promote_full_skips_all_steps() -> None:
    world, _ = await at_first_step()
    new = world.canary
    await press(world, "promote-full")

    assert world.served == new


async def test_abort_retry_and_abort_again() -> None:
    world, old = await at_first_step()
    new = world.canary
    await press(world, "abort")
    assert world.served == old
    assert health(live(world))[0] == "Degraded"
    assert offered(live(world)) == {"retry"}

    world.now += timedelta(seconds=5)
    await press(world, "retry")
    assert world.canary == new
    assert health(live(world))[0] == "Progressing"
    assert offered(live(world)) == RUNNING

    await press(world, "abort")
    assert world.served == old
    assert health(live(world))[0] == "Degraded"


async def test_pause_and_resume_at_a_step() -> None:
    world, _ = await at_first_step()
    await press(world, "pause")
    assert health(live(world))[0] == "Suspended"
    assert offered(live(world)) == {*RUNNING - {"pause"}, "resume"}
    await world.later(timedelta(hours=1))
    assert world.step == 1

    await press(world, "resume")
    assert world.step == 3


async def test_a_retry_of_a_paused_revision_can_be_resumed() -> None:
    world, _ = await at_first_step()
    new = world.canary
    await press(world, "pause")
    await press(world, "abort")
    await press(world, "retry")
    assert health(live(world))[0] == "Suspended"
    assert "resume" in offered(live(world))

    await press(world, "resume")
    assert world.canary == new


async def test_roll_back_and_resume() -> None:
    world, old = await at_the_gate()
    new = world.canary
    await press(world, "promote")
    assert world.served == new
    await press(world, "rollback")
    for _ in range(4):
        if health(live(world))[0] == "Suspended" and "promote" in offered(live(world)):
            await press(world, "promote")
        await world.later(timedelta(minutes=3))
    assert world.served == old
    assert health(live(world))[0] == "Suspended"
    assert world.ready[1] == "RolledBack"
    assert offered(live(world)) == {"resume"}

    await press(world, "resume")
    assert world.canary == new, "the spec's revision starts again, by its steps"


async def test_an_edit_ends_a_roll_back() -> None:
    world, _ = await at_the_gate()
    await press(world, "promote-full")
    await press(world, "rollback")
    world.wants(3, steps=[{"setWeight": 50}])
    await world.settle()
    await world.later(timedelta(minutes=1))

    assert world.ready[:2] == ("True", "Ready")
    assert health(live(world))[0] == "Healthy"


async def test_an_analysis_waits_for_a_person() -> None:
    canary = {"steps": [{"setWeight": 25}, {"analysis": {}}], "analysis": ANALYSIS}
    world, _ = await at_first_step(rollout={"canary": canary})
    assert health(live(world))[0] == "Suspended"
    new = world.canary
    await press(world, "promote")
    assert world.served == new


@pytest.mark.parametrize("verb", [Verb.PROMOTE, Verb.ABORT])
async def test_a_button_pressed_on_an_old_page_does_nothing(verb: Verb) -> None:
    world, _ = await at_first_step()
    old_page = live(world)
    world.wants(3)
    await world.settle()
    canary, step = world.canary, world.step
    value = act(str(verb), old_page)["metadata"]["annotations"][verb.annotation]
    world.says(verb, value)
    await world.settle()

    assert (world.canary, world.step) == (canary, step)
