"""The admission policy on a real API server gives the operator's answers, word for word."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import yaml

from hack.cluster.kubectl import Kubectl
from hack.console import StepError
from hack.product import ROOT
from tests.api_cases.allow_lists import CASES, Case
from tests.api_cases.bad_manifests import GOOD, GOOD_PIPELINE, changed

pytestmark = pytest.mark.integration

FOLDER = ROOT / "manifests" / "admission"
NAMESPACE = "inference-operator"
SETTING = "INFERENCE_OPERATOR_ALLOWED_"
PATIENCE_S = 30


def bodies(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((FOLDER / name).read_text("utf-8")))


def refusal(kubectl: Kubectl, body: dict[str, Any], namespace: str, *, dry: bool = True) -> str:
    """What the API server says against a body; empty where it takes it."""
    options = ("--dry-run=server",) if dry else ()
    words = ("apply", "--server-side", "--validate=strict", "-n", namespace, *options, "-f", "-")
    try:
        kubectl(*words, stdin=json.dumps(body))
    except StepError as failure:
        return str(failure)
    return ""


@pytest.fixture(scope="module")
def policy(kubectl: Kubectl) -> Iterator[str]:
    """The policy, bound to a namespace of the test's own for each set of lists."""
    kubectl("create", "namespace", NAMESPACE)
    kubectl.apply(*bodies("allow-lists.yaml"), *bodies("policy.yaml"))
    # The binding of the manifest is for the whole cluster, whose other tests name what they like.
    kubectl("delete", "validatingadmissionpolicybinding", "inference-operator-allow-lists")
    # Kubernetes 1.34 finds no lists for a binding that comes after the last one was deleted.
    with bound(kubectl, "inference-operator-allow-lists", NAMESPACE, {}):
        yield "inference-operator-allow-lists"
    kubectl("delete", "validatingadmissionpolicy", "inference-operator-allow-lists")
    kubectl("delete", "namespace", NAMESPACE, "--wait=false")


@contextmanager
def bound(kubectl: Kubectl, policy: str, namespace: str, lists: dict[str, str]) -> Iterator[None]:
    """Lists for one namespace, in force."""
    _, binding = bodies("policy.yaml")
    meta = {"name": f"lists-{namespace}", "namespace": NAMESPACE}
    kubectl.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": lists})
    spec = {
        **binding["spec"],
        "paramRef": {**binding["spec"]["paramRef"], "name": meta["name"]},
        "matchResources": {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
        },
    }
    kubectl.apply({**binding, "metadata": {"name": meta["name"]}, "spec": spec})
    try:
        yield
    finally:
        kubectl("delete", "validatingadmissionpolicybinding", meta["name"])


def await_lists(kubectl: Kubectl, namespace: str, refused: dict[str, Any], expected: str) -> str:
    """The refusal of a body, once the API server has the lists, which takes it a moment."""
    end = time.monotonic() + PATIENCE_S
    while True:
        message = refusal(kubectl, refused, namespace)
        if expected in message or time.monotonic() > end:
            return message
        time.sleep(0.2)


def _grouped() -> dict[str, list[Case]]:
    """Cases by their lists: these take a moment to come into force."""
    groups: dict[str, list[Case]] = {}
    for case in CASES:
        groups.setdefault(json.dumps(case.environment, sort_keys=True), []).append(case)
    return groups


GROUPS = _grouped()
CANARY = {
    "steps": [{"setWeight": 10}],
    "gateway": {
        "parentRefs": [{"name": "probe", "namespace": "probe"}],
        "http": {"hostnames": ["probe.invalid"]},
    },
}
# Refused by every list that a case may have, so it shows when the list is in force.
PROBE = changed(
    {
        "metadata.name": "probe",
        "spec.triton.image": "probe.invalid/x",
        "spec.serviceAccountName": "probe",
        "spec.placement.priorityClassName": "probe",
        "spec.placement.tolerations": [{"key": "probe", "operator": "Exists"}],
        "spec.model.source.uri": "https://probe.invalid/x",
        "spec.rollout.canary": CANARY,
    }
)


@pytest.mark.parametrize("group", GROUPS.values(), ids=GROUPS)
def test_the_api_server_agrees_with_the_operator(
    kubectl: Kubectl, namespace: str, policy: str, group: list[Case]
) -> None:
    lists = group[0].environment
    with bound(kubectl, policy, namespace, lists):
        shown = "".join(lists.values()).partition(",")[0].strip()
        if lists and lists.get(f"{SETTING}TOLERATIONS") != "*":
            assert shown in await_lists(kubectl, namespace, PROBE, shown)
        for case in group:
            message = refusal(kubectl, case.body, namespace)
            assert bool(message) == bool(case.refused), f"{case.name}: {message}"
            # The operator escapes a backslash, as JSON does.
            sentences = [
                sentence.replace("\\\\", "\\") for sentence in case.sentences_in(namespace)
            ]
            assert all(sentence in message for sentence in sentences), f"{case.name}: {message}"
            assert not case.hidden or case.hidden not in message, f"{case.name}: {message}"


