"""A refused or unanswered write is reported once and does not delay other writes."""

import pytest

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.reconcile.reconciler import PATIENCE, PassError
from tests.fakes.bodies import source
from tests.fakes.harness import OperatorHarness, refuse


@pytest.mark.parametrize("kind", ["ControllerRevision", "ConfigMap", "Deployment", "Service"])
async def test_a_refused_child_does_not_keep_the_others_from_being_written(kind: str) -> None:
    world = OperatorHarness()
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
    world = OperatorHarness()
    world.cluster.before = refuse(lambda r: r.kind == kind)
    world.user_applies()
    with pytest.raises(PassError):
        await world.one_pass()

    assert world.cluster.all("Deployment") == []


async def test_a_namespace_that_is_being_deleted_is_not_fought() -> None:
    world = OperatorHarness()
    world.user_applies(model=source(1))
    await world.settle()
    for kind in ("Deployment", "Service"):
        (child,) = world.cluster.all(kind)
        world.cluster.remove(kind, child["metadata"]["name"])
    words = "unable to create new content in namespace because it is being terminated"
    world.cluster.before = refuse(
        lambda r: r.kind in ("Deployment", "Service"), 403, words, "NamespaceTerminating"
    )
    world.watch()

    await world.one_pass()

    assert world.cluster.all("Deployment") == []

    assert world.ready[1] != "ChildRefused"


async def test_a_refusal_that_is_lifted_is_forgotten() -> None:
    world = OperatorHarness()
    world.cluster.before = refuse(lambda r: r.kind == "Service")
    world.user_applies()
    with pytest.raises(PassError):
        await world.one_pass()
    world.cluster.before = None
    await world.settle()

    assert world.ready[0] == "True"
    assert "DriftRepaired" not in world.event_reasons


async def test_a_refused_child_is_one_event_however_often_it_is_tried() -> None:
    world = OperatorHarness()
    world.cluster.before = refuse(lambda r: r.kind == "Service")
    world.user_applies()
    for _ in range(4):
        with pytest.raises(PassError):
            await world.one_pass()

    assert world.event_reasons == ["ChildRefused"]


async def test_a_failure_that_does_not_pass_is_told_after_some_tries() -> None:
    world = OperatorHarness()
    world.cluster.before = refuse(lambda r: r.kind == "Deployment", 500, "webhook is away")
    world.user_applies()
    for reason in ("Progressing", "Progressing", "ChildRefused"):
        with pytest.raises(PassError):
            await world.one_pass()
        assert world.ready[:2] == ("False", reason)
    assert "webhook is away (failed 3 or more times in a row; retrying)" in world.ready[2]

    world.cluster.before = None
    await world.settle()
    assert world.ready[0] == "True"


async def test_a_field_that_no_schema_knows_is_told_after_some_tries() -> None:
    # The API server answers 500 without a cause, as for etcd's passing failures.
    world = OperatorHarness()
    words = (
        "failed to create typed patch object (desk-7/fx-drift; apps/v1, Kind=Deployment):"
        " .spec.template.spec.affinity.podAffinty: field not declared in schema"
    )
    world.cluster.before = refuse(lambda r: r.kind == "Deployment", 500, words)
    world.user_applies()
    for _ in range(PATIENCE):
        with pytest.raises(PassError):
            await world.one_pass()

    assert world.ready[:2] == ("False", "ChildRefused")
    assert "affinity.podAffinty: field not declared in schema" in world.ready[2]


async def test_an_api_server_that_is_away_is_tried_again_without_a_word_to_the_person() -> None:
    world = OperatorHarness()
    world.user_applies()
    world.cluster.before = refuse(lambda r: True, 0, "the API server did not answer: refused")
    with pytest.raises((PassError, ApiError)):
        await world.one_pass()
    world.cluster.before = None
    await world.settle()

    assert world.ready[0] == "True"
    assert world.event_reasons == ["Promoted"]


async def test_an_event_that_is_refused_does_not_lose_the_status() -> None:
    world = OperatorHarness()
    world.cluster.before = refuse(lambda r: r.kind == "Event")
    world.user_applies()
    await world.settle(rounds=5)

    assert world.ready[0] == "True"
