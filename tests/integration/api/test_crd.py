"""What the API server makes of the CRD, beside refusing: explain, scale, columns, round trips."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from hack.cluster.kubectl import Kubectl
from hack.console import StepError
from inference_operator.api.reasons import Reason
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
    patch_status(kubectl, namespace, RESOURCE, READY_STATUS)
    header, row = kubectl("get", "imodel", "-n", namespace).splitlines()
    assert header.split() == ["NAME", "READY", "REASON", "VERSION", "WEIGHT", "REPLICAS", "AGE"]
    assert row.split()[:5] == ["spread-forecaster", "True", "Ready", "5d4c8f7b6a", "2/2"]
    header, row = kubectl("get", "imodel", "-n", namespace, "-o", "wide").splitlines()
    assert header.split()[7:] == ["MESSAGE", "REVISION", "SOURCE", "LATENCY"]
    _, _, shown = row.partition("2 of 2 pods answer")
    served = "https://models.example.com/served.onnx"
    assert shown.split() == ["5d4c8f7b6a", served], "what serves, not what the spec asks for"


def test_the_list_reads_well_before_an_operator_has_looked(
    kubectl: Kubectl, namespace: str
) -> None:
    apply(kubectl, namespace, GOOD)
    for options in ((), ("-o", "wide")):
        header, row = kubectl("get", "imodel", "-n", namespace, *options).splitlines()
        name, age = row.split()
        assert (name, row.index(age)) == ("spread-forecaster", header.index("AGE"))


def test_the_table_stays_on_one_line_with_the_longest_words(
    kubectl: Kubectl, namespace: str
) -> None:
    apply(kubectl, namespace, GOOD)
    status = {
        **READY_STATUS,
        "displayReason": max(Reason, key=len),
        "displayVersion": str(2**63 - 1),
        "displayReplicas": "1000/1000",
    }
    patch_status(kubectl, namespace, RESOURCE, status)
    header, row = kubectl("get", "imodel", "-n", namespace).splitlines()
    assert row.split()[2:5] == [max(Reason, key=len), str(2**63 - 1), "1000/1000"]
    assert row.index("1000/1000") == header.index("REPLICAS")


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