def test_the_policy_is_typed_without_warnings(kubectl: Kubectl, policy: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while True:
        body = kubectl.get("validatingadmissionpolicy", policy)
        status = body.get("status", {})
        # Written by a controller, which a server alone does not have.
        if "typeChecking" in status or time.monotonic() > end - PATIENCE_S + 3:
            break
        time.sleep(0.2)
    assert not status.get("typeChecking", {}).get("expressionWarnings"), status


def test_what_an_object_has_already_is_not_refused_again(
    kubectl: Kubectl, namespace: str, policy: str
) -> None:
    outside = {
        "spec.triton.image": "old.example/triton:1",
        "spec.serviceAccountName": "old",
        "spec.placement.priorityClassName": "old",
        "spec.placement.tolerations": [{"operator": "Exists"}],
        "spec.rollout.canary": CANARY,
    }
    assert refusal(kubectl, changed(outside), namespace, dry=False) == ""
    assert refusal(kubectl, GOOD_PIPELINE, namespace, dry=False) == ""
    lists = {
        f"{SETTING}IMAGES": "nvcr.io/nvidia/*",
        f"{SETTING}SERVICE_ACCOUNTS": "inference",
        f"{SETTING}PRIORITY_CLASSES": "inference",
        f"{SETTING}TOLERATIONS": "nvidia.com/gpu",
        f"{SETTING}SOURCE_HOSTS": "*.example.org",
        f"{SETTING}GATEWAYS": "gateways/*",
        f"{SETTING}HOSTNAMES": "*.example.org",
    }
    with bound(kubectl, policy, namespace, lists):
        assert "nvcr.io/nvidia/*" in await_lists(kubectl, namespace, PROBE, "nvcr.io")
        kubectl("scale", "imodel/spread-forecaster", "--replicas=2", "-n", namespace)
        edited = changed({**outside, "spec.replicas": 3, "spec.model.maxBatchSize": 4})
        assert refusal(kubectl, edited, namespace, dry=False) == ""
        kubectl("label", "epipe/spread-signal", "team=rates", "-n", namespace)
        for path, value in (
            ("spec.triton.image", "old.example/triton:2"),
            ("spec.serviceAccountName", "older"),
            ("spec.placement.priorityClassName", "older"),
            ("spec.placement.tolerations", [{"operator": "Exists", "effect": "NoExecute"}]),
            ("spec.model.source.uri", "https://models.example.com/other.onnx"),
            ("spec.rollout.canary.gateway.parentRefs", [{"name": "older"}]),
            ("spec.rollout.canary.gateway.http.hostnames", ["older.example"]),
        ):
            message = refusal(kubectl, changed({**outside, path: value}), namespace)
            assert path in message, message


def test_the_largest_pipeline_and_long_lists_are_within_the_api_server_s_budget(
    kubectl: Kubectl, namespace: str, policy: str
) -> None:
    step = GOOD_PIPELINE["spec"]["steps"][2]
    uri = "https://models.example.com/" + "x" * 2000
    steps = [
        {
            **step,
            "name": f"s{index}",
            "model": {**step["model"], "source": {"uri": uri}},
            "outputMap": {"y": f"y{index}"},
        }
        for index in range(20)
    ]
    tolerations = [{"key": f"example.com/taint-{i}", "operator": "Exists"} for i in range(32)]
    change = {
        "spec.steps": steps,
        "spec.outputs": [{"name": "y0", "dataType": "FP32", "shape": [1]}],
        "spec.placement.tolerations": tolerations,
    }
    hosts = ", ".join([*(f"host-{i}.example.net" for i in range(200)), "models.example.com"])
    taints = ", ".join([*(f"example.net/taint-{i}" for i in range(200))])
    ours = ", ".join(t["key"] for t in tolerations)
    lists = {f"{SETTING}SOURCE_HOSTS": hosts, f"{SETTING}TOLERATIONS": f"{taints}, {ours}"}
    with bound(kubectl, policy, namespace, lists):
        assert "taint-0" in await_lists(kubectl, namespace, PROBE, "taint-0")
        assert refusal(kubectl, changed(change, GOOD_PIPELINE), namespace) == ""


def test_a_password_in_a_uri_is_refused_before_a_list_could_tell_of_it(
    kubectl: Kubectl, namespace: str, policy: str
) -> None:
    uris = ("https://desk:hunter2@evil.example/x", "oci://desk:hunter2@evil.example/x:1")
    with bound(kubectl, policy, namespace, {f"{SETTING}SOURCE_HOSTS": "*.example.org"}):
        assert "example.org" in await_lists(kubectl, namespace, PROBE, "example.org")
        for uri in uris:
            message = refusal(kubectl, changed({"spec.model.source.uri": uri}), namespace)
            assert "spec.model.source.uri" in message
            assert "hunter2" not in message


def test_without_its_configmap_everything_is_refused(
    kubectl: Kubectl, namespace: str, policy: str
) -> None:
    with bound(kubectl, policy, namespace, {}):
        kubectl("delete", "configmap", f"lists-{namespace}", "-n", NAMESPACE)
        assert "no params found" in await_lists(kubectl, namespace, GOOD, "no params found")
