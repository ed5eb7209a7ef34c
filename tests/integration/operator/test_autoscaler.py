"""The real HorizontalPodAutoscaler controller, which scales a model in the middle of a rollout."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from hack.cluster.apiserver import ApiServer
from hack.services.operator_process import OperatorProcess
from inference_operator.domain.names import (
    REVISION_LABEL,
    revision_selector,
    selector_text,
    unit_selector,
)
from tests.conftest import install_crds
from tests.fakes.bodies import revision_of, source
from tests.integration.operator.harness import NAME, NamespaceHarness
from tests.integration.operator.pod_metrics import METRIC, PodMetrics, pod_metrics
from tests.integration.operator.waiting import eventually

pytestmark = pytest.mark.integration

KIND = "InferenceModel"
BOTH = selector_text(unit_selector(KIND, NAME))
"""Selector of the pods of both revisions."""

# It looks every second, and believes the metrics of a pod as soon as the pod runs.
FLAGS = (
    "--horizontal-pod-autoscaler-sync-period=1s",
    "--horizontal-pod-autoscaler-initial-readiness-delay=0s",
    "--horizontal-pod-autoscaler-cpu-initialization-period=0s",
)
SPEC: dict[str, Any] = {
    "replicas": 4,
    "resources": {"requests": {"cpu": "1"}},
    # The old pods stay until the test ends.
    "rollout": {"scaleDownDelay": "10m"},
}
# Percent of the CPU that a pod requests.
TARGET = 50
# Millicores of four pods at the target, and of four pods at 1.2 times the target.
CALM, BUSY = 2000, 2400
# Requests that wait elsewhere, of which each pod may have two.
EXTERNAL = {
    "type": "External",
    "external": {
        "metric": {"name": METRIC},
        "target": {"type": "AverageValue", "averageValue": "2"},
    },
}


@pytest.fixture(scope="module")
def control_plane() -> Iterator[ApiServer]:
    """An API server of its own: a metrics API that went away would trouble other tests."""
    with ApiServer() as server:
        install_crds(server)
        # The autoscaler would see the CRDs late if it came before them.
        server.start_controllers(FLAGS)
        yield server


@pytest.fixture(scope="module")
def metrics(
    control_plane: ApiServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PodMetrics]:
    with pod_metrics(control_plane.kubectl, tmp_path_factory.mktemp("metrics")) as server:
        yield server


@dataclass(frozen=True)
class Rollout:
    """A model with an autoscaler, whose new revision runs beside the old one and never answers."""

    scene: NamespaceHarness
    metrics: PodMetrics
    old: str
    new: str

    def pods(self, selector: str = BOTH) -> dict[str, int]:
        """Revision -> number of its pods, of those that a selector matches."""
        return Counter(map(revision_of, pods_of(self.scene, selector)))

    def scale(self) -> dict[str, Any]:
        """The scale subresource: what the autoscaler reads and writes."""
        root = "/apis/inference.aipx.io/v1alpha1"
        path = f"{root}/namespaces/{self.scene.namespace}/inferencemodels/{NAME}/scale"
        scale: dict[str, Any] = json.loads(self.scene.kubectl("get", "--raw", path))
        return scale

    def replicas(self) -> int:
        return int(self.scene.model()["spec"]["replicas"])

    def rescales(self) -> list[str]:
        """The autoscaler's own account of what it changed."""
        reason = "--field-selector=reason=SuccessfulRescale"
        events = self.scene.get("events", reason)["items"]
        return [f"{event['count']} x {event['message'].partition(';')[0]}" for event in events]

    def look(self, times: int = 2) -> tuple[int, int]:
        """The autoscaler's current and desired replicas, after that many more looks.

        It shows `spec.replicas` as the current ones, and counts the pods of the selector.
        """
        looks = self.looks
        began = len(looks)
        # The answer of the last look is not in the status yet.
        eventually(lambda: len(looks) > began + times)
        status = self.scene.get("hpa", NAME)["status"]
        return status["currentReplicas"], status["desiredReplicas"]

    @property
    def looks(self) -> list[str]:
        """The selectors by which the autoscaler asked for metrics."""
        return self.metrics.selectors[self.scene.namespace]


@pytest.fixture
def rollout(operator: OperatorProcess, scene: NamespaceHarness, metrics: PodMetrics) -> Rollout:
    """Four pods of the old revision serve; four of the new one run, and are as busy."""
    metrics.load = CALM
    scene.apply(model=source(1), **SPEC)
    scene.await_pods(4)
    old = revision_of(scene.children("pods")[0])
    say(scene, old, ready=True)
    scene.await_ready()
    scene.kubectl.apply(autoscaler(scene.namespace))
    eventually(lambda: scene.get("hpa", NAME).get("status", {}).get("currentMetrics"))

    scene.apply(model=source(2), **SPEC)
    scene.await_pods(8)
    (new,) = {revision_of(pod) for pod in scene.children("pods")} - {old}
    say(scene, new, ready=False)
    return Rollout(scene, metrics, old, new)


