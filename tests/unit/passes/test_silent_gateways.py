"""Gateways that do not report the routes: a rollout says what it waits for, and since when."""

from datetime import timedelta

import pytest

from inference_operator.api.conditions import ConditionType
from tests.fakes.bodies import KEY
from tests.fakes.gateways import Body, accepted

from .steered_harness import Deed, tell
from .test_gateway_steps import BEGUN, STABLE, Routed, edit, promote

LATE = (
    "controller example.com/gateway has not reported Accepted and ResolvedRefs of generation 4 of"
    " HTTPRoute fx-drift for Gateway gateways/public; its last report is of generation 3"
)
LEFT = {"edited": edit(3), "reverted": edit(1)}


def silent(route: Body) -> None:
    """Do not answer for a route."""


async def left(deed: Deed[Routed]) -> Routed:
    """Return a world whose gateway falls silent at 50 %, just before the spec leaves the canary."""
    world = Routed()
    await tell(world, (*BEGUN, promote))
    world.answer = silent
    await tell(world, (deed,))
    return world


def stalled(world: Routed) -> str:
    """Return the message of Stalled; empty text if it is absent."""
    condition = world.status.condition(ConditionType.STALLED)
    return condition.message if condition else ""


@pytest.mark.parametrize("deed", LEFT.values(), ids=LEFT)
async def test_a_left_canary_is_stalled_at_the_deadline_with_what_it_waits_for(
    deed: Deed[Routed],
) -> None:
    world = await left(deed)
    pods = world.deployments
    await world.later(timedelta(seconds=599))
    assert stalled(world) == ""
    assert await world.one_pass() == timedelta(seconds=1), "it looks again at the deadline"

    await world.later(timedelta(seconds=1))
    assert stalled(world).endswith(LATE)
    assert "no progress since 2031-05-06T12:00:00Z (progressDeadline 600 s)" in stalled(world)
    assert world.ready[:2] == ("False", "ProgressDeadlineExceeded")
    assert world.status.phase == "Degraded"
    assert world.deployments == pods, "the gateway may still lead clients there"


@pytest.mark.parametrize("deed", LEFT.values(), ids=LEFT)
async def test_a_gateway_that_answers_late_ends_the_wait(deed: Deed[Routed]) -> None:
    world = await left(deed)
    old = world.served
    await world.later(timedelta(minutes=10))
    world.answer = accepted
    world.run_gateway()
    await world.settle(40)

    assert stalled(world) == ""
    assert world.weights()[STABLE] == (90 if deed is LEFT["edited"] else 100)
    assert len(world.deployments) == (2 if deed is LEFT["edited"] else 1)
    assert world.served == old


async def test_a_gateway_that_never_answered_for_a_route_has_no_controller() -> None:
    world = Routed()
    world.answer = silent
    await tell(world, BEGUN)
    await tell(world, (edit(3),))
    assert "gives its clients back" in world.ready[2]
    await world.later(timedelta(minutes=10))

    assert stalled(world).endswith(
        "no controller has reported generation 1 of HTTPRoute fx-drift for Gateway gateways/public"
    )


async def test_a_unit_that_never_left_a_revision_is_ready_behind_a_silent_gateway() -> None:
    world = Routed()
    world.answer = silent
    await tell(world, (edit(1),))
    await world.later(timedelta(hours=1))

    assert world.ready[0] == "True"
    assert world.condition()[0] == "Unknown"


async def test_a_time_in_the_future_does_not_hide_that_a_gateway_is_silent() -> None:
    world = await left(edit(3))
    conditions = [c.model_dump(mode="json", by_alias=True) for c in world.status.conditions]
    for condition in conditions:
        condition["lastTransitionTime"] = "2099-01-01T00:00:00Z"
    world.cluster.edit(KEY.kind, KEY.name, {"status": {"conditions": conditions}})
    await world.settle()
    await world.later(timedelta(minutes=10))

    assert stalled(world).endswith(LATE)
