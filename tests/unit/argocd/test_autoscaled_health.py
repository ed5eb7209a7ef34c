"""The health of a unit with `spec.autoscaling`: whether clients get answers, not whether its number
of pods follows the metrics."""

import pytest

from inference_operator.api.conditions import ConditionType
from tests.fakes.bodies import KEY
from tests.unit.argocd.argo_cd import Body, health
from tests.unit.passes.scaled_harness import DOWN, Scaled


async def serving(**rules: object) -> Scaled:
    world = Scaled()
    world.scales(**rules)
    await world.settle(world.rounds)
    await world.sweep(4)
    return world


def live(world: Scaled) -> Body:
    body = world.cluster.live(KEY.kind, KEY.name)
    assert body is not None
    return body


def condition(world: Scaled, kind: ConditionType) -> tuple[str, str]:
    shown = world.status.condition(kind)
    assert shown is not None
    return shown.status, shown.reason


async def test_metrics_that_are_missing_are_no_reason_to_be_degraded() -> None:
    world = await serving(minReplicas=2)
    world.outage = DOWN
    await world.sweep(4)

    assert condition(world, ConditionType.SCALING_ACTIVE) == ("False", "ScalingHeld")
    assert health(live(world))[0] == "Healthy"


async def test_a_unit_at_its_bound_is_healthy() -> None:
    world = await serving(maxReplicas=2)
    world.queue_ms = lambda _: 50.0
    await world.sweep(6)

    assert condition(world, ConditionType.SCALING_LIMITED) == ("True", "TooManyReplicas")
    assert health(live(world))[0] == "Healthy"


@pytest.mark.parametrize("queue_ms", [1.0, 50.0])
async def test_the_message_is_that_of_ready(queue_ms: float) -> None:
    world = await serving(maxReplicas=2)
    world.queue_ms = lambda _: queue_ms
    await world.sweep(6)
    ready = world.status.condition(ConditionType.READY)

    assert ready is not None
    assert health(live(world)) == ("Healthy", ready.message)
