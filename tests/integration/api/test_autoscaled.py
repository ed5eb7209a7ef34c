"""A real API server lets either `autoscaling` or `replicas` set the number of pods."""

import json
from typing import Any

import pytest

from hack.cluster.kubectl import Kubectl
from hack.console import StepError
from tests.api_cases.bad_manifests import GOOD, GOOD_PIPELINE, changed

pytestmark = pytest.mark.integration

AUTOSCALING = {"maxReplicas": 8, "metrics": [{"type": "PendingRequests", "target": "4"}]}
KINDS = pytest.mark.parametrize("good", [GOOD, GOOD_PIPELINE], ids=lambda good: good["kind"])


def _apply(kubectl: Kubectl, namespace: str, body: dict[str, Any]) -> None:
    kubectl("apply", "--server-side", "-n", namespace, "-f", "-", stdin=json.dumps(body))


@KINDS
def test_kubectl_scale_is_refused_with_the_sentence(
    kubectl: Kubectl, namespace: str, good: dict[str, Any]
) -> None:
    _apply(kubectl, namespace, changed({"spec.autoscaling": AUTOSCALING}, good))
    name = f"{good['kind'].lower()}/{good['metadata']['name']}"
    with pytest.raises(StepError, match=r"found replicas 3 beside autoscaling.*kubectl scale"):
        kubectl("scale", name, "--replicas=3", "-n", namespace)
    assert "replicas" not in kubectl.get(name, "-n", namespace)["spec"]


@KINDS
def test_without_autoscaling_a_number_is_asked_for(
    kubectl: Kubectl, namespace: str, good: dict[str, Any]
) -> None:
    _apply(kubectl, namespace, changed({"spec.autoscaling": AUTOSCALING}, good))
    with pytest.raises(StepError, match="neither replicas nor autoscaling, which there was"):
        _apply(kubectl, namespace, good)
    _apply(kubectl, namespace, changed({"spec.replicas": 5}, good))


def test_a_number_gives_way_to_autoscaling(kubectl: Kubectl, namespace: str) -> None:
    _apply(kubectl, namespace, changed({"spec.replicas": 5}))
    _apply(kubectl, namespace, changed({"spec.autoscaling": AUTOSCALING}))
    spec = kubectl.get("imodel", GOOD["metadata"]["name"], "-n", namespace)["spec"]
    assert "replicas" not in spec
    # The API server writes no default: an edit of one would be a change of the spec.
    assert spec["autoscaling"] == AUTOSCALING
