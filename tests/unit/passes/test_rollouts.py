"""Edits of a resource that serves never send clients to a revision without a ready pod."""

from datetime import timedelta

from inference_operator.api.conditions import format_time
from inference_operator.validation.defaults import Defaults
from tests.fakes.bodies import source
from tests.fakes.harness import OperatorHarness, refuse

DELAY = timedelta(seconds=31)


async def serving(world: OperatorHarness, version: int = 1, **changes: object) -> str:
    world.user_applies(model=source(version), **changes)
    await world.settle()
    assert world.served is not None
    return world.served


async def unable_to_move(world: OperatorHarness) -> str:
    """Serve version 1, and edit to version 2 while the Service cannot be written; return the
    revision of version 1."""
    old = await serving(world)
    world.cluster.before = refuse(lambda r: r.kind == "Service")
    world.user_applies(model=source(2))
    await world.settle(rounds=4)
    assert world.served == old
    return old


async def test_clients_move_when_the_new_revision_answers() -> None:
    world = OperatorHarness()
    old = await serving(world)
    world.answers = lambda revision: revision == old

    world.user_applies(model=source(2))
    await world.settle()
    assert world.served == old
    assert len(world.deployments) == 2

    world.answers = lambda revision: True
    await world.settle()
    assert world.served != old
    assert world.ready[0] == "True"


async def test_the_old_revision_keeps_its_pods_for_the_scale_down_delay() -> None:
    world = OperatorHarness()
    old = await serving(world)
    new = await serving(world, 2)
    assert world.deployments == {old: 1, new: 1}

    await world.later(timedelta(seconds=29))
    assert old in world.deployments
    await world.later(timedelta(seconds=2))
    assert world.deployments == {new: 1}
    assert len(world.cluster.all("ControllerRevision")) == 2


async def test_scaling_up_brings_no_more_pods_of_what_clients_have_left() -> None:
    world = OperatorHarness()
    old = await serving(world)
    new = await serving(world, 2)

    await serving(world, 2, replicas=3)
    assert world.deployments == {old: 1, new: 3}
    await serving(world, 2, replicas=0)
    await serving(world, 2, replicas=1)
    assert world.deployments == {old: 0, new: 1}


async def test_going_back_after_the_delay_restores_the_kept_rendering() -> None:
    world = OperatorHarness()
    old = await serving(world)
    rendered = world.cluster.live("Deployment", f"fx-drift-{old}")
    await serving(world, 2)
    await world.later(DELAY)

    assert await serving(world, 1) == old
    restored = world.cluster.live("Deployment", f"fx-drift-{old}")
    assert rendered is not None
    assert restored is not None
    assert restored["spec"] == rendered["spec"]


async def test_an_invalid_edit_keeps_serving_and_says_so() -> None:
    world = OperatorHarness()
    old = await serving(world)

    world.user_applies(model=source(2), replicas=-1)
    await world.settle()

    assert world.served == old
    assert world.deployments == {old: 1}
    status, reason, message = world.ready
    assert (status, reason) == ("False", "InvalidSpec")
    assert message.startswith("spec.replicas: found -1, expected at least 0")
    assert message.endswith(f"(revision {old} continues to serve on 1 replica)")


async def test_an_invalid_edit_that_is_taken_back_changes_nothing() -> None:
    world = OperatorHarness()
    old = await serving(world)
    children = [kind for kind, _ in world.cluster.snapshot() if kind != "Event"]

    world.user_applies(model=source(1), replicas=-1)
    await world.settle()
    world.user_applies(model=source(1))
    await world.settle()

    assert (world.served, world.ready[0]) == (old, "True")
    assert [kind for kind, _ in world.cluster.snapshot() if kind != "Event"] == children


async def test_a_first_revision_that_answers_on_some_replicas_keeps_its_clients() -> None:
    world = OperatorHarness()
    world.answers = lambda revision: False
    world.user_applies(model=source(1), replicas=3)
    await world.settle()
    first = world.served
    status = {"status": {"replicas": 3, "readyReplicas": 2}}
    world.cluster.edit("Deployment", f"fx-drift-{first}", status)
    await world.one_pass()

    world.user_applies(model=source(2), replicas=3)
    await world.one_pass()

    assert world.served == first
    assert first in world.deployments


async def test_an_edit_of_a_first_revision_that_nobody_reaches_replaces_it() -> None:
    world = OperatorHarness()
    world.answers = lambda revision: False
    world.user_applies(model=source(1))
    await world.settle()
    first = world.served

    world.user_applies(model=source(2))
    await world.settle()

    assert world.served != first
    assert list(world.deployments) == [world.served]


