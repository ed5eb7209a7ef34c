"""Numbers of pods that follow a real Prometheus on the real cluster, through its bad days too.

All units of the module start at the same time, so their waits overlap. Each leaves after its test:
other tests need room on the node.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from hack.cluster.kubectl import advertise
from hack.console import StepError
from hack.services.prometheus import LocalPrometheus
from tests.e2e.autoscaled import (
    FILES,
    OTHER,
    Gauges,
    Scaled,
    by_query,
    by_queue,
    pipeline_by_queue,
)
from tests.e2e.harness import ClusterHarness
from tests.e2e.judged import python_source
from tests.e2e.monitoring import measuring_operator, shared_namespace
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e
GPU = "nvidia.com/gpu"
SWEEP = 2.0


@dataclass
class Scene:
    """The units, by what their test does with them."""

    prometheus: LocalPrometheus
    gauges: Gauges
    queue: Scaled
    chain: Scaled
    outage: Scaled
    fallback: Scaled
    canary: Scaled


@pytest.fixture(scope="module")
def namespace(harness: ClusterHarness) -> Iterator[str]:
    with shared_namespace(harness) as name:
        yield name


@pytest.fixture(scope="module")
def scene(
    harness: ClusterHarness, namespace: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    """Start all units; clients call two of them, and the others are told their load."""
    for path, content in FILES.items():
        harness.store.upload_bytes(content, path)
    gauges, folder = Gauges(), tmp_path_factory.mktemp("prometheus")
    with measuring_operator(harness, folder, gauges) as prometheus:
        steps = [{"setWeight": 50}, {"pause": {}}]
        scene = Scene(
            prometheus,
            gauges,
            queue=by_queue(harness, namespace, "queue", gauges),
            chain=pipeline_by_queue(harness, namespace, gauges),
            outage=by_query(harness, namespace, "outage", gauges),
            fallback=by_query(
                harness,
                namespace,
                "fallback",
                gauges,
                autoscaling={"fallback": {"after": "30s", "replicas": 3}},
            ),
            canary=by_query(
                harness, namespace, "canary", gauges, **{"spec.rollout.canary": {"steps": steps}}
            ),
        )
        for unit in (scene.outage, scene.fallback, scene.canary):
            unit.served.apply()
        for unit in (scene.queue, scene.chain, scene.outage, scene.fallback, scene.canary):
            unit.served.wait_ready(within=180)
        try:
            yield scene
        finally:
            prometheus.thaw()


def test_load_adds_pods_and_silence_removes_them_one_at_a_time(scene: Scene) -> None:
    queue = scene.queue
    assert queue.replicas() == 1
    queue.called()
    queue.wait_pods(3)
    (first, *_) = queue.decisions()
    assert (first["reason"], first["from"]) == ("ScaledUp", "1")
    assert "queue time" in first["message"]
    assert "> 100ms on 1 of 1 pod" in first["message"]
    assert queue.served.status()["autoscaling"]["loadTime"]

    result = queue.rest()
    assert not result.failed, result.describe()
    queue.wait_pods(1)
    down = [(each["from"], each["to"]) for each in queue.decisions()][-2:]
    assert down == [("3", "2"), ("2", "1")]
    queue.served.wait_reason("ScalingActive", "Idle")


def test_a_pipeline_grows_by_its_slowest_model(scene: Scene) -> None:
    chain = scene.chain
    chain.called()
    try:
        chain.wait_pods(2)
    finally:
        result = chain.rest()
    assert not result.failed, result.describe()
    (up,) = [each for each in chain.decisions() if each["reason"] == "ScaledUp"]
    assert "queue time" in up["message"]
    assert "first" in up["message"], up
    chain.leave()


def test_a_breach_is_answered_within_two_sweeps_and_bounds_at_once(scene: Scene) -> None:
    outage = scene.outage.wants(3)
    began = time.monotonic()
    eventually(lambda: outage.replicas() == 3, within=60, that=outage.served.describe)
    # A scrape, two sweeps, and what kubectl takes.
    assert time.monotonic() - began < 1 + 2 * SWEEP + 10
    outage.wait_pods(3)

    outage.served.apply(**{"spec.autoscaling.minReplicas": 4})
    eventually(lambda: outage.replicas() == 4, within=15, that=outage.served.describe)
    outage.served.apply(**{"spec.autoscaling.minReplicas": 1})
    outage.wait_pods(3)
    with pytest.raises(StepError, match="beside autoscaling"):
        outage.served.kubectl("scale", "imodel/outage", "--replicas=1")


def test_no_outage_of_metrics_removes_a_pod(harness: ClusterHarness, scene: Scene) -> None:
    outage = scene.outage.wants(3).wait_pods(3)
    scene.fallback.wants(2).wait_pods(2)

    # It accepts connections and does not answer.
    scene.prometheus.freeze()
    outage.served.wait_reason("ScalingActive", "ScalingHeld")
    # Its fallback is reached while metrics are missing.
    scene.fallback.wait_pods(3)
    assert scene.fallback.decisions()[-1]["reason"] == "FallbackReached"
    scene.prometheus.thaw()
    eventually(lambda: outage.served.holds("ScalingActive"), that=outage.served.describe)

    # The query has no number, and asks for less when it has one again.
    outage.wants(None)
    message = outage.served.wait_reason("ScalingActive", "ScalingHeld")
    assert "NaN" in message
    assert outage.replicas() == 3

    # The operator is killed at the same time, and Prometheus ends.
    scene.prometheus.stop()
    harness.restart_operator(kill=True)
    time.sleep(10 * SWEEP)
    assert outage.replicas() == 3
    assert outage.served.holds("Ready")
    outage.wants(2)
    scene.prometheus.start()
    outage.wait_pods(2)
    # The fallback is left again in the ordinary way.
    scene.fallback.wait_pods(2)
    assert scene.fallback.decisions()[-1]["reason"] == "ScaledDown"
    outage.leave()
    scene.fallback.leave()


def test_both_tracks_of_a_canary_grow(harness: ClusterHarness, scene: Scene) -> None:
    canary = scene.canary.wants(2).wait_pods(2)
    source = canary.served.manifest["spec"]["model"]
    canary.served.apply(**{"spec.model": python_source(source, harness.store.uri(OTHER))})
    new = eventually(canary.served.canary, that=canary.served.describe)
    eventually(
        lambda: (canary.served.status().get("canary") or {}).get("weight") == 50,
        within=180,
        that=canary.served.describe,
    )
    old = canary.served.stable()
    before = canary.replicas(old), canary.replicas(new)
    canary.wants(3)
    eventually(
        lambda: (canary.replicas(old), canary.replicas(new)) == (3, 3),
        within=60,
        that=lambda: f"from {before}\n{canary.served.describe()}",
    )
    canary.served.command("abort", new)
    eventually(lambda: not canary.served.canary(), that=canary.served.describe)
    assert canary.replicas(old) == 3
    canary.leave()


def test_accelerators_cap_the_number_and_one_pod_waits(
    harness: ClusterHarness, scene: Scene, no_gpu_afterwards: None
) -> None:
    advertise(harness.kubeconfig, "node-1", GPU, 2)
    namespace = scene.queue.served.namespace
    changes = {"spec.accelerator": {"count": 1}}
    unit = by_query(harness, namespace, "gpus", scene.gauges, **changes)
    unit.served.apply().wait_ready()
    unit.wants(4)
    message = unit.served.wait_reason("ScalingLimited", "GPUCapacity")
    assert "4 pods needed" in message
    assert GPU in message
    assert unit.replicas() == 3
    assert unit.served.holds("Ready")

    eventually(
        lambda: pod_phases(harness, unit) == ["Pending", "Running", "Running"],
        that=unit.served.describe,
    )
    time.sleep(5 * SWEEP)
    assert unit.replicas() == 3
    unit.leave()


def pod_phases(harness: ClusterHarness, unit: Scaled) -> list[str]:
    """Return the phases of a unit's pods that do not end."""
    label = f"inference.aipx.io/name={unit.served.name}"
    pods = harness.kubectl.get("pods", "-n", unit.served.namespace, "-l", label)["items"]
    living = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    return sorted(pod["status"]["phase"] for pod in living)


