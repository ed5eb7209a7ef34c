"""From a commit to served clients: the real Argo CD, the real operator, and what it shows."""

import json
from typing import Any

import pytest

from inference_operator.api.reasons import Reason
from inference_operator.domain.load_report import LoadReport
from tests.fakes.bodies import epipe, revision_of, step, terminated, waiting
from tests.integration.argocd.application import Application
from tests.integration.argocd.git import Repository
from tests.integration.argocd.steps import await_with_pods, first_sync, manifest
from tests.integration.operator.harness import NAME, OURS, PIPELINE, NamespaceHarness
from tests.integration.operator.waiting import eventually

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("operator")]

SENTENCE = "https://store.example/fx/1/model.onnx: 404; correct the path"
LATER = {"argocd.argoproj.io/sync-wave": "1"}


def test_a_commit_is_served_and_deletion_leaves_nothing(
    scene: NamespaceHarness, repository: Repository, application: Application
) -> None:
    before = objects(scene)
    first_sync(scene, repository, application, replicas=2)
    ready = scene.condition("Ready")
    assert application.health_of("InferenceModel", NAME) == ("Healthy", ready["message"])
    assert application.conditions() == []
    assert objects(scene) > before

    application.delete()
    eventually(lambda: objects(scene) == before, lambda: objects(scene) - before)


@pytest.mark.long
def test_a_model_that_cannot_load_is_degraded_with_our_sentence_and_the_sync_ends(
    scene: NamespaceHarness, repository: Repository, application: Application
) -> None:
    model = manifest(scene, 1, rollout={"progressDeadline": "20s"})
    repository.commit("A model that no pod can load", model=model, later=settings(scene))
    application.apply(repository.uri, retries=0)
    scene.await_pods(1)
    loader_fails(scene, SENTENCE)
    message = application.await_health("InferenceModel", NAME, "Degraded")
    assert SENTENCE in message

    eventually(lambda: application.status()["operationState"]["phase"] == "Failed")
    assert scene.run("get", "configmap", "later", "--ignore-not-found") == ""
    stalled = scene.condition("Stalled")
    eventually(
        lambda: (
            application.health_of("InferenceModel", NAME)[1]
            == f"{stalled['reason']}: {stalled['message']}"
        )
    )
    problems = [each["type"] for each in application.conditions()]
    assert "ComparisonError" not in problems


@pytest.mark.long
def test_a_later_wave_waits_until_the_model_is_healthy(
    scene: NamespaceHarness, repository: Repository, application: Application
) -> None:
    pipeline = epipe(namespace=scene.namespace, steps=[step(refers_to=NAME)])
    pipeline["metadata"]["annotations"] = LATER
    repository.commit("A model and a pipeline", model=manifest(scene, 1), pipeline=pipeline)
    application.apply(repository.uri)
    application.await_health("InferenceModel", NAME, "Progressing")
    # The operator has written all, and only the pods are missing: nothing else holds the wave.
    scene.await_pods(1)
    assert scene.get("ensemblepipelines")["items"] == []

    scene.await_ready()
    eventually(lambda: scene.get("ensemblepipelines")["items"])
    await_with_pods(
        scene, lambda: application.health_of("EnsemblePipeline", PIPELINE)[0] == "Healthy"
    )
    application.await_state("Synced", "Healthy")


def objects(scene: NamespaceHarness) -> set[str]:
    """Return everything that is in the namespace, apart from Events."""
    kinds = scene.kubectl("api-resources", "--namespaced", "--verbs=list", "-o", "name").split()
    listed = ",".join(kind for kind in kinds if kind.partition(".")[0] != "events")
    return set(scene.run("get", listed, "-o", "name", "--ignore-not-found").split())


def settings(scene: NamespaceHarness) -> dict[str, Any]:
    """Return an object of a later wave."""
    metadata = {"name": "later", "namespace": scene.namespace, "annotations": LATER}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


def loader_fails(scene: NamespaceHarness, sentence: str) -> None:
    """Write what a kubelet writes of a pod whose init container cannot load the model."""
    report = LoadReport(Reason.ARTIFACT_NOT_FOUND, sentence).to_json()
    (pod,) = scene.get("pods", "-l", OURS)["items"]
    image = pod["spec"]["initContainers"][0]["image"]
    container = {
        "name": "load",
        "image": image,
        "imageID": "",
        "ready": False,
        "restartCount": 3,
        "state": waiting("CrashLoopBackOff"),
        "lastState": terminated(3, message=report),
    }
    status = {"status": {"phase": "Pending", "initContainerStatuses": [container]}}
    assert revision_of(pod)
    words = ("--subresource=status", "--type=merge", "-p", json.dumps(status))
    scene.run("patch", "pod", pod["metadata"]["name"], *words)
