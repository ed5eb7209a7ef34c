"""UseCPU on the real scheduler, with nvidia.com/gpu advertised as an extended resource."""

import pytest

from hack.cluster.kubectl import advertise
from tests.e2e.harness import ClusterHarness
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e
GPU = "nvidia.com/gpu"
REVISION = "inference.aipx.io/revision"


def test_without_a_gpu_the_model_runs_on_the_cpu_and_moves_when_one_appears(
    harness: ClusterHarness, namespace: str, no_gpu_afterwards: None
) -> None:
    accelerator = {"resource": GPU, "count": 1, "whenUnavailable": "UseCPU"}
    changes = {
        "spec.accelerator": accelerator,
        "spec.triton.instanceGroups": [{"kind": "Auto", "count": 2}],
    }
    served = harness.model(namespace, **changes).apply().wait_ready()
    assert served.status()["accelerator"]["mode"] == "CPU"
    assert (
        "no node offers 1 nvidia.com/gpu to these pods (1 node checked)"
        in served.condition("Ready")["message"]
    )
    assert served.predict() == [3.0, 5.0, 7.0, 9.0]
    on_cpu = served.stable()
    assert "KIND_CPU" in config(harness, namespace, on_cpu)

    advertise(harness.kubeconfig, "node-1", GPU, 1)
    eventually(lambda: served.status().get("accelerator", {}).get("mode") == "GPU")
    eventually(lambda: served.stable() not in ("", on_cpu), that="the GPU revision serves")
    on_gpu = served.wait_ready().stable()
    assert "KIND_CPU" not in config(harness, namespace, on_gpu)
    (pod,) = harness.kubectl.get("pods", "-n", namespace, "-l", f"{REVISION}={on_gpu}")["items"]
    assert pod["spec"]["containers"][0]["resources"]["limits"][GPU] == "1"
    assert served.predict() == [3.0, 5.0, 7.0, 9.0]

    advertise(harness.kubeconfig, "node-1", GPU, 0)
    eventually(lambda: served.status().get("accelerator", {}).get("mode") == "CPU")
    eventually(lambda: served.stable() == on_cpu, that="back on the kept CPU revision")
    assert served.wait_ready().predict() == [3.0, 5.0, 7.0, 9.0]


def config(harness: ClusterHarness, namespace: str, revision: str) -> str:
    return harness.kubectl("get", "configmap", f"linear-{revision}", "-n", namespace, "-o", "yaml")


def test_a_busy_gpu_is_waited_for(
    harness: ClusterHarness, namespace: str, no_gpu_afterwards: None
) -> None:
    advertise(harness.kubeconfig, "node-1", GPU, 1)
    changes = {"spec.accelerator": {"count": 1, "whenUnavailable": "UseCPU"}}
    first = harness.model(namespace, "first", **changes).apply().wait_ready()
    assert first.status()["accelerator"]["mode"] == "GPU"
    second = harness.model(namespace, "second", **changes).apply()
    message = second.wait_reason("Ready", "GPUUnavailable")
    assert "Insufficient nvidia.com/gpu" in message
    assert second.status()["accelerator"]["mode"] == "GPU", "busy is not missing"

    first.kubectl("delete", "imodel", "first")
    assert second.wait_ready().status()["accelerator"]["mode"] == "GPU"
    assert second.predict() == [3.0, 5.0, 7.0, 9.0]
