"""Frozen rollouts: what the passes do, and do not, while a namespace or the operator freezes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from inference_operator.domain.commands import Verb, promote_all
from inference_operator.domain.freeze import FREEZE_ANNOTATION
from inference_operator.domain.names import UnitKey
from tests.fakes.bodies import KEY, imodel, source
from tests.fakes.harness import DEFAULTS

from .delivery_harness import Delivery, at_first_step
from .freezing import freeze, serving
from .wake_driven_harness import WakeDrivenHarness

FROZEN = replace(DEFAULTS, freezes_rollouts=True)
BY_NAMESPACE = (
    f"the annotation {FREEZE_ANNOTATION} of namespace {KEY.namespace} freezes rollouts:"
    " end of quarter"
)


async def test_a_frozen_namespace_stops_a_timed_pause_and_a_promotion() -> None:
    world, old = await at_first_step()
    new = world.canary
    freeze(world)
    await world.later(timedelta(minutes=10))
    world.says(Verb.PROMOTE, promote_all(new))
    await world.settle()

    assert (world.step, world.deployments) == (1, {old: 3, new: 1})
    assert world.ready == (
        "False",
        "Frozen",
        f"revision {new} gets 25 % of new connections"
        f" (1 of 4 ready pods; wanted 25 %), revision {old} the rest; step 2 of 4: pause 2m waits"
        f" because {BY_NAMESPACE}",
    )
    assert world.status.phase == "Paused"
    assert {c.type for c in world.status.conditions} >= {"Reconciling", "Available"}
    writes = len(world.cluster.writes)
    world.start()
    await world.later(timedelta(hours=1))
    assert len(world.cluster.writes) == writes, "a restart while frozen changes nothing"

    freeze(world, None)
    await world.settle()
    assert world.served == new
    assert world.ready[:2] == ("True", "Ready")


async def test_the_operator_s_setting_freezes_all() -> None:
    world, old = await at_first_step()
    world.start(FROZEN)
    await world.later(timedelta(minutes=10))
    assert (world.step, world.ready[1]) == (1, "Frozen")
    assert "the operator's setting INFERENCE_OPERATOR_FREEZE_ROLLOUTS" in world.ready[2]

    world.start()
    await world.settle()
    assert world.step == 3
    assert world.deployments[old] == 3


async def test_a_new_revision_without_steps_waits() -> None:
    world, old = await serving()
    freeze(world)
    world.user_applies(model=source(2), replicas=2)
    await world.settle()
    assert world.deployments == {old: 2}
    assert world.ready[1] == "Frozen"
    assert f"waits because {BY_NAMESPACE}; revision {old} continues to serve" in world.ready[2]

    world.user_applies(model=source(2), replicas=4)
    await world.settle()
    assert world.deployments == {old: 4}, "the size of what serves is not frozen"
    world.cluster.remove("Deployment", world.cluster.all("Deployment")[0]["metadata"]["name"])
    await world.settle()
    assert world.deployments == {old: 4}, "neither is a repair"

    freeze(world, "false")
    await world.later(timedelta(minutes=1))
    assert world.served != old
    assert world.ready[1] == "Ready"


async def test_the_first_deployment_is_not_frozen() -> None:
    world = Delivery()
    freeze(world)
    world.wants(1)
    await world.settle()
    assert world.ready[:2] == ("True", "Ready")


async def test_going_back_and_an_abort_are_not_frozen() -> None:
    world, old = await at_first_step()
    new = world.canary
    freeze(world)
    await world.settle()
    world.says(Verb.ABORT, new)
    await world.settle()
    assert (world.served, world.ready[1]) == (old, "RolloutAborted")

    world, old = await at_first_step()
    freeze(world)
    await world.settle()
    world.wants(1)
    await world.settle()
    assert (world.served, world.ready[1]) == (old, "Ready")


@pytest.mark.parametrize("has_served", [True, False])
async def test_a_person_goes_back_only_to_what_served_before(has_served: bool) -> None:
    world, old = await serving()
    world.user_applies(model=source(2), replicas=2)
    await world.settle()
    new = world.served
    assert new != old
    await world.later(timedelta(minutes=1))
    freeze(world)
    if not has_served:
        world.cluster.edit(KEY.kind, KEY.name, {"status": {"decisions": []}})
    world.says(Verb.ROLLBACK, f"{old};from={new}")
    await world.settle()

    assert world.served == (old if has_served else new)
    assert world.ready[1] == ("RolledBack" if has_served else "Frozen")


async def test_a_canary_that_is_bad_is_aborted() -> None:
    world, old = await at_first_step()
    new = world.canary
    freeze(world)
    await world.settle()
    world.answers = lambda revision: revision == old
    await world.settle()
    assert world.ready[1] == "Frozen"
    await world.later(timedelta(minutes=11))
    assert world.served == old
    assert world.status.rollout is not None
    assert world.status.rollout.aborted is not None
    assert world.status.rollout.aborted.revision == new


async def test_a_replaced_canary_ends_and_the_next_one_waits() -> None:
    world, old = await at_first_step()
    freeze(world)
    await world.settle()
    world.wants(3)
    await world.settle()
    assert (world.served, world.deployments) == (old, {old: 3})
    assert world.told[-1] == "Aborted"
    assert world.ready[1] == "Frozen"


async def test_a_revision_that_answers_gets_its_whole_deadline_when_a_pod_fails_later() -> None:
    world, old = await serving()
    world.answers = lambda revision: revision == old
    world.user_applies(model=source(2), replicas=2)
    await world.settle()
    freeze(world)
    world.answers = lambda revision: True
    await world.later(timedelta(hours=1))
    assert (world.served, world.ready[1]) == (old, "Frozen")

    world.answers = lambda revision: revision == old
    await world.later(timedelta(minutes=1))
    assert world.ready[1] == "Frozen"
    await world.later(timedelta(minutes=11))
    assert world.ready[1] == "ProgressDeadlineExceeded"


async def test_a_recreation_does_not_begin_but_one_under_way_ends() -> None:
    recreate = {"recreate": {}}
    world, old = await serving(rollout=recreate)
    freeze(world)
    world.user_applies(model=source(2), replicas=2, rollout=recreate)
    await world.settle()
    assert world.deployments == {old: 2}

    freeze(world, None)
    await world.one_pass()
    freeze(world)
    await world.settle()
    assert world.served != old
    assert world.ready[:2] == ("True", "Ready")


async def test_the_old_revision_returns_from_a_recreation() -> None:
    recreate = {"recreate": {}}
    world, old = await serving(rollout=recreate)
    world.answers = lambda revision: revision == old
    world.user_applies(model=source(2), replicas=2, rollout=recreate)
    await world.settle()
    freeze(world)
    await world.later(timedelta(minutes=11))
    assert world.served == old
    assert world.ready[1] == "RolloutAborted"


async def test_new_defaults_wait() -> None:
    world, old = await serving()
    newer = replace(FROZEN, triton_image="registry.example/triton:99.01", staged=1)
    world.start(newer)
    await world.settle()
    assert world.deployments == {old: 2}
    current = next(c for c in world.status.conditions if c.type == "DefaultsCurrent")
    assert current.reason == "Paused"
    assert "FREEZE_ROLLOUTS" in current.message
    assert world.ready[1] == "Ready"


async def test_an_annotation_wakes_the_units_of_its_namespace_only() -> None:
    world = WakeDrivenHarness()
    other = UnitKey(KEY.kind, "another", KEY.name)
    for key in (KEY, other):
        body = imodel()
        body["metadata"]["namespace"] = key.namespace
        world.applied(body)
    freeze(world, None)
    await world.rest()
    freeze(world)
    await world.rest()
    assert set(world.made) == {KEY}

    world.cluster.edit("Namespace", KEY.namespace, {"metadata": {"labels": {"a": "b"}}})
    assert await world.rest() == 0
    world.cluster.remove("Namespace", KEY.namespace)
    await world.rest()
    assert set(world.made) == {KEY}
