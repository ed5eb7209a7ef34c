"""Removal of the operator keeps models and CRDs, until somebody asks."""

import json
import subprocess

import pytest
import yaml

from hack.cluster.kubectl import Kubectl
from hack.console import StepError
from hack.installation.base_objects import IMAGE
from hack.product import ROOT
from tests.integration.installation.models import ASKED, CRDS, MODEL, ask, models
from tests.integration.installation.test_chart import MINE, NAMESPACE
from tests.integration.operator.waiting import eventually

pytestmark = pytest.mark.integration

INSTALL = ROOT / "dist" / "install.yaml"
REFUSAL = "refused, because every InferenceModel of this cluster would be deleted with it"


def install(kubectl: Kubectl) -> None:
    """Install as the header of dist/install.yaml says, with a model, and wait for the guard."""
    kubectl(
        "apply", "--server-side", "-f", "-", stdin=INSTALL.read_text("utf-8").replace(IMAGE, MINE)
    )
    kubectl.wait_for_crds()
    kubectl("apply", "-f", "-", stdin=MODEL)
    await_guard(kubectl)


def await_guard(kubectl: Kubectl) -> None:
    """Wait until the API server has read the policy: it refuses a deletion that is a dry run."""
    for _ in range(200):
        if not kubectl.succeeds("delete", "crd", *CRDS, "--dry-run=server"):
            return
    raise AssertionError("the API server does not refuse the deletion of CRDs")


@pytest.fixture(autouse=True)
def _nothing_is_left(kubectl: Kubectl) -> None:
    """Remove what the test before has left: each one starts without CRDs."""
    if kubectl.succeeds("get", "crd", CRDS[0]):
        ask(kubectl)
        kubectl("delete", "crd", *CRDS)
    if kubectl.succeeds("get", "namespace", NAMESPACE):
        kubectl("delete", "namespace", NAMESPACE, "--wait=false")
        # Without its controller nobody else ends it.
        end = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
        address = f"/api/v1/namespaces/{NAMESPACE}/finalize"
        kubectl("replace", "--raw", address, "-f", "-", stdin=json.dumps(end))
    policies = ("validatingadmissionpolicy", "validatingadmissionpolicybinding")
    kubectl("delete", ",".join(policies), "inference-operator-keep-models", "--ignore-not-found")


def test_the_header_s_command_names_the_image_everywhere(kubectl: Kubectl) -> None:
    (line,) = (
        line for line in INSTALL.read_text("utf-8").splitlines() if line.startswith("#   sed")
    )
    sed, _, apply = line.removeprefix("#").strip().rpartition(" | ")
    assert apply == "kubectl apply --server-side -f -"
    written = subprocess.run(
        ["bash", "-c", f"IMAGE={MINE}; {sed}"], cwd=ROOT, text=True, capture_output=True, check=True
    ).stdout
    assert IMAGE not in written
    kubectl("apply", "--server-side", "-f", "-", stdin=written)
    deployment = kubectl.get("deployment", "inference-operator", "-n", NAMESPACE)
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == MINE
    assert container["env"][0]["value"] == MINE


@pytest.mark.parametrize("how", [("-f", str(INSTALL)), ("-k", str(ROOT / "manifests" / "base"))])
def test_deleting_the_base_keeps_models_and_says_why(
    kubectl: Kubectl, how: tuple[str, str]
) -> None:
    install(kubectl)
    kubectl("apply", "--server-side", "--force-conflicts", *how)
    with pytest.raises(StepError, match=REFUSAL) as refusal:
        kubectl("delete", *how)
    assert f"kubectl annotate crd {CRDS[1]} {ASKED}" in str(refusal.value)
    assert models(kubectl) == "inferencemodel.inference.aipx.io/double"
    gone = kubectl("get", "clusterrole", "inference-operator", "--ignore-not-found", "-o", "name")
    assert gone == "", "the rest is removed"


def test_a_second_deletion_is_not_refused_as_the_docs_say(kubectl: Kubectl) -> None:
    install(kubectl)
    with pytest.raises(StepError, match=REFUSAL):
        kubectl("delete", "-f", str(INSTALL))
    assert kubectl.succeeds("get", "crd", *CRDS)

    def is_refused() -> bool:
        """Delete again; the API server may know the policy for a moment after its end."""
        with pytest.raises(StepError) as failure:
            kubectl("delete", "-f", str(INSTALL), "--wait=false")
        return "refused, because" in str(failure.value)

    eventually(lambda: not is_refused())
    assert "so a second one deletes CRDs and models" in (ROOT / "docs/operations.md").read_text()
    kubectl("wait", "--for=delete", *(f"crd/{name}" for name in CRDS), "--timeout=60s")


def test_models_are_deleted_when_somebody_asks(kubectl: Kubectl) -> None:
    install(kubectl)
    ask(kubectl)
    kubectl("delete", "crd", *CRDS)
    assert not kubectl.succeeds("get", "inferencemodels", "-A")


def test_a_deletion_of_all_crds_at_once_leaves_ours(kubectl: Kubectl) -> None:
    install(kubectl)
    address = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    assert not kubectl.succeeds("delete", "--raw", address)
    assert models(kubectl) == "inferencemodel.inference.aipx.io/double"


def test_crds_of_others_are_deleted_as_ever(kubectl: Kubectl) -> None:
    install(kubectl)
    (crd,) = (
        body
        for body in yaml.safe_load_all(INSTALL.read_text())
        if body["metadata"]["name"] == CRDS[1]
    )
    crd["metadata"] = {"name": "inferencemodels.example.com"}
    crd["spec"]["group"] = "example.com"
    kubectl.apply(crd)
    kubectl("delete", "crd", "inferencemodels.example.com")


def test_the_annotations_for_argo_cd_helm_and_flux_are_on_both_crds(kubectl: Kubectl) -> None:
    install(kubectl)
    for name in CRDS:
        annotations = kubectl.get("crd", name)["metadata"]["annotations"]
        options = annotations["argocd.argoproj.io/sync-options"].split(",")
        assert {"Prune=false", "Delete=false"} <= set(options)
        assert annotations["helm.sh/resource-policy"] == "keep"
        assert annotations["kustomize.toolkit.fluxcd.io/prune"] == "disabled"
