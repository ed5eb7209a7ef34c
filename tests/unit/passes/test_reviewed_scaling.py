"""Faults that a review of autoscaling has found: each is told as it happened."""

from datetime import timedelta

import pytest

from inference_operator.api.conditions import ConditionType
from inference_operator.api.reasons import Reason
from inference_operator.domain.autoscaled import Autoscaled
from inference_operator.domain.scaling import Limit, ScalingDecision
from inference_operator.domain.scaling_question import ScalingAnswer
from inference_operator.domain.schedules import Bounds
from tests.fakes.bodies import KEY
from tests.fakes.harness import NOON
from tests.unit.planning.scaling.load_cases import settings

from .scaled_harness import DOWN, Scaled
from .test_autoscaled import scaled

STEPS = [{"setWeight": 50}, {"pause": {}}]
DIVIDED = {"canary": {"steps": STEPS, "dynamicStableScale": "WhenWeighted"}}


async def divided(pods: int = 6) -> Scaled:
    """Serve half of the requests by a canary, which has half of the pods."""
    world = await scaled(pods=pods, rollout=DIVIDED)
    world.scales(artifact=2, rollout=DIVIDED)
    await world.settle(world.rounds)
    await world.sweep(2)
    assert sorted(world.deployments.values()) == [pods // 2, pods // 2]
    return world


async def test_a_deployment_scaled_by_hand_while_no_operator_ran_goes_back() -> None:
    world = await scaled(pods=5)
    name = f"{KEY.name}-{world.served}"
    world.cluster.edit("Deployment", name, {"spec": {"replicas": 1}})
    world.start()
    await world.settle(world.rounds)

    assert world.replicas == 5
    assert [d for d in world.status.decisions if d.kind == "Scaling"] == []


async def test_a_number_that_no_bound_has_caused_is_not_said_to_be_one() -> None:
    world = await scaled(pods=3)
    name = f"{KEY.name}-{world.served}"
    world.cluster.edit("Deployment", name, {"spec": {"replicas": 6}})
    world.start()
    await world.settle(world.rounds)

    decision = next(d for d in world.status.decisions if d.kind == "Scaling")
    assert (decision.reason, decision.message) == (
        "ScaledUp",
        "3 -> 6: 6 pods were there already",
    )


async def test_a_lost_status_leaves_what_both_revisions_have_together() -> None:
    world = await divided()
    world.cluster.edit(KEY.kind, KEY.name, {"status": None})
    world.start()
    await world.settle(world.rounds)

    assert world.autoscaling.desired_replicas == 6


async def test_an_edit_that_ends_the_division_keeps_the_number() -> None:
    world = await divided()
    world.scales(artifact=2, steps=STEPS)
    world.start()
    await world.settle(world.rounds)

    assert world.autoscaling.desired_replicas == 6


async def test_a_repaired_edit_that_ends_the_division_keeps_the_number() -> None:
    world = await divided()
    world.scales(artifact=2, steps=STEPS, metrics=[{"type": "QueueTime", "target": "nonsense"}])
    await world.settle(world.rounds)
    world.scales(artifact=2, steps=STEPS)
    await world.settle(world.rounds)

    assert world.autoscaling.desired_replicas == 6


@pytest.mark.parametrize(
    ("metric", "rollout"),
    [
        ({"type": "QueueTime", "target": "5ms"}, {}),
        ({"type": "RequestRate", "target": "10"}, {}),
        ({"type": "RequestRate", "target": "10"}, {"dynamicStableScale": "WhenWeighted"}),
    ],
)
async def test_a_canary_that_shares_the_requests_removes_no_pod_that_the_next_step_needs(
    metric: dict[str, str], rollout: dict[str, str]
) -> None:
    """It waits for a person, and pods of both revisions divide the same load."""
    given = {"canary": {"steps": STEPS, **rollout}}
    world = await scaled(pods=4, rollout=given, metrics=[metric])
    world.shares(requests=4 * 150, queue_ms=4 * 5.0)
    await world.sweep(6)
    assert world.autoscaling.desired_replicas == 4
    world.scales(artifact=2, rollout=given, metrics=[metric])
    await world.settle(world.rounds)
    await world.sweep(10)

    assert world.status.canary is not None
    assert world.autoscaling.desired_replicas == 4


@pytest.mark.parametrize(("until", "look"), [(10, 10), (90, 30), (None, 30)])
def test_a_unit_that_waits_for_nodes_looks_when_its_schedule_does(
    until: int | None, look: int
) -> None:
    limit = Limit(Reason.GPU_CAPACITY, "the nodes have no room")
    answer = ScalingAnswer(ScalingDecision(3, 3, Reason.GPU_CAPACITY, "", limit))
    change = NOON + timedelta(seconds=until) if until else None
    scaled = Autoscaled(3, 3, settings(), Bounds(1, 8, (), change), NOON, True, answer)

    assert scaled.next_look == timedelta(seconds=look)


def test_a_former_decision_does_not_explain_a_change_in_the_other_direction() -> None:
    grown = ScalingDecision(5, 3, Reason.SCALED_UP, "3 -> 5: queue time")
    answer = ScalingAnswer(grown, grown)
    scaled = Autoscaled(5, 9, settings(), Bounds(1, 5), NOON, True, answer)
    decision = scaled.decision

    assert decision is not None
    assert (decision.reason, decision.message) == ("ScaledDown", "9 -> 5: maxReplicas is 5")


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_schedule_that_ends_in_an_outage_removes_no_pod(restarts: bool) -> None:
    opens = {"name": "open", "timeZone": "UTC", "start": "0 9 * * *", "end": "5 12 * * *"}
    world = await scaled(pods=2, schedules=[{**opens, "minReplicas": 5}])
    assert world.replicas == 5
    world.outage = DOWN
    await world.sweep(2)
    if restarts:
        world.start()
        await world.settle(world.rounds)
    await world.sweep(20)

    assert world.now > NOON + timedelta(minutes=5)
    assert world.replicas == 5
    assert world.status.condition(ConditionType.SCALING_ACTIVE).reason == "ScheduleHeld"
