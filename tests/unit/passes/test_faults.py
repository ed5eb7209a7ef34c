"""Crashes, refusals and strangers: the next pass continues from the cluster's state."""

from datetime import timedelta
from typing import Any

import pytest

from inference_operator.adapters.kube import ApiError
from inference_operator.domain.names import UnitKey
from inference_operator.handlers.passes import PassError
from tests.fakes.bodies import KEY, NAMESPACE, PIPELINE, epipe, imodel, source, step
from tests.fakes.cluster import CrashedError, Request
from tests.fakes.world import World, crash_at, refuse


def final(world: World) -> object:
    """What a story ends with, without what differs from run to run."""
    status = world.status
    return (
        world.served,
        world.deployments,
        sorted(r["revision"] for r in world.cluster.all("ControllerRevision")),
        len(world.cluster.all("ConfigMap")),
        world.ready,
        status.stable,
        status.candidate,
        status.phase,
        [(d.reason, d.source, d.target) for d in status.decisions],
    )


async def deploy_and_edit(world: World) -> None:
    world.user_applies(model=source(1), replicas=2)
    await world.settle()
    world.user_applies(model=source(2), replicas=2)
    await world.settle()
    await world.later(timedelta(seconds=31))


@pytest.mark.parametrize("answered", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, 21))
async def test_a_crash_at_any_write_ends_in_the_same_state(number: int, answered: bool) -> None:
    undisturbed = World()
    await deploy_and_edit(undisturbed)

    world = World()
    if answered:
        world.cluster.after = crash_at(number)
    else:
        world.cluster.before = crash_at(number)
    done = 0
    for deed in (
        lambda: world.user_applies(model=source(1), replicas=2),
        lambda: world.user_applies(model=source(2), replicas=2),
        lambda: setattr(world, "now", world.now + timedelta(seconds=31)),
    ):
        deed()
        try:
            await world.settle()
        except CrashedError:
            done += 1
            world.cluster.before = world.cluster.after = None
            world.start()
            await world.settle()

    assert done == (1 if number <= len(undisturbed.cluster.writes) else 0)
    assert final(world) == final(undisturbed)


async def test_the_story_has_as_many_writes_as_crashes_are_tried() -> None:
    world = World()
    await deploy_and_edit(world)

    assert len(world.cluster.writes) == 19


@pytest.mark.parametrize("kind", ["ControllerRevision", "ConfigMap", "Deployment", "Service"])
async def test_a_refused_child_does_not_keep_the_others_from_being_written(kind: str) -> None:
    world = World()
    world.cluster.before = refuse(lambda r: r.kind == kind, words=f"exceeded quota of {kind}")
    world.user_applies(replicas=2)
    with pytest.raises(PassError):
        await world.one_pass()

    others = {"ControllerRevision", "ConfigMap", "Service", "PodDisruptionBudget"} - {kind}
    assert others <= {k for k, _ in world.cluster.snapshot()}
    status, reason, message = world.ready
    assert (status, reason) == ("False", "ChildRefused")
    assert f"exceeded quota of {kind}" in message
    assert message.startswith(f"{kind}/fx-drift")


@pytest.mark.parametrize("kind", ["ControllerRevision", "ConfigMap"])
async def test_a_workload_does_not_come_up_without_what_it_needs(kind: str) -> None:
    world = World()
    world.cluster.before = refuse(lambda r: r.kind == kind)
    world.user_applies()
    with pytest.raises(PassError):
        await world.one_pass()

    assert world.cluster.all("Deployment") == []


async def test_a_namespace_that_is_being_deleted_is_not_fought() -> None:
    world = World()
    world.user_applies(model=source(1))
    await world.settle()
    for kind in ("Deployment", "Service"):
        (child,) = world.cluster.all(kind)
        world.cluster.remove(kind, child["metadata"]["name"])
    words = "unable to create new content in namespace because it is being terminated"
    world.cluster.before = refuse(lambda r: r.kind in ("Deployment", "Service"), 403, words)
    world.watch()

    await world.one_pass()

    assert world.cluster.all("Deployment") == []

    assert world.ready[1] != "ChildRefused"


