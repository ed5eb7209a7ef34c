"""The chart installed, upgraded and removed by the real Helm on a real API server."""

from pathlib import Path

import pytest

from hack.cluster.kubectl import Kubectl
from hack.product import ROOT
from tests.integration.installation.conftest import Helm
from tests.integration.installation.models import CRDS, MODEL, ask
from tests.integration.installation.test_chart import CHART, MINE

pytestmark = pytest.mark.integration

RELEASE = ("inference-operator", "-n", "helm-operator")


@pytest.fixture
def cluster_helm(kubectl: Kubectl, tmp_path: Path) -> Helm:
    return Helm(tmp_path / "helm", kubectl.kubeconfig)


@pytest.fixture(autouse=True)
def _no_crds(kubectl: Kubectl) -> None:
    """Remove the CRDs that the test before has kept, when somebody has asked for that."""
    if kubectl.succeeds("get", "crd", CRDS[0]):
        ask(kubectl)
        kubectl("delete", "crd", *CRDS)


def helm_install(helm: Helm, *words: str) -> None:
    helm("install", *RELEASE, "--create-namespace", CHART, "--set", f"image={MINE}", *words)


def test_helm_installs_upgrades_and_uninstalls_and_models_stay(
    kubectl: Kubectl, cluster_helm: Helm
) -> None:
    helm_install(cluster_helm)
    kubectl.wait_for_crds()
    kubectl("apply", "-f", "-", stdin=MODEL)
    uid = kubectl.get("inferencemodel", "double")["metadata"]["uid"]

    values = ("--set", f"image={MINE}", "--set", "replicas=3")
    cluster_helm("upgrade", *RELEASE, CHART, *values)
    deployment = kubectl.get("deployment", "inference-operator", "-n", "helm-operator")
    assert deployment["spec"]["replicas"] == 3

    # The CRDs leave the release, and stay in the cluster.
    cluster_helm("upgrade", *RELEASE, CHART, *values, "--set", "crds.install=false")
    assert kubectl.get("inferencemodel", "double")["metadata"]["uid"] == uid
    cluster_helm("upgrade", *RELEASE, CHART, *values)

    assert "kept due to the resource policy" in cluster_helm("uninstall", *RELEASE)
    assert kubectl.get("inferencemodel", "double")["metadata"]["uid"] == uid
    assert not kubectl.succeeds("get", "deployment", "inference-operator", "-n", "helm-operator")

    # The next installation takes over what the one before has kept.
    helm_install(cluster_helm)
    assert kubectl.get("inferencemodel", "double")["metadata"]["uid"] == uid
    cluster_helm("uninstall", *RELEASE)


def test_helm_deletes_models_when_its_values_say_so(kubectl: Kubectl, cluster_helm: Helm) -> None:
    helm_install(cluster_helm, "--set", "crds.keep=false")
    kubectl.wait_for_crds()
    kubectl("apply", "-f", "-", stdin=MODEL)
    cluster_helm("uninstall", *RELEASE)
    kubectl("wait", "--for=delete", *(f"crd/{name}" for name in CRDS), "--timeout=60s")


def test_crds_that_kubectl_applied_are_no_problem_for_helm(
    kubectl: Kubectl, cluster_helm: Helm
) -> None:
    kubectl("apply", "--server-side", "-k", str(ROOT / "crds"))
    kubectl.wait_for_crds()
    words = ("install", *RELEASE, "--create-namespace", CHART, "--set", f"image={MINE}")
    refused = cluster_helm.run(*words)
    assert refused.returncode != 0
    assert "invalid ownership metadata" in refused.stderr
    cluster_helm(*words, "--set", "crds.install=false")
    cluster_helm("uninstall", *RELEASE)
    assert kubectl.succeeds("get", "crd", CRDS[1])
