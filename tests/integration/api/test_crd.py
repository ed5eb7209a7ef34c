"""What the API server makes of the CRD, beside refusing: explain, scale, columns, round trips."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from hack.cluster.kubectl import Kubectl
from hack.console import StepError
from tests.api_cases.bad_manifests import GOOD, changed
from tests.api_cases.good_placements import PLACEMENT
from tests.integration.api.resources import READY_STATUS, apply, patch_status

pytestmark = pytest.mark.integration

RESOURCE = "imodel/spread-forecaster"

SAMPLES = sorted((Path(__file__).parents[3] / "manifests" / "samples").glob("*.yaml"))
FULL: dict[str, Any] = {
    "spec.replicas": 2,
    "spec.triton": {
        "dynamicBatching": {"preferredBatchSizes": [4, 8], "maxQueueDelay": "500us"},
        "instanceGroups": [{"count": 2}],
        "warmup": [
            {"name": "zeros", "inputs": [{"name": "x", "dataType": "FP32", "shape": [60, 5]}]}
        ],
        "parameters": {"ENABLE_WEIGHT_SHARING": "true"},
        "env": [{"name": "A", "value": "1"}],
        "extraArgs": ["--log-verbose=1"],
    },
    "spec.resources": {"requests": {"cpu": 1, "memory": "1Gi"}, "limits": {"memory": "2Gi"}},
    "spec.placement": {
        "nodeSelector": {"kubernetes.io/arch": "amd64"},
        "tolerations": [{"operator": "Exists"}],
        **PLACEMENT,
    },
    "spec.rollout": {"scaleDownDelay": "0s", "paused": False},
}


def test_the_schema_is_structural(kubectl: Kubectl) -> None:
    crd = kubectl.get("crd", "inferencemodels.inference.aipx.io")
    conditions = {c["type"]: c["status"] for c in crd["status"]["conditions"]}
    assert conditions == {"NamesAccepted": "True", "Established": "True"}


@pytest.mark.parametrize("change", [{}, FULL], ids=["the shortest", "one with everything"])
def test_the_server_stores_what_was_written_and_nothing_more(
    kubectl: Kubectl, namespace: str, change: dict[str, Any]
) -> None:
    apply(kubectl, namespace, changed(change))
    stored = kubectl.get("imodel", "spread-forecaster", "-n", namespace)
    assert stored["spec"] == changed(change)["spec"]


def test_applying_the_same_twice_is_one_generation(kubectl: Kubectl, namespace: str) -> None:
    for _ in range(2):
        apply(kubectl, namespace, changed(FULL))
    stored = kubectl.get("imodel", "spread-forecaster", "-n", namespace)
    assert stored["metadata"]["generation"] == 1


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_every_sample_is_accepted(kubectl: Kubectl, namespace: str, path: Path) -> None:
    for body in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        if body:
            body["metadata"].pop("namespace", None)
            apply(kubectl, namespace, body)


@pytest.mark.parametrize("change", [{}, {"spec.replicas": 1}], ids=["unwritten", "written"])
def test_kubectl_scale_sets_the_replicas(
    kubectl: Kubectl, namespace: str, change: dict[str, Any]
) -> None:
    apply(kubectl, namespace, changed(change))
    kubectl("scale", "imodel/spread-forecaster", "--replicas=3", "-n", namespace)
    stored = kubectl.get("imodel", "spread-forecaster", "-n", namespace)
    assert stored["spec"]["replicas"] == 3


def test_an_autoscaler_reads_the_status_through_the_scale(kubectl: Kubectl, namespace: str) -> None:
    apply(kubectl, namespace, changed({"spec.replicas": 2}))
    patch_status(kubectl, namespace, RESOURCE, {"replicas": 2, "selector": "app=spread"})
    path = f"/apis/inference.aipx.io/v1alpha1/namespaces/{namespace}/inferencemodels"
    scale = json.loads(kubectl("get", "--raw", f"{path}/spread-forecaster/scale"))
    assert scale["spec"] == {"replicas": 2}
    assert scale["status"] == {"replicas": 2, "selector": "app=spread"}


def test_a_written_status_is_no_new_generation(kubectl: Kubectl, namespace: str) -> None:
    apply(kubectl, namespace, GOOD)
    patch_status(kubectl, namespace, RESOURCE, {"phase": "Ready"})
    stored = kubectl.get("imodel", "spread-forecaster", "-n", namespace)
    assert stored["metadata"]["generation"] == 1
    assert stored["status"] == {"phase": "Ready"}


def test_a_phase_that_does_not_exist_cannot_be_written(kubectl: Kubectl, namespace: str) -> None:
    apply(kubectl, namespace, GOOD)
    with pytest.raises(StepError, match=r'status\.phase: Unsupported value: "Fine"'):
        patch_status(kubectl, namespace, RESOURCE, {"phase": "Fine"})


def test_the_list_tells_the_story(kubectl: Kubectl, namespace: str) -> None:
    apply(kubectl, namespace, GOOD)
    status = {
        **READY_STATUS,
        "model": {"version": "1"},
    }
    patch_status(kubectl, namespace, RESOURCE, status)
    header, row = kubectl("get", "imodel", "-n", namespace).splitlines()
    assert header.split() == ["NAME", "READY", "VERSION", "PHASE", "REPLICAS", "AGE"]
    assert row.split()[:5] == ["spread-forecaster", "True", "1", "Ready", "2"]
    wide = kubectl("get", "imodel", "-n", namespace, "-o", "wide")
    for shown in ("5d4c8f7b6a", "https://models.example.com/spread.onnx", "2 of 2 pods answer"):
        assert shown in wide


@pytest.mark.parametrize("category", ["all", "inference"])
def test_a_model_is_among(kubectl: Kubectl, namespace: str, category: str) -> None:
    apply(kubectl, namespace, GOOD)
    assert "spread-forecaster" in kubectl("get", category, "-n", namespace)


def test_explain_reads_like_documentation(kubectl: Kubectl) -> None:
    explained = kubectl("explain", "inferencemodel.spec.triton.dynamicBatching.maxQueueDelay")
    assert "How long a request may wait for others to share its batch" in " ".join(
        explained.split()
    )
    tree = kubectl("explain", "inferencemodel.spec.triton", "--recursive")
    for field in ("dynamicBatching", "preferredBatchSizes", "configOverrides", "secretKeyRef"):
        assert field in tree


def test_the_writers_order_of_tensors_is_kept(kubectl: Kubectl, namespace: str) -> None:
    def tensors(*names: str) -> list[dict[str, Any]]:
        return [{"name": name, "dataType": "FP32", "shape": [4]} for name in names]

    for names in (("b", "a", "c"), ("c", "b", "a")):
        change = {"spec.model.inputs": tensors(*names), "spec.model.outputs": tensors("y")}
        apply(kubectl, namespace, changed(change))
        stored = kubectl.get("imodel", "spread-forecaster", "-n", namespace)
        assert [t["name"] for t in stored["spec"]["model"]["inputs"]] == list(names)