async def test_a_refusal_that_is_lifted_is_forgotten() -> None:
    world = World()
    world.cluster.before = refuse(lambda r: r.kind == "Service")
    world.user_applies()
    with pytest.raises(PassError):
        await world.one_pass()
    world.cluster.before = None
    await world.settle()

    assert world.ready[0] == "True"
    assert "DriftRepaired" not in world.event_reasons


async def test_a_refused_child_is_one_event_however_often_it_is_tried() -> None:
    world = World()
    world.cluster.before = refuse(lambda r: r.kind == "Service")
    world.user_applies()
    for _ in range(4):
        with pytest.raises(PassError):
            await world.one_pass()

    assert world.event_reasons == ["ChildRefused"]


def foreign_service(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"selector": {"app": "till"}, "ports": [{"name": "web", "port": 80}]},
    }


async def test_a_foreign_service_of_the_same_name_is_not_overwritten() -> None:
    world = World()
    world.cluster.apply_as("helm", foreign_service("fx-drift"))
    before = world.cluster.live("Service", "fx-drift")
    world.user_applies()
    await world.one_pass()

    assert world.cluster.live("Service", "fx-drift") == before
    assert world.ready[:2] == ("False", "ChildRefused")
    assert world.ready[2] == (
        "Service/fx-drift exists and is managed by somebody else; delete or rename it, or rename"
        " this resource"
    )


async def test_a_foreign_service_without_a_selector_is_not_taken_over() -> None:
    world = World()
    foreign = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": KEY.name, "namespace": NAMESPACE},
        "spec": {"clusterIP": "None", "ports": [{"port": 80}]},
    }
    world.cluster.apply_as("somebody", foreign)
    world.start()
    world.user_applies()
    await world.settle()

    (service,) = world.cluster.all("Service")
    assert "selector" not in service["spec"]
    assert "ownerReferences" not in service["metadata"]
    assert world.ready[:2] == ("False", "ChildRefused")
    assert f"Service/{KEY.name} exists and is managed by somebody else" in world.ready[2]

    world.cluster.remove("Service", KEY.name)
    await world.settle()
    assert world.ready[0] == "True"


async def test_an_edit_in_the_middle_of_a_pass_waits_for_its_own() -> None:
    world = World()
    world.user_applies(model=source(1))
    await world.settle()
    world.user_applies(model=source(2))
    edits = []

    def edit(request: Request, number: int) -> None:
        # The write that moves clients to the second revision.
        if request.kind == "Service" and not edits:
            edits.append(number)
            world.user_applies(model=source(3))
            world.watch()

    world.cluster.after = edit
    while not edits:
        await world.one_pass()
        world.run_deployments()

    assert world.status.observed_generation == 2, "the third was not planned for yet"
    await world.settle()
    assert world.status.observed_generation == 3
    assert world.ready[0] == "True"


async def test_while_the_service_cannot_move_the_old_pods_stay() -> None:
    world = World()
    world.user_applies(model=source(1))
    await world.settle()
    old = world.served
    world.cluster.before = refuse(lambda r: r.kind == "Service")

    world.user_applies(model=source(2))
    await world.settle(rounds=4)
    await world.later(timedelta(minutes=5))

    assert world.served == old
    assert old in world.deployments
    assert world.ready[:2] == ("False", "ChildRefused")

    world.cluster.before = None
    await world.settle()
    assert world.ready[0] == "True"
    # From when clients have moved.
    await world.later(timedelta(seconds=31))
    assert list(world.deployments) == [world.served]


def decisions(world: World, key: UnitKey = KEY) -> list[str]:
    return [decision.reason for decision in world.status_of(key).decisions]


