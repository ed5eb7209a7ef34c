"""Passes over an autoscaled model: its pods follow the load, and every change says why."""

import itertools
from dataclasses import replace

import pytest

from inference_operator.api.conditions import ConditionType
from inference_operator.domain.allow_lists import AllowLists
from tests.fakes.bodies import KEY
from tests.fakes.harness import DEFAULTS

from .scaled_harness import DOWN, Scaled


async def scaled(pods: int = 3, **rules: object) -> Scaled:
    """Serve with so many pods and a steady load, after a minute of sweeps."""
    world = Scaled()
    world.queue_ms = lambda _: 5.0
    world.scales(**{"minReplicas": pods, **rules})
    await world.settle(world.rounds)
    await world.sweep(4)
    world.scales(**rules)
    await world.settle(world.rounds)
    await world.sweep()
    return world


async def test_a_new_model_begins_with_its_minimum() -> None:
    world = Scaled()
    world.scales(minReplicas=2)
    await world.settle(world.rounds)

    assert world.replicas == 2
    assert world.status.phase == "Ready"
    assert world.autoscaling.desired_replicas == 2
    assert [each.reason for each in world.status.decisions if each.kind == "Scaling"] == []


async def test_load_adds_pods_and_the_decision_has_its_numbers() -> None:
    world = await scaled()
    world.queue_ms = lambda _: 9.1
    await world.sweep(4)

    decision = next(d for d in world.status.decisions if d.kind == "Scaling")
    assert (decision.reason, decision.source, decision.target) == ("ScaledUp", "3", "5")
    assert decision.message == ("3 -> 5: queue time 7.05ms > 5ms on 3 of 3 pods (load time 5s)")
    assert world.event_reasons.count("ScaledUp") == 2
    assert world.autoscaling.metrics[0].value == "9.1ms"
    assert world.autoscaling.load_time == "5s"


async def test_steady_load_writes_nothing_and_wakes_nobody() -> None:
    world = await scaled()
    await world.sweep(3)
    writes = len(world.cluster.writes)
    for _ in range(10):
        await world.sweep()
        assert world.woken_by_sweep == []

    assert len(world.cluster.writes) == writes


async def test_silence_shrinks_to_the_minimum_step_by_step() -> None:
    world = await scaled(pods=4)
    world.requests = 0
    sizes = []
    for _ in range(40):
        await world.sweep()
        sizes.append(world.replicas)

    assert sizes[-1] == 1
    assert sorted(sizes, reverse=True) == sizes
    steps = [before - after for before, after in itertools.pairwise(sizes)]
    assert max(steps) <= 1
    assert world.status.condition(ConditionType.SCALING_ACTIVE).reason == "Idle"


async def test_an_outage_removes_no_pod_and_is_told_once() -> None:
    world = await scaled(pods=4)
    world.outage = DOWN
    await world.sweep(3)
    active = world.status.condition(ConditionType.SCALING_ACTIVE)
    writes = len(world.cluster.writes)
    await world.sweep(20)

    assert world.replicas == 4
    assert (active.status, active.reason) == ("False", "ScalingHeld")
    assert "Prometheus does not answer" in active.message
    assert len(world.cluster.writes) == writes


async def test_a_restart_in_an_outage_keeps_the_pods() -> None:
    world = await scaled(pods=5)
    world.outage = DOWN
    world.start()
    await world.settle(world.rounds)
    await world.sweep(10)

    assert world.replicas == 5
    assert world.autoscaling.desired_replicas == 5


async def test_a_lost_status_keeps_the_pods() -> None:
    world = await scaled(pods=5)
    world.cluster.edit(KEY.kind, KEY.name, {"status": None})
    world.start()
    await world.settle(world.rounds)

    assert world.replicas == 5


@pytest.mark.parametrize("edited", [0, 1, 999])
async def test_an_edited_status_changes_no_number(edited: int) -> None:
    world = await scaled(pods=5)
    world.cluster.edit(KEY.kind, KEY.name, {"status": {"autoscaling": {"desiredReplicas": edited}}})
    world.start()
    await world.settle(world.rounds)

    assert world.replicas == 5
    assert world.autoscaling.desired_replicas == 5


async def test_a_fallback_that_needs_no_more_pods_is_told_too() -> None:
    world = await scaled(pods=3, fallback={"after": "1m", "replicas": 2})
    world.outage = DOWN
    await world.sweep(3)
    assert world.status.condition(ConditionType.SCALING_ACTIVE).reason == "ScalingHeld"
    await world.sweep(6)
    assert world.status.condition(ConditionType.SCALING_ACTIVE).reason == "FallbackReached"
    assert world.replicas == 3


async def test_the_fallback_is_reached_and_left() -> None:
    world = await scaled(pods=3, fallback={"after": "1m", "replicas": 6})
    world.outage = DOWN
    await world.sweep(6)
    assert world.replicas == 6
    assert world.status.decisions[-1].reason == "FallbackReached"
    # Later passes say so too, as long as it lasts.
    await world.sweep(3)
    world.cluster.edit(KEY.kind, KEY.name, {"metadata": {"labels": {"later": "pass"}}})
    await world.settle(world.rounds)
    assert world.status.condition(ConditionType.SCALING_ACTIVE).reason == "FallbackReached"

    world.outage = None
    world.queue_ms = lambda pods: 15.0 / pods
    await world.sweep(30)
    assert world.replicas < 6
    assert world.status.decisions[-1].reason == "ScaledDown"


