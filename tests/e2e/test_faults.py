"""Bad input and bad days: each has its own reason and sentence, and what served goes on."""

import json
import time
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest
import tritonclient.http as triton

from tests.e2e.artifacts import linear_onnx
from tests.e2e.harness import ClusterHarness
from tests.e2e.waiting import eventually
from tests.run_state import RunState

pytestmark = pytest.mark.e2e
LINEAR = [3.0, 5.0, 7.0, 9.0]
NOBODY = "0" * 64
# The readiness probe's period times its failures: by then no call may go to a dead server.
READINESS_SECONDS = 10
NO_GPU = "GPU that no node has"


CASES: dict[str, tuple[dict[str, Any], str, str, tuple[str, ...]]] = {
    "wrong digest": (
        {"spec.model.source.sha256": NOBODY},
        "ArtifactResolved",
        "DigestMismatch",
        (NOBODY, "sha256"),
    ),
    "missing artifact": (
        {"spec.model.source.uri": "https://model-store.model-store.svc:8443/nothing/here.onnx"},
        "ArtifactResolved",
        "ArtifactNotFound",
        ("nothing/here.onnx", "404"),
    ),
    "no credentials": (
        {"spec.model.source.secretRef": {"name": "no-token"}},
        "ArtifactResolved",
        "ArtifactForbidden",
        ("401",),
    ),
    "tensors that differ from the config": (
        {"spec.model.source.uri": "https://model-store.model-store.svc:8443/mismatched/model.onnx"},
        "ArtifactResolved",
        "TensorMismatch",
        ("y", "z"),
    ),
    "image that does not exist": (
        {"spec.triton.image": "inference-operator.invalid/triton:1"},
        "Ready",
        "ImagePullFailed",
        ("inference-operator.invalid/triton:1", "spec.triton.image"),
    ),
    "claim that does not exist": (
        {"spec.model.source": {"uri": "pvc://nowhere/model.onnx"}},
        "ArtifactResolved",
        "ClaimNotFound",
        ("nowhere", "create it"),
    ),
    "node selector that no node has": (
        {"spec.placement": {"nodeSelector": {"disk": "unobtainium"}}},
        "Ready",
        "Unschedulable",
        ("spec.placement",),
    ),
    NO_GPU: (
        {"spec.accelerator": {"count": 1}},
        "Ready",
        "GPUUnavailable",
        ("nvidia.com/gpu", "UseCPU"),
    ),
    "server argument that Triton refuses": (
        {"spec.triton.extraArgs": ["--no-such-option=1"]},
        "Ready",
        "CrashLoop",
        ("ended with exit code 1", "--no-such-option", "kubectl -n", "-c triton --previous"),
    ),
    "override that Triton's schema does not know": (
        {"spec.triton.configOverrides": "model_transaction_policy {}\nbogus: 1"},
        "SpecValid",
        "InvalidSpec",
        ("spec.triton.configOverrides", "bogus"),
    ),
}


@pytest.fixture
def no_gpus(run_state: RunState, case: str) -> Iterator[None]:
    """No other test offers a GPU while the case needs that there is none."""
    with run_state.locked("GPUs") if case == NO_GPU else nullcontext():
        yield


@pytest.mark.usefixtures("no_gpus")
@pytest.mark.parametrize("case", CASES)
def test_a_bad_edit_is_explained_and_the_old_revision_serves_on(
    harness: ClusterHarness, namespace: str, case: str
) -> None:
    changes, condition, reason, words = CASES[case]
    harness.kubectl.apply(_token_free_secret(harness, namespace))
    served = harness.model(namespace).apply().wait_ready()
    old = served.stable()
    served.apply(**changes)
    message = served.wait_reason(condition, reason)
    for word in words:
        assert word in message
    assert served.condition("Ready")["status"] == "False"
    assert served.holds("Available")
    assert served.stable() == old
    assert served.status()["stable"]["ready"] == 1
    assert served.predict() == LINEAR
    eventually(lambda: any(e.startswith(reason) for e in served.events()), that="an Event")
    assert reason in served.describe()


def _token_free_secret(harness: ClusterHarness, namespace: str) -> dict[str, Any]:
    ours = harness.kubectl.get("secret", "model-store", "-n", namespace)
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "no-token", "namespace": namespace},
        "data": {"ca.crt": ours["data"]["ca.crt"]},
    }