@pytest.mark.parametrize("status", [403, 500])
async def test_a_move_of_clients_is_told_once_it_has_happened(status: int) -> None:
    world = World()
    world.user_applies(model=source(1))
    await world.settle()
    old = world.served
    world.cluster.before = refuse(lambda r: r.kind == "Service", status)

    world.user_applies(model=source(2))
    await world.settle(rounds=4)
    assert decisions(world).count("Promoted") == 1
    assert world.event_reasons.count("Promoted") == 1
    stable, candidate = world.status.stable, world.status.candidate
    assert stable is not None
    assert candidate is not None
    assert (stable.revision, candidate.ready) == (old, 1)

    world.cluster.before = None
    await world.settle()
    assert decisions(world).count("Promoted") == 2
    assert world.event_reasons.count("Promoted") == 2
    assert world.status.stable is not None
    assert world.status.stable.revision == world.served != old


@pytest.mark.parametrize("key", [KEY, PIPELINE], ids=lambda key: key.kind)
async def test_a_first_revision_whose_name_is_taken_is_promoted_once_clients_reach_it(
    key: UnitKey,
) -> None:
    world = World()
    world.cluster.apply_as("helm", foreign_service(key.name))
    inline = step(modelRef=None, model=source(5))
    body = imodel() if key == KEY else epipe(steps=[inline])
    world.cluster.apply_as("kubectl", body, force=True)
    await world.settle(keys=[key])
    assert world.status_of(key).ready_replicas == 1
    assert world.status_of(key).stable is None
    assert world.status_of(key).phase == "Failed"
    assert decisions(world, key) == ["RevisionCreated"]
    assert "Promoted" not in world.event_reasons

    world.cluster.remove("Service", key.name)
    await world.settle(keys=[key])
    assert world.status_of(key).phase == "Ready"
    assert decisions(world, key) == ["RevisionCreated", "Promoted"]
    assert world.event_reasons[-1] == "Promoted"


async def test_an_edit_while_the_name_is_taken_leaves_no_pods_behind() -> None:
    world = World()
    world.cluster.apply_as("helm", foreign_service(KEY.name))
    world.user_applies(model=source(1))
    await world.settle()
    world.user_applies(model=source(2))
    await world.settle()

    assert len(world.deployments) == 1
    assert decisions(world) == ["RevisionCreated", "RevisionCreated"]


async def test_a_name_that_is_taken_later_holds_the_next_revision() -> None:
    world = World()
    world.user_applies(model=source(1))
    await world.settle()
    old = world.served
    world.cluster.remove("Service", KEY.name)
    world.cluster.apply_as("helm", foreign_service(KEY.name))
    world.user_applies(model=source(2))
    await world.settle()
    assert set(world.deployments.values()) == {1}
    assert old in world.deployments
    assert decisions(world)[-1] == "RevisionCreated"
    writes = len(world.cluster.writes)
    await world.later(timedelta(hours=1))
    assert len(world.cluster.writes) == writes, "nothing to say that was not said"

    world.cluster.remove("Service", KEY.name)
    await world.settle()
    assert world.ready[0] == "True"
    assert world.served != old
    assert decisions(world)[-1] == "Promoted"


async def test_a_service_that_cannot_be_written_for_now_is_not_called_ready() -> None:
    world = World()
    world.user_applies(model=source(1))
    await world.settle()
    world.cluster.before = refuse(lambda r: r.kind == "Service", 500, "etcd is slow")
    world.user_applies(model=source(2))
    await world.settle(rounds=2)

    assert world.ready[:2] == ("False", "Progressing")
    assert world.ready[2].startswith("clients are not sent to revision")


async def test_a_failure_that_does_not_pass_is_told_after_some_tries() -> None:
    world = World()
    world.cluster.before = refuse(lambda r: r.kind == "Deployment", 500, "webhook is away")
    world.user_applies()
    for reason in ("Progressing", "Progressing", "ChildRefused"):
        with pytest.raises(PassError):
            await world.one_pass()
        assert world.ready[:2] == ("False", reason)
    assert "webhook is away (tried again and again)" in world.ready[2]

    world.cluster.before = None
    await world.settle()
    assert world.ready[0] == "True"


