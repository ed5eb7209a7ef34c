"""Environments of feature branches on a real API server: made, refused, and removed."""

import subprocess
import sys
from typing import Any

import pytest
import yaml

from hack import overlays
from hack.cluster.kubectl import Kubectl
from hack.console import StepError
from hack.environments import cluster
from hack.environments.branch import ANNOTATION, LABEL, Branch, branch, overlay
from hack.product import ROOT
from tests.integration.environments.conftest import container_of

pytestmark = pytest.mark.integration

FOLDER = "../environments/feature-branch"


def rendered(of: Branch) -> str:
    return overlays.rendered(overlay(of, FOLDER))


def objects_in(kubectl: Kubectl, namespace: str) -> set[str]:
    kinds = "deployments,services,configmaps,secrets,roles,rolebindings,pvc,pdb,networkpolicies"
    return set(kubectl("get", kinds, "-n", namespace, "-o", "name").split())


def test_all_of_a_branch_lies_in_its_namespace_and_has_its_names() -> None:
    of = branch("feature/Add_LSTM")
    bodies: tuple[dict[str, Any], ...] = tuple(yaml.safe_load_all(rendered(of)))
    places = {body["metadata"].get("namespace") for body in bodies if body["kind"] != "Namespace"}
    assert places == {of.namespace}
    subjects = [s["namespace"] for b in bodies for s in b.get("subjects", ())]
    assert subjects == [of.namespace] * 2
    variables = {e["name"]: e["value"] for e in container_of(bodies, "inference-gateway")["env"]}
    assert variables["SERVING_MLFLOW__MODEL_REGISTRY"] == (
        f"gs://trading-system-feature-branch/{of.safe}/models"
    )
    assert of.namespace in variables["SERVING_MLFLOW__TRACKING_URI"]
    # Nothing of the whole cluster: another branch may be removed without harm.
    assert not {body["kind"] for body in bodies} & {"CustomResourceDefinition", "ClusterRole"}


def test_a_branch_comes_stays_and_goes_without_a_trace(kubectl: Kubectl) -> None:
    of = branch("new-features")
    key = cluster.branch_up(kubectl, of, rendered(of))
    assert len(key) == 48
    # A second time nothing changes, and the key is kept.
    assert cluster.branch_up(kubectl, of, rendered(of)) == ""
    listed = objects_in(kubectl, of.namespace)
    assert {"secret/inference-gateway-keys", "deployment.apps/mlflow"} <= listed
    may = ("auth", "can-i", "list", "deployments", "-n", of.namespace)
    account = f"--as=system:serviceaccount:{of.namespace}:inference-operator"
    assert kubectl.succeeds(*may, account)
    assert not kubectl.succeeds(*may[:-1], "default", account)

    cluster.branch_down(kubectl, of)
    assert kubectl("get", "namespace", of.namespace, "--ignore-not-found") == ""
    everywhere = kubectl("get", "clusterrolebindings,clusterroles,pv", "-o", "name")
    assert of.safe not in everywhere
    cluster.branch_down(kubectl, of)


def test_a_namespace_of_others_is_neither_used_nor_removed(kubectl: Kubectl) -> None:
    of = branch("ours")
    kubectl("create", "namespace", of.namespace)
    for call in (
        lambda: cluster.branch_up(kubectl, of, rendered(of)),
        lambda: cluster.branch_down(kubectl, of),
    ):
        with pytest.raises(StepError, match="namespace feature-ours: found one of others"):
            call()
    kubectl("label", "namespace", of.namespace, f"{LABEL}=true")
    kubectl("annotate", "namespace", of.namespace, f"{ANNOTATION}=theirs")
    with pytest.raises(StepError, match="found one of branch theirs"):
        cluster.branch_down(kubectl, of)
    assert kubectl.succeeds("get", "namespace", of.namespace)
    assert objects_in(kubectl, of.namespace) <= {"configmap/kube-root-ca.crt"}


@pytest.mark.parametrize("name", ["", "a b", "-x", "a..b", "x.lock", "x `id`"])
def test_make_refuses_what_is_no_branch(name: str) -> None:
    done = subprocess.run(
        ["make", "-s", "branch-env", "STAMP=", f"PY={sys.executable}", f"BRANCH={name}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "expected the name of a branch of Git" in done.stderr