def test_a_first_revision_that_cannot_load_recovers_when_the_artifact_appears(
    harness: ClusterHarness, namespace: str
) -> None:
    uri = harness.store.uri(f"{namespace}/model.onnx")
    served = harness.model(namespace, **{"spec.model.source.uri": uri}).apply()
    served.wait_reason("ArtifactResolved", "ArtifactNotFound")
    harness.store.upload_bytes(linear_onnx(2.0, 1.0), f"{namespace}/model.onnx")
    served.wait_ready().wait_answer(LINEAR)


def test_a_deleted_pod_comes_back_and_clients_do_not_notice(
    harness: ClusterHarness, namespace: str
) -> None:
    served = harness.model(namespace, **{"spec.replicas": 2}).apply().wait_ready()
    before = set(served.pods())
    with served.called_throughout() as caller:
        victim = min(before).removeprefix("Pod/")
        served.kubectl("delete", "pod", victim)
        eventually(
            lambda: len(set(served.pods()) - before) == 1 and served.holds("Ready"),
            that="a new pod, and all ready",
        )
    assert caller.failures == [], "a pod that is deleted drains first"


def test_a_triton_that_is_killed_is_restarted_and_the_model_answers_again(
    harness: ClusterHarness, namespace: str
) -> None:
    served = harness.model(namespace, **{"spec.replicas": 2}).apply().wait_ready()
    before = served.pods()
    victim = before[0].removeprefix("Pod/")
    with served.called_throughout() as caller:
        harness.kill(namespace, victim)
        killed = time.monotonic()
        eventually(
            lambda: harness.restarts(namespace, victim) == 1 and served.holds("Ready"),
            that="the container is restarted, and all ready",
        )
        time.sleep(max(0.0, killed + READINESS_SECONDS - time.monotonic()))
        answers = len(caller.answers)
        eventually(lambda: len(caller.answers) > answers + 50)
    assert caller.last_failure < killed + READINESS_SECONDS, caller.failures
    assert served.pods() == before, "it is restarted in its pod"
    address = served.kubectl("get", "pod", victim, "-o", "jsonpath={.status.podIP}:8000")
    assert served.predict(triton.InferenceServerClient(address)) == LINEAR


EDITS = {
    "deployment": {"spec": {"replicas": 5}},
    "service": {"spec": {"selector": {"stranger": "yes"}}},
    "pdb": {"spec": {"maxUnavailable": 2}},
}


def test_children_edited_by_hand_are_put_back(harness: ClusterHarness, namespace: str) -> None:
    served = harness.model(namespace, **{"spec.replicas": 2}).apply().wait_ready()
    for kind, edit in EDITS.items():
        name = f"linear-{served.stable()}" if kind == "deployment" else "linear"
        before = harness.kubectl.get(kind, name, "-n", namespace)["spec"]
        served.kubectl("patch", kind, name, "--type=merge", "-p", json.dumps(edit))
        eventually(
            lambda kind=kind, name=name, before=before: (
                harness.kubectl.get(kind, name, "-n", namespace)["spec"] == before
            ),
            that=f"{kind} as before",
        )
        served.wait_ready().wait_answer(LINEAR)
    eventually(
        lambda: sum(e.startswith("DriftRepaired") for e in served.events()) == len(EDITS),
        that=lambda: f"an Event for each: {served.events()}",
    )


def test_deleted_children_are_put_back(harness: ClusterHarness, namespace: str) -> None:
    served = harness.model(namespace).apply().wait_ready()
    before = [child for child in served.children() if not child.startswith(("Pod/", "Replica"))]
    for kind in ("deployment", "service", "configmap", "controllerrevision"):
        name = "linear" if kind == "service" else f"linear-{served.stable()}"
        served.kubectl("delete", kind, name)
        eventually(
            lambda: (
                [c for c in served.children() if not c.startswith(("Pod/", "Replica"))] == before
            ),
            that=f"{kind} is back",
        )
        served.wait_ready().wait_answer(LINEAR)


def test_a_service_of_somebody_else_is_not_taken_over(
    harness: ClusterHarness, namespace: str
) -> None:
    harness.kubectl.apply(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "linear", "namespace": namespace},
            "spec": {"selector": {"app": "theirs"}, "ports": [{"port": 80, "name": "http"}]},
        }
    )
    served = harness.model(namespace).apply()
    message = served.wait_reason("Ready", "ChildRefused")
    assert "Service/linear exists and belongs to another owner" in message
    service = harness.kubectl.get("service", "linear", "-n", namespace)
    assert service["spec"]["selector"] == {"app": "theirs"}
