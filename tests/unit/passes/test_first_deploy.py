"""A new resource, from its first pass to Ready."""

from datetime import timedelta

import pytest

from inference_operator.domain.names import FIELD_MANAGER
from inference_operator.reconcile.reconciler import PassError
from tests.fakes.harness import OperatorHarness, refuse


async def test_one_new_model_is_ready_after_seven_writes() -> None:
    world = OperatorHarness()
    world.user_applies()
    await world.settle()

    assert world.ready[:2] == ("True", "Ready")
    assert [(r.verb, r.kind) for r in world.cluster.requests] == [
        ("apply", "ControllerRevision"),
        ("create", "ConfigMap"),
        ("apply", "Service"),
        ("apply", "Deployment"),
        ("patch", "InferenceModel"),
        ("patch", "InferenceModel"),
        ("create", "Event"),
    ]


async def test_a_second_pass_over_an_unchanged_model_makes_no_request() -> None:
    world = OperatorHarness()
    world.user_applies(replicas=3)
    await world.settle()
    before = len(world.cluster.requests)

    await world.one_pass()

    assert len(world.cluster.requests) == before


async def test_a_new_process_over_an_unchanged_model_makes_no_request() -> None:
    world = OperatorHarness()
    world.user_applies(replicas=2)
    await world.settle()
    before = len(world.cluster.requests)

    world.start()
    await world.one_pass()

    assert len(world.cluster.requests) == before


async def test_children_are_owned_so_that_deletion_needs_no_operator() -> None:
    world = OperatorHarness()
    world.user_applies(replicas=2)
    await world.settle()

    world.cluster.remove("InferenceModel", "fx-drift")
    world.cluster.collect_garbage()

    assert [kind for kind, _ in world.cluster.snapshot() if kind != "Event"] == []


async def test_a_deleted_model_makes_no_request() -> None:
    world = OperatorHarness()
    world.user_applies()
    await world.settle()
    before = len(world.cluster.requests)

    world.cluster.remove("InferenceModel", "fx-drift")
    await world.one_pass()

    assert len(world.cluster.requests) == before


async def test_the_promotion_is_the_only_event_of_a_first_deploy() -> None:
    world = OperatorHarness()
    world.user_applies()
    await world.settle()

    (event,) = world.cluster.all("Event")
    assert (event["type"], event["reason"]) == ("Normal", "Promoted")
    assert event["message"] == (
        f"revision {world.served} of https://store.example/fx/7/model.onnx answers on 1 of 1"
        " replica; clients are sent to it"
    )
    assert event["source"] == {"component": FIELD_MANAGER}


async def test_nothing_is_written_for_a_spec_that_was_never_valid_but_its_status() -> None:
    world = OperatorHarness()
    world.user_applies(replicas=2, rollout={"paused": "perhaps"})
    await world.settle()

    assert {r.kind for r in world.cluster.requests} == {"InferenceModel", "Event"}
    assert world.ready[1] == "InvalidSpec"


async def test_the_status_says_replicas_selector_and_url() -> None:
    world = OperatorHarness()
    world.user_applies(replicas=3)
    await world.settle()

    status = world.status
    assert (status.replicas, status.ready_replicas) == (3, 3)
    assert status.selector == (
        "inference.aipx.io/kind=InferenceModel,inference.aipx.io/name=fx-drift,"
        f"inference.aipx.io/revision={world.served}"
    )
    assert status.url == "http://fx-drift.desk-7.svc:8000"
    assert status.observed_generation == 1


async def test_in_haste_the_status_is_left_to_the_next_pass() -> None:
    world = OperatorHarness()
    world.user_applies()
    delay = await world.one_pass(under_load=True)

    assert [r.kind for r in world.cluster.requests] == [
        "ControllerRevision",
        "ConfigMap",
        "Service",
        "Deployment",
    ]
    assert delay == timedelta(0), "it comes again at once"


async def test_haste_ends_in_the_same_state() -> None:
    world, calm = OperatorHarness(), OperatorHarness()
    for each in (world, calm):
        each.user_applies(replicas=2)
    for _ in range(5):
        await world.one_pass(under_load=True)
        world.run_deployments()
    await calm.settle()
    await world.settle()

    assert world.status.decisions == calm.status.decisions
    assert {kind for kind, _ in world.cluster.snapshot()} == {
        kind for kind, _ in calm.cluster.snapshot()
    }
    assert world.ready == calm.ready


async def test_in_haste_trouble_is_told_at_once() -> None:
    world = OperatorHarness()
    world.user_applies()
    world.cluster.before = refuse(lambda r: r.kind == "Deployment", 403, "quota exceeded")
    with pytest.raises(PassError):
        await world.one_pass(under_load=True)

    assert "quota exceeded" in world.ready[2]
