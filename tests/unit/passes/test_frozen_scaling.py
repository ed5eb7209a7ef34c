"""Autoscaled models whose rollouts are frozen or paused: pods follow the load, and no step ends."""

from datetime import timedelta
from typing import Any

import pytest

from inference_operator.api.conditions import ConditionType
from tests.fakes.bodies import KEY, source
from tests.fakes.gateways import ROUTES, rollout

from .freezing import freeze
from .scaled_harness import DOWN, QUEUE, Scaled
from .test_autoscaled import scaled
from .test_gateway_steps import Routed

STEPS = [{"setWeight": 50}, {"pause": {"duration": "2m"}}]


def at_rest(world: Scaled) -> str:
    """Return why the rollout waits."""
    return world.ready[1]


async def at_a_step(pods: int = 4, **rules: Any) -> tuple[Scaled, str, str]:
    """Start a canary; return the stable revision and the canary."""
    world = await scaled(pods=pods, steps=STEPS, **rules)
    world.scales(artifact=2, steps=STEPS, **rules)
    await world.settle(world.rounds)
    assert world.status.stable is not None
    return world, world.status.stable.revision, world.canary


def apply_routed(world: Routed, number: int, least: int) -> None:
    """Apply an autoscaled model behind a gateway; no metrics are there, so the minimum holds."""
    parts = rollout()
    canary = {**parts["canary"], "steps": STEPS}
    bounds = {"minReplicas": least, "maxReplicas": 9, "metrics": [QUEUE]}
    routed = {**parts, "canary": canary}
    world.user_applies(model=source(number), rollout=routed, replicas=None, autoscaling=bounds)


async def test_a_frozen_model_without_a_rollout_follows_its_load() -> None:
    world = await scaled(pods=3)
    freeze(world)
    await world.settle(world.rounds)
    world.queue_ms = lambda _: 9.0
    await world.sweep(4)
    assert world.replicas > 3

    world.queue_ms = lambda _: 0.5
    await world.sweep(40)
    assert world.replicas == 1
    assert world.ready[:2] == ("True", "Ready")


async def test_a_new_revision_that_a_freeze_stops_leaves_the_load_to_the_stable_one() -> None:
    world = await scaled(pods=3)
    stable = world.served
    freeze(world)
    world.scales(artifact=2, minReplicas=4)
    await world.settle(world.rounds)
    assert (at_rest(world), world.deployments) == ("Frozen", {stable: 4}), "bounds hold at once"

    world.queue_ms = lambda _: 9.0
    await world.sweep(4)
    assert world.deployments == {stable: 8}


async def test_the_canary_of_a_frozen_step_keeps_its_pods_and_the_stable_revision_grows() -> None:
    world, stable, canary = await at_a_step()
    freeze(world)
    await world.later(timedelta(minutes=10))
    assert (at_rest(world), world.deployments) == ("Frozen", {stable: 4, canary: 4})
    world.queue_ms = lambda _: 9.0
    await world.sweep(4)
    assert (world.step, world.deployments) == (1, {stable: 8, canary: 4})

    freeze(world, None)
    await world.settle(world.rounds)
    assert world.served == canary
    assert world.deployments[canary] == 8


async def test_a_frozen_step_may_give_up_pods_and_never_ends() -> None:
    world, stable, canary = await at_a_step()
    freeze(world)
    await world.settle(world.rounds)
    world.requests = 0
    await world.sweep(40)

    assert (world.step, at_rest(world)) == (1, "Frozen")
    assert world.deployments == {stable: 1, canary: 1}


async def test_a_pause_by_the_spec_lets_both_revisions_grow_and_shrink() -> None:
    paused = {"canary": {"steps": STEPS}, "paused": True}
    world, stable, canary = await at_a_step()
    world.scales(artifact=2, rollout=paused)
    await world.later(timedelta(minutes=10))
    assert at_rest(world) == "Paused"
    world.queue_ms = lambda _: 9.0
    await world.sweep(4)
    assert (world.step, world.deployments) == (1, {stable: 8, canary: 8})

    world.requests = 0
    await world.sweep(60)
    assert (world.step, world.deployments) == (1, {stable: 1, canary: 1})


@pytest.mark.parametrize("restarts", [False, True])
async def test_an_outage_in_a_freeze_removes_no_pod(restarts: bool) -> None:
    world, stable, canary = await at_a_step()
    freeze(world)
    await world.settle(world.rounds)
    world.outage = DOWN
    if restarts:
        world.start()
        await world.settle(world.rounds)
    await world.sweep(20)

    assert world.deployments == {stable: 4, canary: 4}
    assert world.status.condition(ConditionType.SCALING_ACTIVE).reason == "ScalingHeld"


async def test_a_frozen_deployment_that_was_scaled_by_hand_goes_back() -> None:
    world = await scaled(pods=4)
    freeze(world)
    name = f"{KEY.name}-{world.served}"
    world.cluster.edit("Deployment", name, {"spec": {"replicas": 1}})
    await world.settle(world.rounds)

    assert world.replicas == 4


async def test_a_frozen_step_behind_a_gateway_keeps_its_weight_and_gets_its_pods() -> None:
    world = Routed()
    apply_routed(world, 1, least=4)
    await world.settle(world.rounds)
    apply_routed(world, 2, least=4)
    await world.settle(world.rounds)
    assert world.status.stable is not None
    stable, canary = world.status.stable.revision, world.canary
    weights = [world.weights(kind) for kind in ROUTES]
    assert world.deployments == {stable: 4, canary: 2}

    freeze(world)
    apply_routed(world, 2, least=8)
    await world.later(timedelta(minutes=10))
    assert (world.ready[1], world.deployments) == ("Frozen", {stable: 8, canary: 4})
    assert [world.weights(kind) for kind in ROUTES] == weights
