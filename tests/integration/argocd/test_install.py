"""Operator and models installed by the Applications of docs/gitops.md, on a cluster without
either. No kubelet runs: the operator is a process with the rights that Argo CD has applied."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from hack import release
from hack.cluster.apiserver import ApiServer
from hack.cluster.kubectl import Kubectl
from hack.services.argo_cd import LocalArgoCd
from hack.services.operator_process import operator_process
from tests.fakes.bodies import imodel
from tests.integration.argocd.application import Application
from tests.integration.argocd.conftest import ARGO_CD_USER, add_scripts
from tests.integration.argocd.git import Repository
from tests.integration.argocd.test_docs import OURS as PAGE
from tests.integration.operator.harness import NAME, READY, NamespaceHarness
from tests.integration.operator.service_account import NAMESPACE, as_service_account
from tests.integration.operator.waiting import eventually

pytestmark = [pytest.mark.integration, pytest.mark.long, pytest.mark.timeout(1200)]

IMAGE = f"registry.example.com/inference-operator@sha256:{'5e' * 32}"
POD = "app.kubernetes.io/name=inference-operator"


@dataclass(frozen=True, slots=True)
class Installation:
    """The two Applications of the page, their repository, and the namespace of the models."""

    operator: Application
    models: Application
    repository: Repository
    scene: NamespaceHarness

    def crds(self) -> list[str]:
        names = ("inferencemodels.inference.aipx.io", "ensemblepipelines.inference.aipx.io")
        return self.scene.kubectl("get", "crds", *names, "-o", "name").split()


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The models' Application is there first: its first sync finds no CRD."""
    folder = tmp_path_factory.mktemp("install")
    with ApiServer(controller_manager=True) as server:
        user = server.kubeconfig_of(ARGO_CD_USER)
        with LocalArgoCd(folder / "argo-cd", server.kubectl, user) as argo_cd:
            add_scripts(server.kubectl)
            repository = Repository(folder / "git")
            model = imodel(NAME, replicas=2)
            del model["metadata"]["namespace"]
            manifests = {
                "operator/install.yaml": install_yaml(folder),
                "models/m.yaml": text(model),
            }
            repository.write("Install operator and models", manifests)
            models = applied(argo_cd, server.kubectl, repository, "models")
            eventually(lambda: "inferencemodels" in json.dumps(models.status()).lower())
            operator = applied(argo_cd, server.kubectl, repository, "operator")
            scene = NamespaceHarness(server.kubectl, models.namespace)
            yield Installation(operator, models, repository, scene)


def install_yaml(folder: Path) -> str:
    """Return the file of a release."""
    release.release(IMAGE, folder / "release")
    return (folder / "release" / "install.yaml").read_text("utf-8")


def applied(
    argo_cd: LocalArgoCd, kubectl: Kubectl, repository: Repository, path: str
) -> Application:
    """Apply the page's Application of a folder, with the address of this repository."""
    (body,) = (body for body in PAGE if _path_of(body) == path)
    body["spec"]["source"]["repoURL"] = repository.uri
    kubectl.apply(body)
    name, namespace = body["metadata"]["name"], body["spec"]["destination"]["namespace"]
    return Application(argo_cd, kubectl, name, namespace)


def _path_of(body: dict[str, Any]) -> str:
    """Return the folder of an Application; empty for other kinds."""
    is_application = body["kind"] == "Application"
    return str(body["spec"]["source"]["path"]) if is_application else ""


def text(body: dict[str, Any]) -> str:
    return str(yaml.safe_dump(body))


def operator_pods_answer(kubectl: Kubectl) -> None:
    """Write what kubelets would write of the operator's pods."""
    for pod in kubectl.get("pods", "-n", NAMESPACE, "-l", POD)["items"]:
        words = ("--subresource=status", "--type=merge", "-p", json.dumps(READY))
        kubectl("patch", "pod", pod["metadata"]["name"], "-n", NAMESPACE, *words)


def settings(kubectl: Kubectl) -> dict[str, str]:
    """Return the settings of the applied Deployment; fields of the pod are a pod's name."""
    (container,) = kubectl.get("deployment", "inference-operator", "-n", NAMESPACE)["spec"][
        "template"
    ]["spec"]["containers"]
    assert container["image"] == IMAGE
    own = {
        "INFERENCE_OPERATOR_LEASE_NAMESPACE": NAMESPACE,
        "INFERENCE_OPERATOR_IDENTITY": "the-test",
    }
    return {each["name"]: each.get("value") or own[each["name"]] for each in container["env"]}


def test_both_applications_become_healthy_and_the_model_is_served(
    installation: Installation, tmp_path: Path
) -> None:
    kubectl, scene = installation.scene.kubectl, installation.scene
    eventually(lambda: kubectl.succeeds("get", "deployment", "inference-operator", "-n", NAMESPACE))
    eventually(lambda: len(kubectl.get("pods", "-n", NAMESPACE, "-l", POD)["items"]) == 2)
    operator_pods_answer(kubectl)
    installation.operator.await_state("Synced", "Healthy")
    assert installation.operator.conditions() == []

    kubeconfig = as_service_account(kubectl, tmp_path)
    with operator_process(kubeconfig, settings(kubectl)) as process:
        process.await_ready()
        # Argo CD tries the models' sync again, now that the CRDs are there.
        eventually(lambda: scene.get("inferencemodels")["items"], installation.models.status)
        scene.await_ready()
        installation.models.await_state("Synced", "Healthy")
        assert process.metric("inference_operator_errors_total") == 0, process.log
    assert installation.models.conditions() == []


def test_crds_and_models_outlive_a_commit_without_them_and_the_application(
    installation: Installation,
) -> None:
    scene = installation.scene
    eventually(lambda: scene.kubectl.succeeds("get", "imodel", NAME, "-n", scene.namespace))
    uid, crds = scene.model()["metadata"]["uid"], installation.crds()
    assert len(crds) == 2

    path = "operator/install.yaml"
    bodies = yaml.safe_load_all((installation.repository.folder / path).read_text("utf-8"))
    rest = [body for body in bodies if body["kind"] != "CustomResourceDefinition"]
    installation.repository.write("Leave out the CRDs", {path: str(yaml.safe_dump_all(rest))})
    commit = installation.repository.head()
    installation.operator.refresh()
    eventually(
        lambda: (
            installation.operator.status()["sync"]["revision"] == commit
            and installation.operator.status()["operationState"]["phase"] == "Succeeded"
        ),
        installation.operator.status,
    )
    assert installation.crds() == crds

    finalizers = '{"metadata":{"finalizers":["resources-finalizer.argocd.argoproj.io"]}}'
    words = ("--type=merge", "-p", finalizers)
    scene.kubectl("patch", "application", "inference-operator", "-n", "argocd", *words)
    installation.operator.delete()
    assert not scene.kubectl.succeeds("get", "deployment", "inference-operator", "-n", NAMESPACE)
    assert installation.crds() == crds
    assert scene.model()["metadata"]["uid"] == uid
