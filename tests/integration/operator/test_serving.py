"""One model's life, with the real process."""

import time

import pytest

from hack.console import StepError
from hack.services.operator_process import OperatorProcess
from tests.fakes.bodies import source
from tests.integration.operator.harness import NAME, NamespaceHarness
from tests.integration.operator.waiting import KOPF_PATIENCE, eventually

pytestmark = pytest.mark.integration


def test_a_model_becomes_ready_in_at_most_eight_writes(
    operator: OperatorProcess, scene: NamespaceHarness
) -> None:
    began = operator.writes
    scene.apply(model=source(1))
    scene.await_pods(1)
    scene.await_ready()

    assert scene.kinds() == ["ConfigMap", "ControllerRevision", "Deployment", "Service"]
    eventually(lambda: "Promoted" in scene.event_reasons())
    assert operator.writes - began <= 8
    row = scene.run("get", "imodel", NAME, "--no-headers").split()
    assert row[:2] == [NAME, "True"]


def test_applying_it_again_changes_nothing(
    operator: OperatorProcess, scene: NamespaceHarness
) -> None:
    scene.apply(model=source(1), replicas=2)
    scene.await_pods(2)
    scene.await_ready()
    time.sleep(1)
    before, writes = scene.versions(), operator.writes

    scene.apply(model=source(1), replicas=2)
    time.sleep(2)

    assert scene.versions() == before
    assert operator.writes == writes


def test_a_restart_with_nothing_changed_writes_nothing(start, scene: NamespaceHarness) -> None:  # type: ignore[no-untyped-def]
    first = start(INFERENCE_OPERATOR_NAMESPACES=scene.namespace)
    first.await_ready()
    scene.apply(model=source(1), replicas=2)
    scene.await_pods(2)
    scene.await_ready()
    time.sleep(1)
    first.stop()
    before = scene.versions()

    second = start(INFERENCE_OPERATOR_NAMESPACES=scene.namespace)
    second.await_ready()
    eventually(lambda: second.metric("inference_operator_passes_total") >= 1)
    time.sleep(2)

    assert second.writes == 0
    assert scene.versions() == before


def test_it_ends_within_three_seconds(operator: OperatorProcess, scene: NamespaceHarness) -> None:
    scene.apply(model=source(1))
    scene.await_pods(1)

    assert operator.stop() < KOPF_PATIENCE


def test_an_edit_moves_clients_when_the_new_revision_answers(
    operator: OperatorProcess, scene: NamespaceHarness
) -> None:
    rollout = {"scaleDownDelay": "1s"}
    scene.apply(model=source(1), rollout=rollout)
    scene.await_pods(1)
    scene.await_ready()
    old = scene.served()

    scene.apply(model=source(2), rollout=rollout)
    scene.await_pods(2)
    time.sleep(1)
    assert scene.served() == old
    assert scene.condition("Ready")["status"] == "False"

    scene.await_ready()
    assert scene.served() != old
    scene.await_pods(1)
    records = [b for b in scene.children() if b["kind"] == "ControllerRevision"]
    assert len(records) == 2


def test_a_rollout_survives_a_killed_operator(start, scene: NamespaceHarness) -> None:  # type: ignore[no-untyped-def]
    first = start(INFERENCE_OPERATOR_NAMESPACES=scene.namespace)
    first.await_ready()
    scene.apply(model=source(1))
    scene.await_pods(1)
    scene.await_ready()
    old = scene.served()
    scene.apply(model=source(2))
    scene.await_pods(2)
    first.kill()
    scene.pods_answer()

    second = start(INFERENCE_OPERATOR_NAMESPACES=scene.namespace)
    second.await_ready()
    scene.await_ready()
    assert scene.served() != old


def test_a_bad_edit_is_refused_by_the_api_server_or_reported(
    operator: OperatorProcess, scene: NamespaceHarness
) -> None:
    scene.apply(model=source(1))
    scene.await_pods(1)
    scene.await_ready()
    old = scene.served()

    # The schema cannot know what Triton's own schema says.
    scene.apply(model=source(1), triton={"configOverrides": "nonsense: 1"})
    condition = eventually(
        lambda: (c := scene.condition("SpecValid")).get("status") == "False" and c,
        scene.model,
    )

    assert condition["reason"] == "InvalidSpec"
    assert "spec.triton.configOverrides" in condition["message"]
    assert f"(revision {old} continues to serve on 1 replica)" in condition["message"]
    assert scene.served() == old
    assert scene.condition("Available")["status"] == "True"


def test_kubectl_scale(operator: OperatorProcess, scene: NamespaceHarness) -> None:
    scene.apply(model=source(1), replicas=1)
    scene.await_pods(1)
    scene.await_ready()

    scene.run("scale", f"imodel/{NAME}", "--replicas=3")
    scene.await_pods(3)
    scene.await_ready()

    assert "PodDisruptionBudget" in scene.kinds()
    scale = scene.get("imodel", NAME)["status"]
    assert (scale["replicas"], scale["readyReplicas"]) == (3, 3)


def test_many_namespaces_are_served_with_few_workers(
    start, control_plane, scene: NamespaceHarness
) -> None:  # type: ignore[no-untyped-def]
    others = [NamespaceHarness.new(control_plane) for _ in range(5)]
    names = ",".join(each.namespace for each in (scene, *others))
    operator = start(INFERENCE_OPERATOR_NAMESPACES=names, INFERENCE_OPERATOR_WORKERS="1")
    operator.await_ready()
    for each in (scene, others[-1]):
        each.apply(model=source(1))
        each.await_pods(1)
        each.await_ready()


def test_deletion_leaves_no_child(operator: OperatorProcess, scene: NamespaceHarness) -> None:
    scene.apply(model=source(1), replicas=2)
    scene.await_pods(2)
    scene.await_ready()

    scene.run("delete", "imodel", NAME, "--wait=true")

    eventually(lambda: scene.children(f"{OWNED},pod") == [], scene.children)
    time.sleep(1)
    assert scene.children(f"{OWNED},pod") == []


OWNED = "controllerrevision,configmap,deployment,service,poddisruptionbudget"


def test_a_successor_of_the_same_name_is_served(
    operator: OperatorProcess, scene: NamespaceHarness
) -> None:
    scene.apply(model=source(1))
    scene.await_pods(1)
    scene.await_ready()

    scene.run("delete", "imodel", NAME, "--wait=true")
    scene.apply(model=source(1))
    scene.await_ready()

    uid = scene.model()["metadata"]["uid"]
    owners = {b["metadata"]["ownerReferences"][0]["uid"] for b in scene.children()}
    assert owners == {uid}
    assert "ChildRefused" not in scene.event_reasons()


def test_a_misspelt_affinity_is_told_with_its_path(scene: NamespaceHarness) -> None:
    with pytest.raises(StepError, match=r"\.spec\.placement\.affinity\.podAffinty: field not"):
        scene.apply(model=source(1), placement={"affinity": {"podAffinty": {}}})


def test_a_foreign_service_is_reported_and_left_alone(
    operator: OperatorProcess, scene: NamespaceHarness
) -> None:
    scene.run("create", "service", "clusterip", NAME, "--tcp=80:80")
    before = scene.get("service", NAME)["spec"]
    scene.apply(model=source(1))
    condition = eventually(
        lambda: (c := scene.condition("Ready")).get("reason") == "ChildRefused" and c,
        lambda: scene.model().get("status"),
    )

    assert condition["message"].startswith(f"Service/{NAME} exists and belongs to another owner")
    assert scene.get("service", NAME)["spec"] == before
    assert "Deployment" in scene.kinds()