def test_each_unit_has_one_waiting_pod_where_others_have_the_accelerators(
    harness: ClusterHarness, scene: Scene, no_gpu_afterwards: None
) -> None:
    """Two units grow in the same sweep, and a pod that the operator does not see has a GPU."""
    advertise(harness.kubeconfig, "node-1", GPU, 4)
    namespace = scene.queue.served.namespace
    harness.kubectl.apply(stranger(namespace))
    harness.kubectl("wait", "pod/job", "-n", namespace, "--for=condition=PodScheduled")
    changes = {"spec.accelerator": {"count": 1}}
    units = [by_query(harness, namespace, name, scene.gauges, **changes) for name in ("one", "two")]
    for unit in units:
        unit.served.apply()
    for unit in units:
        unit.served.wait_ready()
    for unit in units:
        unit.wants(4)

    def phases() -> list[list[str]]:
        return [pod_phases(harness, unit) for unit in units]

    def are_settled() -> bool:
        waiting = [each.count("Pending") for each in phases()]
        return waiting == [1, 1] and sum(map(len, phases())) == 5

    for unit in units:
        unit.served.wait_reason("ScalingLimited", "GPUCapacity")
    eventually(are_settled, within=60, that=lambda: str(phases()))
    time.sleep(5 * SWEEP)
    assert are_settled(), phases()
    for unit in units:
        assert unit.served.holds("Ready")
        unit.leave()
    harness.kubectl("delete", "pod/job", "-n", namespace, "--wait=false")


def stranger(namespace: str) -> dict[str, object]:
    """Return a pod that is not the operator's, and has a GPU whether it starts or not."""
    container = {
        "name": "job",
        "image": "nobody.example/job:1",
        "imagePullPolicy": "Never",
        "resources": {"limits": {GPU: "1"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    spec = {
        "containers": [container],
        "terminationGracePeriodSeconds": 0,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    }
    metadata = {"name": "job", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


@pytest.mark.long
def test_not_one_of_five_thousand_requests_fails_while_pods_come_and_go(scene: Scene) -> None:
    queue = scene.queue
    queue.called(requests=5000)
    queue.wait_pods(3)
    eventually(lambda: queue.has(1), within=400, that=queue.served.describe)
    result = queue.rest()
    assert len(result.outcomes) == 5000
    assert not result.failed, result.describe()