def test_an_autoscaler_counts_only_pods_that_serve(rollout: Rollout) -> None:
    serving = selector_text(revision_selector(KIND, NAME, rollout.old))
    assert rollout.look(1) == (4, 4)
    assert rollout.scale()["status"] == {"replicas": 4, "selector": serving}
    assert rollout.pods(serving) == {rollout.old: 4}
    assert rollout.pods() == {rollout.old: 4, rollout.new: 4}

    rollout.metrics.load = BUSY
    eventually(lambda: rollout.replicas() != 4, lambda: rollout.scene.get("hpa", NAME))
    assert rollout.replicas() == 5
    assert "scale" in writers_of_replicas(rollout.scene)["kube-controller-manager"]
    eventually(lambda: rollout.pods() == {rollout.old: 5, rollout.new: 5}, rollout.pods)

    say(rollout.scene, rollout.old, ready=True)
    say(rollout.scene, rollout.new, ready=False)
    eventually(lambda: rollout.scale()["status"]["replicas"] == 5)
    assert rollout.look() == (5, 5)
    assert set(rollout.looks) == {serving}
    assert rollout.scene.served() == rollout.old

    say(rollout.scene, rollout.new, ready=True)
    eventually(lambda: rollout.scene.served() == rollout.new)
    serving = selector_text(revision_selector(KIND, NAME, rollout.new))
    eventually(lambda: rollout.scale()["status"] == {"replicas": 5, "selector": serving})
    assert rollout.look(3) == (5, 5)
    assert set(rollout.looks[-3:]) == {serving}
    assert rollout.pods() == {rollout.old: 5, rollout.new: 5}
    assert rollout.replicas() == 5
    assert rollout.rescales() == ["1 x New size: 5"]


def test_an_external_metric_scales_both_revisions_of_a_rollout(rollout: Rollout) -> None:
    scene, hpa = rollout.scene, autoscaler(rollout.scene.namespace)
    rollout.metrics.queued = 10
    scene.kubectl.apply({**hpa, "spec": {**hpa["spec"], "metrics": [EXTERNAL]}})
    eventually(lambda: rollout.pods() == {rollout.old: 5, rollout.new: 5}, rollout.pods)
    assert rollout.replicas() == 5
    assert "scale" in writers_of_replicas(scene)["kube-controller-manager"]
    assert scene.served() == rollout.old

    say(scene, rollout.old, ready=True)
    say(scene, rollout.new, ready=True)
    eventually(lambda: scene.served() == rollout.new)
    assert rollout.replicas() == 5
    rollout.metrics.queued = 4
    # The old revision waits for its end with as many pods as it had.
    eventually(lambda: rollout.pods()[rollout.new] == 2, rollout.pods)
    assert rollout.rescales() == ["1 x New size: 5", "1 x New size: 2"]


def test_with_the_pods_of_both_revisions_it_would_double_its_answer(
    rollout: Rollout, operator: OperatorProcess
) -> None:
    operator.kill()
    status = {"replicas": 8, "selector": BOTH}
    words = ("--subresource=status", "--type=merge", "-p", json.dumps({"status": status}))
    rollout.scene.run("patch", "imodel", NAME, *words)
    rollout.look(1)

    rollout.metrics.load = BUSY
    eventually(lambda: rollout.replicas() != 4, lambda: rollout.scene.get("hpa", NAME))
    assert rollout.replicas() == 10


def autoscaler(namespace: str) -> dict[str, Any]:
    """An autoscaler of the model, which scales up and down as far as it wants, at once."""
    target = {"type": "Utilization", "averageUtilization": TARGET}
    at_once = {
        "stabilizationWindowSeconds": 0,
        "policies": [{"type": "Pods", "value": 100, "periodSeconds": 1}],
    }
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": NAME, "namespace": namespace},
        "spec": {
            "scaleTargetRef": {
                "apiVersion": "inference.aipx.io/v1alpha1",
                "kind": KIND,
                "name": NAME,
            },
            "minReplicas": 1,
            "maxReplicas": 20,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
            "behavior": {"scaleUp": at_once, "scaleDown": at_once},
        },
    }


def say(scene: NamespaceHarness, revision: str, *, ready: bool) -> None:
    """What kubelets say of a revision's pods; the autoscaler reads the times too."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    condition = {"type": "Ready", "status": str(ready), "lastTransitionTime": now}
    status = {"phase": "Running", "startTime": now, "conditions": [condition]}
    names = [pod["metadata"]["name"] for pod in pods_of(scene, f"{REVISION_LABEL}={revision}")]
    words = ("--subresource=status", "--type=merge", "-p", json.dumps({"status": status}))
    scene.run("patch", "pod", *names, *words)


def pods_of(scene: NamespaceHarness, selector: str) -> list[dict[str, Any]]:
    pods: list[dict[str, Any]] = scene.get("pods", "-l", selector)["items"]
    return pods


def writers_of_replicas(scene: NamespaceHarness) -> dict[str, list[str]]:
    """Who owns `spec.replicas`, and by which subresource."""
    body = json.loads(scene.run("get", "imodel", NAME, "-o", "json", "--show-managed-fields"))
    writers: dict[str, list[str]] = {}
    for entry in body["metadata"]["managedFields"]:
        if "f:replicas" in entry["fieldsV1"].get("f:spec", {}):
            writers.setdefault(entry["manager"], []).append(entry.get("subresource", ""))
    return writers