async def test_edited_bounds_hold_at_once() -> None:
    world = await scaled(pods=3)
    world.scales(minReplicas=5)
    await world.settle(world.rounds)
    assert world.replicas == 5
    assert world.status.decisions[-1].message == "3 -> 5: minReplicas is 5"

    world.scales(maxReplicas=2)
    await world.settle(world.rounds)
    assert world.replicas == 2
    assert world.status.decisions[-1].reason == "ScaledDown"
    assert world.status.decisions[-1].message == "5 -> 2: maxReplicas is 2"


async def test_a_deployment_scaled_by_hand_goes_back() -> None:
    world = await scaled(pods=4)
    name = f"{KEY.name}-{world.served}"
    world.cluster.edit("Deployment", name, {"spec": {"replicas": 1}})
    await world.settle(world.rounds)

    assert world.replicas == 4


async def test_autoscaling_begins_with_the_pods_that_there_are() -> None:
    world = Scaled()
    world.wants(1, replicas=5)
    await world.settle(world.rounds)
    world.scales()
    await world.settle(world.rounds)

    assert world.replicas == 5
    assert [d.reason for d in world.status.decisions if d.kind == "Scaling"] == []

    world.wants(1, replicas=2)
    await world.settle(world.rounds)
    assert world.replicas == 2
    assert world.status.autoscaling is None


async def test_an_invalid_edit_keeps_the_pods() -> None:
    world = await scaled(pods=5)
    world.scales(metrics=[{"type": "QueueTime", "target": "nonsense"}])
    await world.settle(world.rounds)
    await world.sweep(5)

    assert world.replicas == 5
    assert world.ready[1] == "InvalidSpec"


async def test_ready_does_not_flap_while_the_minimum_serves() -> None:
    world = await scaled(pods=3)
    world.answers = lambda _: False
    world.scales(minReplicas=3, maxReplicas=8)
    await world.settle(world.rounds)
    assert world.ready[0] == "False"

    world.answers = lambda _: True
    await world.settle(world.rounds)
    assert world.ready[0] == "True"


async def test_without_prometheus_only_the_bounds_hold() -> None:
    world = Scaled()
    world.has_metrics = False
    world.start()
    world.scales(minReplicas=2)
    await world.settle(world.rounds)
    active = world.status.condition(ConditionType.SCALING_ACTIVE)

    assert world.replicas == 2
    assert (active.status, active.reason) == ("False", "MetricsUnavailable")
    assert "INFERENCE_OPERATOR_PROMETHEUS_URL" in active.message


async def test_no_pod_is_removed_inside_a_step_of_a_canary() -> None:
    world = await scaled(pods=4, steps=[{"setWeight": 25}, {"pause": {"duration": "1h"}}])
    world.scales(artifact=2, steps=[{"setWeight": 25}, {"pause": {"duration": "1h"}}])
    await world.settle(world.rounds)
    assert world.status.canary is not None
    world.requests = 0
    await world.sweep(30)

    assert world.deployments[world.status.stable.revision] == 4


async def test_a_canary_grows_with_the_unit() -> None:
    world = await scaled(pods=4, steps=[{"setWeight": 50}, {"pause": {}}])
    world.scales(artifact=2, steps=[{"setWeight": 50}, {"pause": {}}])
    await world.settle(world.rounds)
    before = dict(world.deployments)
    world.queue_ms = lambda _: 9.0
    await world.sweep(8)
    stable, canary = world.status.stable, world.status.canary

    assert world.deployments[stable.revision] > before[stable.revision]
    assert world.deployments[canary.revision] > before[canary.revision]


async def test_a_unit_whose_edit_is_not_allowed_goes_on_to_follow_its_load() -> None:
    world = await scaled(pods=3)
    allowed = AllowLists(images=("registry.example/*",))
    world.start(replace(DEFAULTS, allowed=allowed))
    world.scales(triton={"image": "other.example/triton:1"})
    await world.settle(world.rounds)
    assert world.ready[1] == "NotAllowed"
    await world.sweep(4)
    world.queue_ms = lambda _: 9.1
    await world.sweep(4)

    made = [(d.source, d.target) for d in world.status.decisions if d.kind == "Scaling"]
    assert made == [("3", "5"), ("5", "8")]
    assert world.autoscaling.desired_replicas == 8
    writes = len(world.cluster.writes)
    await world.settle(world.rounds)
    assert len(world.cluster.writes) == writes


async def test_a_restart_without_any_deployment_keeps_the_number() -> None:
    world = await scaled(pods=5)
    for deployment in world.cluster.all("Deployment"):
        world.cluster.remove("Deployment", deployment["metadata"]["name"])
    world.start()
    await world.settle(world.rounds)

    assert world.replicas == 5


async def test_a_schedule_s_bounds_begin_without_a_sweep() -> None:
    opens = {"name": "open", "timeZone": "UTC", "start": "30 12 * * *", "end": "0 17 * * *"}
    world = await scaled(pods=2, schedules=[{**opens, "minReplicas": 4}])
    delay = await world.one_pass()
    assert delay is not None
    world.now += delay
    await world.settle(world.rounds)

    assert world.replicas == 4
    last = world.status.decisions[-1]
    assert (last.reason, last.message) == (
        "ScaledUp",
        "2 -> 4: minReplicas is 4 (schedule open)",
    )
