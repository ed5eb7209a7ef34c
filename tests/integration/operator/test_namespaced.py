"""The operator of manifests/namespaced has rights in the namespaces that it serves, no others."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from hack.cluster.apiserver import ApiServer
from hack.console import StepError
from hack.overlays import kustomized
from hack.product import ROOT
from hack.services.operator_process import OperatorProcess, operator_process
from tests.conftest import install_crds
from tests.fakes.bodies import source
from tests.integration.operator.harness import NamespaceHarness
from tests.integration.operator.service_account import NAMESPACE, as_service_account, used
from tests.integration.operator.waiting import eventually

pytestmark = pytest.mark.integration

OVERLAY = ROOT / "manifests" / "namespaced"
SERVED, OTHER = "trading", "credit"
GPU = "nvidia.com/gpu"
OF_THE_CLUSTER = ("nodes", "namespaces")
FALLS_BACK = {"count": 1, "whenUnavailable": "UseCPU"}
OFF = "the fallback to the CPU is off because the operator may not list nodes"
NODES = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reads-nodes}
rules: [{apiGroups: [""], resources: [nodes], verbs: [list, watch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: reads-nodes}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reads-nodes}
subjects: [{kind: ServiceAccount, name: inference-operator, namespace: inference-operator}]
"""


def overlay() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(kustomized(OVERLAY)))


@pytest.fixture(scope="module")
def server() -> Iterator[ApiServer]:
    with ApiServer(controller_manager=True) as server:
        install_crds(server)
        for name in (NAMESPACE, SERVED, OTHER):
            server.kubectl("create", "namespace", name)
        # No kubelet runs the operator's own pods.
        server.kubectl.apply(*(body for body in overlay() if body["kind"] != "Deployment"))
        yield server


def environment() -> dict[str, str]:
    """The settings of the overlay's Deployment."""
    (deployment,) = (body for body in overlay() if body["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    given = {each["name"]: each["value"] for each in container["env"] if "value" in each}
    return {**given, "INFERENCE_OPERATOR_LEASE_NAMESPACE": NAMESPACE}


@pytest.fixture
def operator(server: ApiServer, tmp_path: Path) -> Iterator[OperatorProcess]:
    with operator_process(as_service_account(server.kubectl, tmp_path), environment()) as process:
        process.await_ready()
        yield process


def test_the_overlay_has_nothing_beyond_namespaces() -> None:
    cluster_wide = {"ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "Namespace"}
    bodies = overlay()
    assert not {body["kind"] for body in bodies} & cluster_wide
    assert {body["metadata"].get("namespace") for body in bodies} == {NAMESPACE, SERVED}


def test_who_may_apply_what_of_the_overlay() -> None:
    """As docs/operations.md says: the Roles an administrator, all else the namespace's own."""
    apply = ("apply", "--server-side", "-k", str(OVERLAY))
    desk, lead, rights = ("--as", "desk"), ("--as", "lead"), "app.kubernetes.io/component"
    with ApiServer(controller_manager=True) as server:
        kubectl = server.kubectl
        install_crds(server)
        for name in (NAMESPACE, SERVED):
            kubectl("create", "namespace", name)
        for user, name in (("lead", SERVED), ("lead", NAMESPACE), ("desk", NAMESPACE)):
            words = ("create", "rolebinding", user, "--clusterrole=admin", f"--user={user}")
            kubectl(*words, "-n", name)
            may = ("auth", "can-i", "create", "deployments", "-n", name, "--as", user)
            eventually(lambda may=may: kubectl.succeeds(*may))

        with pytest.raises(StepError, match="attempting to grant RBAC permissions not currently"):
            kubectl(*apply, "-l", f"{rights}=rights", *lead)
        assert kubectl.get("role", "-n", SERVED)["items"] == []
        kubectl(*apply, "-l", f"{rights}=rights")
        # A later release is applied over the first.
        for _ in range(2):
            kubectl(*apply, "-l", f"{rights}!=rights", *desk)
        for body in overlay():
            meta = body["metadata"]
            kubectl("get", body["kind"], meta["name"], "-n", meta["namespace"])


def test_its_role_is_the_clusterrole_without_nodes_and_namespaces() -> None:
    base = yaml.safe_load_all((ROOT / "manifests/base/rbac.yaml").read_text("utf-8"))
    (wide,) = (body["rules"] for body in base if body["kind"] == "ClusterRole")
    (narrow,) = (
        body["rules"]
        for body in overlay()
        if body["kind"] == "Role" and body["metadata"]["namespace"] == SERVED
    )
    for rule in wide:
        rule["resources"] = [name for name in rule["resources"] if name not in OF_THE_CLUSTER]
    assert narrow == wide


def test_it_serves_its_namespace_and_no_other(server: ApiServer, operator: OperatorProcess) -> None:
    served, other = (
        NamespaceHarness(server.kubectl, SERVED),
        NamespaceHarness(server.kubectl, OTHER),
    )
    other.apply(model=source(1))
    served.apply(model=source(1))
    served.await_pods(1)
    served.await_ready()
    time.sleep(2)

    assert other.children() == []
    assert other.model().get("status") is None
    assert operator.ask("/readyz") == (200, "ready")
    assert operator.metric("inference_operator_errors_total") == 0, operator.log
    refused = {use for use, code in used(server) if code in (401, 403)}
    assert refused == {("", kind, "list") for kind in OF_THE_CLUSTER}
    lines = [json.loads(line) for line in operator.log.splitlines()]
    messages = [line["message"] for line in lines if line["level"] in ("WARNING", "ERROR")]
    for kind in OF_THE_CLUSTER:
        assert len([text for text in messages if f"cannot list {kind}" in text]) == 1
    # An API server that has just started may answer 429, which is said too.
    assert len([text for text in messages if "429" not in text]) <= 6, messages


def test_the_fallback_is_off_until_nodes_may_be_listed(
    server: ApiServer, operator: OperatorProcess, tmp_path: Path
) -> None:
    scene, kubectl = NamespaceHarness(server.kubectl, SERVED), server.kubectl
    scene.apply("gpu-reader", model=source(1), accelerator=FALLS_BACK)
    eventually(lambda: OFF in scene.condition("Ready", "gpu-reader").get("message", ""))
    status = scene.model("gpu-reader")["status"]
    assert status["accelerator"]["mode"] == "GPU"
    assert OFF in status["accelerator"]["message"]
    (deployment,) = (
        d for d in scene.children("deployment") if d["metadata"]["name"].startswith("gpu-reader")
    )
    (triton,) = deployment["spec"]["template"]["spec"]["containers"]
    assert triton["resources"]["limits"][GPU] == "1"

    # Granted later: it is asked again every 30 s at the latest.
    kubectl("apply", "--server-side", "-f", "-", stdin=NODES)
    eventually(lambda: scene.model("gpu-reader")["status"]["accelerator"]["mode"] == "CPU")
    scene.await_ready("gpu-reader")
    assert OFF not in scene.condition("Ready", "gpu-reader")["message"]

    # A restart without the right takes nothing from what fell back.
    kubectl("delete", "clusterrolebinding", "reads-nodes")
    before = scene.served("gpu-reader")
    operator.stop()
    with operator_process(as_service_account(server.kubectl, tmp_path), environment()) as process:
        process.await_ready()
        eventually(lambda: OFF in scene.condition("Ready", "gpu-reader")["message"])
        status = scene.model("gpu-reader")["status"]
        assert status["accelerator"]["mode"] == "CPU"
        assert status.get("canary") is None
        assert scene.served("gpu-reader") == before
        scene.await_ready("gpu-reader")