async def test_scaling_is_one_decision_and_no_new_revision() -> None:
    world = OperatorHarness()
    old = await serving(world)

    world.cluster.edit("InferenceModel", "fx-drift", {"spec": {"replicas": 4}})
    await world.settle()

    assert world.deployments == {old: 4}
    assert world.status.decisions[-1].message == "spec.replicas changed from 1 to 4"
    assert world.event_reasons == ["Promoted", "Scaled", "Ready"]
    assert world.ready[2].endswith("answers on 4 of 4 replicas")


async def test_scaling_to_zero_and_back() -> None:
    world = OperatorHarness()
    old = await serving(world, replicas=2)

    await serving(world, replicas=0)
    assert (world.deployments, world.ready[1]) == ({old: 0}, "ScaledToZero")
    assert world.cluster.all("PodDisruptionBudget") == []

    await serving(world, replicas=2)
    assert (world.deployments, world.ready[1]) == ({old: 2}, "Ready")
    assert len(world.cluster.all("PodDisruptionBudget")) == 1


async def test_history_keeps_only_the_limit() -> None:
    world = OperatorHarness()
    for version in range(1, 6):
        await serving(world, version, rollout={"revisionHistoryLimit": 2})
        await world.later(DELAY)

    numbers = sorted(r["revision"] for r in world.cluster.all("ControllerRevision"))
    assert numbers == [3, 4, 5]


async def test_a_paused_rollout_scales_and_repairs_but_makes_no_revision() -> None:
    world = OperatorHarness()
    old = await serving(world)

    world.user_applies(model=source(2), replicas=2, rollout={"paused": True})
    await world.settle()

    assert world.deployments == {old: 2}
    assert world.ready[1] == "Paused"
    assert world.status.phase == "Paused"


async def test_an_operator_that_renders_differently_restarts_nothing() -> None:
    world = OperatorHarness()
    old = await serving(world)
    before = world.cluster.live("Deployment", f"fx-drift-{old}")

    world.start(Defaults("registry.example/triton:27.02", "loader:2"))
    await world.one_pass()

    assert world.cluster.live("Deployment", f"fx-drift-{old}") == before


async def test_past_the_deadline_the_old_one_serves_and_the_reason_is_said() -> None:
    world = OperatorHarness()
    old = await serving(world)
    world.answers = lambda revision: revision == old

    edited = world.now
    world.user_applies(model=source(2), rollout={"progressDeadline": "1m"})
    await world.settle()
    await world.later(timedelta(seconds=61))

    new = next(r for r in world.deployments if r != old)
    assert world.served == old
    assert world.ready == (
        "False",
        "ProgressDeadlineExceeded",
        f"revision {new} has made no progress since {format_time(edited)} (progressDeadline 60 s):"
        f" its model answers on 0 of 1 replica; revision {old} continues to serve",
    )
    assert world.status.phase == "Degraded"

    world.answers = lambda revision: True
    await world.settle()
    assert (world.served, world.ready[0]) == (new, "True")


async def test_a_stalled_rollout_is_written_once_however_long_it_lasts() -> None:
    world = OperatorHarness()
    world.user_applies(model=source(1))
    await world.settle()
    old = world.served
    world.answers = lambda revision: revision == old
    world.user_applies(model=source(2), rollout={"progressDeadline": "1m"})
    await world.settle()
    await world.later(timedelta(seconds=61))
    written = len(world.cluster.writes)

    await world.later(timedelta(hours=1))
    world.start()
    await world.settle()

    assert world.ready[1] == "ProgressDeadlineExceeded"
    assert world.cluster.writes[written:] == []


async def test_while_a_spec_is_invalid_the_previous_revision_still_goes() -> None:
    world = OperatorHarness()
    world.user_applies(model=source(1))
    await world.settle()
    world.user_applies(model=source(2))
    await world.settle()
    assert len(world.deployments) == 2
    world.user_applies(model={**source(2), "maxBatchSize": -1})
    await world.settle()
    await world.later(timedelta(seconds=31))

    assert list(world.deployments) == [world.served]
    assert world.ready[1] == "InvalidSpec"


async def test_a_promotion_that_was_refused_is_decided_anew_by_who_answers_then() -> None:
    world = OperatorHarness()
    old = await unable_to_move(world)

    # When the Service can be moved, the new revision no longer answers.
    world.answers = lambda revision: revision == old
    world.run_deployments()
    world.cluster.before = None
    await world.settle()
    assert world.served == old

    world.answers = lambda revision: True
    await world.settle()
    assert world.served != old
