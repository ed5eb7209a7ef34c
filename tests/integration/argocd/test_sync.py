"""The whole path: a commit, the real Argo CD, the real operator, and what an application shows."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from hack.console import StepError
from tests.fakes.bodies import imodel, source
from tests.integration.argocd.application import Application
from tests.integration.argocd.git import Repository
from tests.integration.operator.harness import CHILDREN, NAME, NamespaceHarness
from tests.integration.operator.waiting import eventually

pytestmark = [pytest.mark.integration, pytest.mark.long, pytest.mark.usefixtures("operator")]

QUIET_SECONDS = 120
GATE = {"canary": {"steps": [{"setWeight": 50}, {"pause": {}}]}}


def manifest(scene: NamespaceHarness, artifact: int, **spec: Any) -> dict[str, Any]:
    """A model as it lies in Git: its namespace is the application's."""
    return imodel(NAME, namespace=scene.namespace, model=source(artifact), **spec)


def first_sync(
    scene: NamespaceHarness, repository: Repository, application: Application, **spec: Any
) -> str:
    """Commit a model and its application; return the revision that is served at the end."""
    repository.commit("Add the model", model=manifest(scene, 1, **spec))
    application.apply(repository.uri)
    application.await_health("InferenceModel", NAME, "Progressing")
    scene.await_ready()
    application.await_state("Synced", "Healthy")
    return scene.served()


def test_a_commit_is_served_and_deletion_leaves_nothing(
    scene: NamespaceHarness, repository: Repository, application: Application
) -> None:
    first_sync(scene, repository, application, replicas=2)
    ready = scene.condition("Ready")
    assert application.health_of("InferenceModel", NAME) == ("Healthy", ready["message"])
    assert application.conditions() == []

    application.delete()
    eventually(lambda: scene.get(f"inferencemodel,pods,{CHILDREN}", "-l", OURS)["items"] == [])


OURS = "app.kubernetes.io/managed-by=inference-operator"


def test_argo_cd_and_the_operator_do_not_fight(
    scene: NamespaceHarness,
    repository: Repository,
    application: Application,
    writes: Callable[[], int],
) -> None:
    first_sync(scene, repository, application)
    # A child is the operator's: Argo CD shows it and does not write it.
    scene.run("delete", "service", NAME)
    eventually(lambda: "Service" in scene.kinds())
    # The spec is Git's: an edit by hand does not last.
    scene.run("patch", "imodel", NAME, "--type=merge", "-p", json.dumps({"spec": {"replicas": 3}}))
    eventually(lambda: scene.model()["spec"].get("replicas") != 3)
    scene.await_ready()
    application.await_state("Synced", "Healthy")
    time.sleep(20)

    before = writes()
    time.sleep(QUIET_SECONDS)
    assert writes() - before == 0


def test_a_canary_waits_at_its_gate_a_button_promotes_it_and_a_revert_brings_the_old_one_back(
    scene: NamespaceHarness, repository: Repository, application: Application
) -> None:
    first = first_sync(scene, repository, application, replicas=2, rollout=GATE)
    assert application.buttons(NAME) == set()
    repository.commit("A new artifact", model=manifest(scene, 2, replicas=2, rollout=GATE))
    application.refresh()
    application.await_health("InferenceModel", NAME, "Progressing")
    _answering(scene, lambda: application.health_of("InferenceModel", NAME)[0] == "Suspended")
    assert "waits until somebody promotes" in application.health_of("InferenceModel", NAME)[1]
    assert application.buttons(NAME) == {"promote", "promote-full", "abort", "pause"}

    application.press(NAME, "promote")
    _answering(scene, lambda: application.state() == ("Synced", "Healthy"))
    second = scene.model()["status"]["stable"]["revision"]
    assert second != first
    assert application.buttons(NAME) == {"rollback"}

    repository.revert()
    application.refresh()
    _answering(scene, lambda: "promote-full" in application.buttons(NAME))
    assert scene.model()["status"]["canary"]["revision"] == first, "the kept revision, as it was"
    application.press(NAME, "promote-full")
    _answering(scene, lambda: scene.model()["status"]["stable"]["revision"] == first)
    _answering(scene, lambda: application.state() == ("Synced", "Healthy"))
    with pytest.raises(StepError, match="no canary is at a step"):
        application.press(NAME, "promote")


def test_a_model_that_cannot_load_is_degraded_with_our_sentence_and_the_sync_ends(
    scene: NamespaceHarness, repository: Repository, application: Application
) -> None:
    deadline = {"progressDeadline": "20s"}
    repository.commit("A model that no pod can load", model=manifest(scene, 1, rollout=deadline))
    application.apply(repository.uri)
    message = application.await_health("InferenceModel", NAME, "Degraded")

    stalled = scene.condition("Stalled")
    assert message == f"{stalled['reason']}: {stalled['message']}"
    application.await_state("Synced", "Degraded")
    assert application.status()["operationState"]["phase"] in ("Succeeded", "Failed")
    assert application.conditions() == []


def _answering(scene: NamespaceHarness, holds: Callable[[], bool]) -> None:
    """Wait, with pods that answer as they come."""

    def asked() -> bool:
        scene.pods_answer()
        return holds()

    eventually(asked, lambda: scene.model().get("status"))
