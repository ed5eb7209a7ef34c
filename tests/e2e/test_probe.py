"""A model that stops answering leaves the endpoints and is restarted; one that never answers as
declared does not become Ready."""

import time

import pytest
from onnx import TensorProto, helper

from tests.e2e.harness import ClusterHarness
from tests.e2e.served import Served
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e
LINEAR = [3.0, 5.0, 7.0, 9.0]
STUB = "triton_python_backend_stub"


def ready_endpoints(served: Served) -> int:
    label = f"kubernetes.io/service-name={served.name}"
    slices = served.cluster.get("endpointslices", "-n", served.namespace, "-l", label)["items"]
    endpoints = [endpoint for item in slices for endpoint in item.get("endpoints") or ()]
    return sum(bool(endpoint["conditions"].get("ready")) for endpoint in endpoints)


def test_a_dead_stub_takes_the_pod_out_of_rotation_and_restarts_triton(
    harness: ClusterHarness, namespace: str
) -> None:
    served = harness.model(namespace).apply().wait_ready()
    (pod,) = (name.removeprefix("Pod/") for name in served.pods())
    assert ready_endpoints(served) == 1
    began = time.monotonic()
    harness.kill(namespace, pod, STUB)
    eventually(lambda: ready_endpoints(served) == 0, within=15, that=served.describe)
    print(f"out of the endpoints after {time.monotonic() - began:.1f} s")
    eventually(lambda: harness.restarts(namespace, pod) == 1, within=120, that=served.describe)
    eventually(lambda: ready_endpoints(served) == 1, within=60, that=served.describe)
    print(f"serves again after {time.monotonic() - began:.1f} s")
    served.wait_answer(LINEAR)
    served.wait_ready()


def wider_than_declared() -> bytes:
    """Return y = x, whose width no file tells: 4, as x is."""
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "wider",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", "n"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", "n"])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return bytes(model.SerializeToString())


def test_outputs_that_differ_from_the_spec_are_shown(
    harness: ClusterHarness, namespace: str
) -> None:
    harness.store.upload_bytes(wider_than_declared(), "wider/model.onnx")
    changes = {
        "spec.model.source.uri": harness.store.uri("wider/model.onnx"),
        "spec.model.outputs": [{"name": "y", "dataType": "FP32", "shape": [3]}],
    }
    served = harness.model(namespace, **changes).apply()
    message = served.wait_reason("Ready", "OutputMismatch")
    assert "output y has shape [1, 4], expected [1, 3]" in message
    assert "correct spec.model.outputs" in message
    served.apply(**{"spec.triton.firstRequest": "Ignore"}).wait_ready()


def warnings(served: Served) -> list[str]:
    """Return every Warning Event of the namespace."""
    events = served.cluster.get("events", "-n", served.namespace, "--field-selector=type=Warning")
    return [f"{e['involvedObject']['kind']} {e['reason']}: {e['message']}" for e in events["items"]]


def test_starts_rollouts_and_the_end_cause_no_warning(
    harness: ClusterHarness, namespace: str
) -> None:
    """Also a canary that is replaced while Triton loads it, and a model that loads for long."""
    served = harness.model(namespace, **{"spec.replicas": 2}).apply().wait_ready()
    before = served.stable()
    served.apply(**{"spec.triton.dynamicBatching": {"maxQueueDelay": "10ms"}})
    eventually(lambda: len(served.pods()) > 2, within=60, that=lambda: f"a canary: {served.pods()}")
    served.apply(**{"spec.triton.dynamicBatching": {"maxQueueDelay": "20ms"}})
    eventually(
        lambda: served.holds("Ready") and served.stable() != before,
        within=180,
        that=served.describe,
    )
    eventually(lambda: served.has_no_pod_of(before), within=120, that=served.describe)
    served.kubectl("delete", served.kind, served.name)
    eventually(lambda: not served.pods(), within=120, that=lambda: str(served.pods()))
    assert warnings(served) == []
