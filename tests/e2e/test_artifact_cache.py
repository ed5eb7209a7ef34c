"""Two replicas on one node, and a source that is asked once."""

import hashlib
from collections.abc import Iterator

import pytest

from hack import product
from hack.services.cluster_store import NAME as STORE
from tests.e2e.artifacts import linear_onnx
from tests.e2e.conftest import STORE_NAMESPACE
from tests.e2e.harness import ClusterHarness
from tests.e2e.served import Served
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e

CACHE = (
    "-n",
    "inference-operator",
    "-l",
    "app.kubernetes.io/name=inference-operator-artifact-cache",
)
OBJECTS = ("daemonset", "service", "networkpolicy")


@pytest.fixture
def cached(harness: ClusterHarness) -> Iterator[ClusterHarness]:
    """Deploy a cache on the node; remove it afterwards."""
    product.install(harness.kubectl, harness.images, "cache")
    words = ("daemonset/inference-operator-artifact-cache", "-n", "inference-operator")
    harness.kubectl("rollout", "status", *words, "--timeout=60s")
    yield harness
    harness.kubectl("delete", ",".join(OBJECTS), *CACHE)
    product.install(harness.kubectl, harness.images)
    # Server-side apply takes back what it does not apply any more.
    seen = harness.kubectl("get", "deployment/inference-operator", *CACHE[:2], "-o", "yaml")
    assert "ARTIFACT_CACHE" not in seen


def fetches(harness: ClusterHarness, path: str) -> int:
    """How often the model store was asked for a file, by its own log."""
    log = harness.kubectl("logs", f"deployment/{STORE}", "-n", STORE_NAMESPACE)
    return log.count(f"GET /{path} ")


def loader_logs(served: Served) -> str:
    label = f"inference.aipx.io/name={served.name}"
    return served.kubectl("logs", "-l", label, "-c", "load", "--tail=-1")


def test_pods_of_a_node_fetch_an_artifact_once(cached: ClusterHarness, namespace: str) -> None:
    content = linear_onnx(2.0, 1.0)
    path = f"cached/{namespace}/model.onnx"
    cached.store.upload_bytes(content, path)
    source = {
        "uri": cached.store.uri(path),
        "sha256": hashlib.sha256(content).hexdigest(),
        "secretRef": {"name": STORE},
    }
    changes = {"spec.model.source": source, "spec.replicas": 2}
    served = cached.model(namespace, **changes).apply().wait_ready()
    eventually(lambda: served.status().get("readyReplicas") == 2, that="two ready replicas")
    assert served.predict() == [3.0, 5.0, 7.0, 9.0]
    assert fetches(cached, path) == 1, loader_logs(served)
    assert loader_logs(served).count("taken from the node's cache") == 1

    served.kubectl("scale", "imodel/linear", "--replicas=3")
    eventually(lambda: served.status().get("readyReplicas") == 3, that="three ready replicas")
    assert fetches(cached, path) == 1

    # A new cache pod is empty; while there is none, pods fetch for themselves.
    cached.kubectl("delete", "daemonset", *CACHE)
    eventually(lambda: cached.kubectl.get("pods", *CACHE)["items"] == [], that="no cache")
    served.kubectl("scale", "imodel/linear", "--replicas=4")
    eventually(lambda: served.status().get("readyReplicas") == 4, that="four ready replicas")
    assert fetches(cached, path) == 2
    assert "fetching without the node's cache" in loader_logs(served)
