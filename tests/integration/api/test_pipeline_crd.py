"""What the API server makes of the EnsemblePipelines' CRD: columns, scale, explain, limits."""

import json
from typing import Any

import pytest

from hack.cluster.kubectl import Kubectl
from hack.console import StepError
from inference_operator.api.decision_status import DECISIONS_KEPT
from inference_operator.api.ensemble_pipeline import MAX_STEPS
from tests.api_cases.bad_manifests import GOOD_PIPELINE, changed
from tests.integration.api.resources import READY_STATUS, apply, patch_status

pytestmark = pytest.mark.integration

NAME = GOOD_PIPELINE["metadata"]["name"]
RESOURCE = f"epipe/{NAME}"


def _steps(count: int) -> list[dict[str, Any]]:
    return [
        {
            "name": f"step-{number}",
            "builtin": {"tokenizer": {}},
            "inputMap": {"text": "note"},
            "outputMap": {"input_ids": f"ids-{number}"},
        }
        for number in range(count)
    ]


def test_the_schema_is_structural(kubectl: Kubectl) -> None:
    crd = kubectl.get("crd", "ensemblepipelines.inference.aipx.io")
    conditions = {c["type"]: c["status"] for c in crd["status"]["conditions"]}
    assert conditions == {"NamesAccepted": "True", "Established": "True"}


def test_the_server_stores_what_was_written_and_nothing_more(
    kubectl: Kubectl, namespace: str
) -> None:
    apply(kubectl, namespace, GOOD_PIPELINE)
    stored = kubectl.get("epipe", NAME, "-n", namespace)
    assert stored["spec"] == GOOD_PIPELINE["spec"]


def test_as_many_steps_fit_as_the_schema_says_and_no_more(kubectl: Kubectl, namespace: str) -> None:
    most = changed({"spec.steps": _steps(MAX_STEPS)}, GOOD_PIPELINE)
    apply(kubectl, namespace, most, "--dry-run=server")
    more = changed({"spec.steps": _steps(MAX_STEPS + 1)}, GOOD_PIPELINE)
    with pytest.raises(StepError, match=f"must have at most {MAX_STEPS} items"):
        apply(kubectl, namespace, more, "--dry-run=server")


def test_a_writer_adds_a_step_beside_those_of_another(kubectl: Kubectl, namespace: str) -> None:
    apply(kubectl, namespace, GOOD_PIPELINE, "--field-manager=quant")
    (step,) = _steps(1)
    mine = changed({"spec": {"steps": [step]}}, GOOD_PIPELINE)
    apply(kubectl, namespace, mine, "--field-manager=desk")
    stored = kubectl.get("epipe", NAME, "-n", namespace)
    assert [s["name"] for s in stored["spec"]["steps"]] == ["features", "price", "spread", "step-0"]


def test_kubectl_scale_sets_the_replicas(kubectl: Kubectl, namespace: str) -> None:
    apply(kubectl, namespace, GOOD_PIPELINE)
    kubectl("scale", f"epipe/{NAME}", "--replicas=3", "-n", namespace)
    assert kubectl.get("epipe", NAME, "-n", namespace)["spec"]["replicas"] == 3


def test_an_autoscaler_reads_the_status_through_the_scale(kubectl: Kubectl, namespace: str) -> None:
    apply(kubectl, namespace, changed({"spec.replicas": 2}, GOOD_PIPELINE))
    patch_status(kubectl, namespace, RESOURCE, {"replicas": 2, "selector": "app=signal"})
    path = f"/apis/inference.aipx.io/v1alpha1/namespaces/{namespace}/ensemblepipelines"
    scale = json.loads(kubectl("get", "--raw", f"{path}/{NAME}/scale"))
    assert scale["spec"] == {"replicas": 2}
    assert scale["status"] == {"replicas": 2, "selector": "app=signal"}


def test_the_list_tells_the_story(kubectl: Kubectl, namespace: str) -> None:
    apply(kubectl, namespace, GOOD_PIPELINE)
    status = {
        **READY_STATUS,
        "displayVersion": "4",
        "steps": [{"name": "price", "model": "lstm_price", "version": "7"}],
        "stepVersions": "price:7,spread:1",
    }
    patch_status(kubectl, namespace, RESOURCE, status)
    header, row = kubectl("get", "epipe", "-n", namespace).splitlines()
    assert header.split() == [
        "NAME",
        "READY",
        "REASON",
        "STEPS",
        "VERSION",
        "WEIGHT",
        "REPLICAS",
        "AGE",
    ]
    assert row.split()[:6] == [NAME, "True", "Ready", "price:7,spread:1", "4", "2/2"]
    wide = kubectl("get", "epipe", "-n", namespace, "-o", "wide")
    for shown in ("5d4c8f7b6a", "2 of 2 pods answer"):
        assert shown in wide


def test_the_longest_status_is_stored(kubectl: Kubectl, namespace: str) -> None:
    apply(kubectl, namespace, GOOD_PIPELINE)
    step = {"model": "m" * 253, "version": "9" * 19, "source": "s" * 2048, "modelRef": "r" * 253}
    artifact = {"uri": "s" * 2048, "version": "9" * 253, "sha256": "a" * 64, "steps": "v" * 1024}
    decision = {
        "time": "2026-03-01T12:00:00Z",
        "artifact": artifact,
        "reason": "Promoted",
        "message": "m" * 4096,
    }
    status = {
        "steps": [{"name": f"step-{number}", **step} for number in range(MAX_STEPS)],
        "stepVersions": "v" * 16384,
        "decisions": [decision] * DECISIONS_KEPT,
    }
    patch_status(kubectl, namespace, RESOURCE, status)
    assert kubectl.get("epipe", NAME, "-n", namespace)["status"] == status


@pytest.mark.parametrize("category", ["all", "inference"])
def test_a_pipeline_is_among(kubectl: Kubectl, namespace: str, category: str) -> None:
    apply(kubectl, namespace, GOOD_PIPELINE)
    assert NAME in kubectl("get", category, "-n", namespace)


def test_explain_reads_like_documentation(kubectl: Kubectl) -> None:
    explained = " ".join(kubectl("explain", "ensemblepipeline.spec.steps.modelRef").split())
    assert "Reference to a model that is also served by itself" in explained
    tree = kubectl("explain", "ensemblepipeline.spec.steps", "--recursive")
    for field in ("inputMap", "weightedAverage", "preferredBatchSizes", "secretRef"):
        assert field in tree
