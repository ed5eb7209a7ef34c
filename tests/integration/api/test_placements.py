"""Kubernetes takes and refuses the same placements of a pod as our types do of a resource."""

import copy
import json
from typing import Any

import pytest

from hack.cluster.kubectl import Kubectl
from hack.console import StepError
from tests.api_cases.bad_manifests import BAD_PLACEMENTS, BadManifest, changed
from tests.api_cases.good_placements import GOOD_PLACEMENTS

pytestmark = pytest.mark.integration

APPLY = ("apply", "--server-side", "--dry-run=server", "-n", "default", "-f", "-")
# The scheduler refuses it, and the API server does not.
LEFT_TO_THE_SCHEDULER = {"a node compared with a word"}


def pod(placement: dict[str, Any]) -> str:
    spec = {
        "containers": [{"name": "triton", "image": "triton"}],
        "automountServiceAccountToken": False,
        **placement,
    }
    return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec})


@pytest.mark.parametrize("name", GOOD_PLACEMENTS)
def test_what_is_accepted_is_a_placement_of_a_pod(kubectl: Kubectl, name: str) -> None:
    placement = GOOD_PLACEMENTS[name]
    body = changed({"spec.placement": copy.deepcopy(placement)})

    stored = json.loads(kubectl(*APPLY, "-o", "json", stdin=json.dumps(body)))
    assert stored["spec"]["placement"] == placement
    kubectl(*APPLY, stdin=pod(placement))


@pytest.mark.parametrize("case", BAD_PLACEMENTS, ids=lambda case: case.name)
def test_what_is_refused_is_no_placement_of_a_pod(kubectl: Kubectl, case: BadManifest) -> None:
    if case.name in LEFT_TO_THE_SCHEDULER:
        kubectl(*APPLY, stdin=pod(case.body["spec"]["placement"]))
        return
    with pytest.raises(StepError, match=r"is invalid|field not declared|duplicate entries"):
        kubectl(*APPLY, stdin=pod(case.body["spec"]["placement"]))


def test_what_no_type_has_is_dropped(kubectl: Kubectl) -> None:
    deep: dict[str, Any] = {}
    for _ in range(300):
        deep = {"a": deep}
    body = changed({"spec.placement": {"affinity": {"podAffinity": {"x": deep}, "y": deep}}})
    words = ("create", "--dry-run=server", "--validate=ignore", "-n", "default", "-f", "-")
    stored = json.loads(kubectl(*words, "-o", "json", stdin=json.dumps(body)))

    assert stored["spec"]["placement"] == {"affinity": {"podAffinity": {}}}
