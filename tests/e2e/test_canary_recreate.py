"""Rollouts without room for two revisions, on a node that offers one GPU."""

import re

import pytest

from hack.cluster.kubectl import advertise
from tests.e2e.harness import ClusterHarness
from tests.e2e.served import Served
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e
GPU = "nvidia.com/gpu"
REVISION = "inference.aipx.io/revision"
LINEAR, TRIPLE = [3.0, 5.0, 7.0, 9.0], [3.0, 6.0, 9.0, 12.0]
OUTAGE = re.compile(r"; nobody was served for [1-9]\d* s")


@pytest.fixture
def served(harness: ClusterHarness, namespace: str, no_gpu_afterwards: None) -> Served:
    """A model that answers LINEAR and holds the node's only GPU."""
    advertise(harness.kubeconfig, "node-1", GPU, 1)
    changes = {"spec.accelerator": {"count": 1}, "spec.rollout": {"recreate": {}}}
    served = harness.model(namespace, **changes).apply().wait_ready()
    assert pods_with_gpu(served) == [served.stable()]
    return served


def pods_with_gpu(served: Served) -> list[str]:
    """Return the revision of each pod that holds the GPU or waits for it."""
    pods = served.cluster.get("pods", "-n", served.namespace)["items"]
    limits = [pod["spec"]["containers"][0]["resources"]["limits"][GPU] for pod in pods]
    assert set(limits) <= {"1"}
    # A pod whose containers have ended holds nothing, even before the kubelet deletes it.
    active = [pod for pod in pods if pod["status"]["phase"] not in {"Succeeded", "Failed"}]
    return [pod["metadata"]["labels"][REVISION] for pod in active]


def test_the_new_revision_starts_on_the_gpu_that_the_old_one_has_left(
    served: Served, harness: ClusterHarness
) -> None:
    old, seen = served.stable(), list[list[str]]()
    served.apply(**{"spec.model.source.uri": harness.store.uri("triple/model.onnx")})

    def is_replaced() -> bool:
        seen.append(pods_with_gpu(served))
        return served.holds("Ready")

    eventually(is_replaced, within=180, that=lambda: f"Ready\n{served.describe()}")
    new = served.stable()
    assert new != old
    assert seen[-1] == [new]
    assert max(map(len, seen)) == 1, "never two pods"
    # A pod that came while the old one still held the GPU would have waited for it.
    assert scheduling_failures(served, new) == []
    served.wait_answer(TRIPLE)
    decisions = served.status()["decisions"][2:]
    assert [decision["reason"] for decision in decisions] == ["RevisionCreated", "Promoted"]
    assert OUTAGE.search(decisions[-1]["message"]), decisions


def scheduling_failures(served: Served, revision: str) -> list[str]:
    """Return why pods of a revision had to wait for a node."""
    only = "--field-selector=reason=FailedScheduling"
    events = served.cluster.get("events", "-n", served.namespace, only)["items"]
    return [each["message"] for each in events if revision in each["involvedObject"]["name"]]


@pytest.mark.long  # it waits for a deadline of 45 s
def test_a_new_revision_that_cannot_load_gives_the_gpu_back_at_the_deadline(
    served: Served, harness: ClusterHarness
) -> None:
    old = served.stable()
    uri = harness.store.uri("mismatched/model.onnx")
    served.apply(**{"spec.model.source.uri": uri, "spec.rollout.progressDeadline": "45s"})
    # The deadline includes the end of the old pod.
    served.wait_reason("ArtifactResolved", "TensorMismatch")
    new = served.canary()
    assert pods_with_gpu(served) == [new]
    message = served.wait_reason("Ready", "RolloutAborted")
    assert "no progress since" in message
    assert OUTAGE.search(message), message

    eventually(lambda: served.holds("Available"), that="the old revision serves")
    eventually(lambda: pods_with_gpu(served) == [old], that="a pod of the old revision alone")
    served.wait_answer(LINEAR)
    status = served.status()
    assert (status["stable"]["revision"], status.get("canary")) == (old, None)
    assert status["rollout"]["aborted"]["revision"] == new
    assert status["phase"] == "Degraded"
    assert status["decisions"][-1]["reason"] == "RolloutAborted"
    assert OUTAGE.search(status["decisions"][-1]["message"]), status["decisions"]
    served.wait_reason("Ready", "RolloutAborted")
    assert any(event.startswith("RolloutAborted: the rollout of ") for event in served.events())