async def test_a_field_that_no_schema_knows_is_told_though_it_comes_as_500() -> None:
    world = World()
    words = (
        "failed to create typed patch object (desk-7/fx-drift; apps/v1, Kind=Deployment):"
        " .spec.template.spec.affinity.podAffinty: field not declared in schema"
    )
    world.cluster.before = refuse(lambda r: r.kind == "Deployment", 500, words)
    world.user_applies()
    with pytest.raises(PassError):
        await world.one_pass()

    assert world.ready[:2] == ("False", "ChildRefused")
    assert "affinity.podAffinty: field not declared in schema" in world.ready[2]


async def test_an_api_server_that_is_away_is_tried_again_without_a_word_to_the_person() -> None:
    world = World()
    world.user_applies()
    world.cluster.before = refuse(lambda r: True, 0, "the API server did not answer: refused")
    with pytest.raises((PassError, ApiError)):
        await world.one_pass()
    world.cluster.before = None
    await world.settle()

    assert world.ready[0] == "True"
    assert world.event_reasons == ["Promoted"]


async def test_an_event_that_is_refused_does_not_lose_the_status() -> None:
    world = World()
    world.cluster.before = refuse(lambda r: r.kind == "Event")
    world.user_applies()
    await world.settle(rounds=5)

    assert world.ready[0] == "True"


async def test_a_resource_deleted_unseen_is_dropped_when_its_status_is_gone() -> None:
    world = World()
    world.user_applies()
    await world.settle()
    world.cluster.remove("InferenceModel", KEY.name)
    world.cluster.events.clear()
    world.cluster.collect_garbage()

    await world.one_pass()
    world.cluster.collect_garbage()
    before = len(world.cluster.requests)
    await world.one_pass()

    assert len(world.cluster.requests) == before


async def test_a_successor_of_the_same_name_waits_for_the_children_of_its_predecessor() -> None:
    world = World()
    world.user_applies()
    await world.settle()
    world.cluster.remove("InferenceModel", KEY.name)
    world.user_applies()

    await world.one_pass()
    assert [e["reason"] for e in world.cluster.all("Event")] == ["Promoted"]
    world.cluster.collect_garbage()
    await world.settle()

    assert world.ready[0] == "True"
    assert "ChildRefused" not in world.event_reasons
    owner = world.cluster.live("InferenceModel", KEY.name)
    assert owner is not None
    for kind in ("ControllerRevision", "ConfigMap", "Deployment", "Service"):
        (child,) = world.cluster.all(kind)
        assert child["metadata"]["ownerReferences"][0]["uid"] == owner["metadata"]["uid"]


async def test_orphaned_children_are_adopted() -> None:
    world = World()
    world.user_applies()
    await world.settle()
    world.cluster.remove("InferenceModel", KEY.name)
    for kind in ("ControllerRevision", "ConfigMap", "Deployment", "Service"):
        (child,) = world.cluster.all(kind)
        name = child["metadata"]["name"]
        world.cluster.edit(kind, name, {"metadata": {"ownerReferences": None}})
    uids = {b["metadata"]["uid"] for k, b in world.cluster.snapshot() if k != "Event"}

    world.user_applies()
    await world.settle()

    assert world.ready[0] == "True"
    after = {b["metadata"]["uid"] for k, b in world.cluster.snapshot() if k not in ("Event",)}
    assert len(after - uids) == 1, "only the new InferenceModel is new"


async def test_two_models_do_not_touch_each_other() -> None:
    world = World()
    world.user_applies()
    world.cluster.apply_as("kubectl", imodel("fx-drift-b"))
    await world.settle()
    other = type(KEY)(KEY.kind, NAMESPACE, "fx-drift-b")
    await world.one_pass(other)
    count = len(world.cluster.requests)
    await world.one_pass()

    assert len(world.cluster.requests) == count
    assert len(world.cluster.all("Deployment")) == 2
