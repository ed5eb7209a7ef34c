"""A real cluster with the operator, a model store, and a restricted namespace for each test."""

import json
import os
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from hack import product
from hack.cluster import registry
from hack.cluster.kubectl import Kubectl, advertise
from hack.cluster.target import Target, target
from hack.demo.model import namespace as restricted_namespace
from hack.images.catalog import build
from hack.product import DEPLOYMENT, Images
from hack.services.cluster_store import NAME as STORE
from hack.services.cluster_store import ClusterStore
from hack.services.mlflow.cluster import URI, ClusterMlflow
from tests.e2e.artifacts import linear_onnx
from tests.e2e.harness import ClusterHarness
from tests.e2e.served import Served
from tests.run_state import RunState

NAME = "inference-operator-e2e"
STORE_NAMESPACE = "model-store"
FOLDER = Path(__file__).parent
TIMEOUT_SECONDS = 900
MLFLOW_SETTINGS = {
    "INFERENCE_OPERATOR_MLFLOW_TRACKING_URI": URI,
    "INFERENCE_OPERATOR_REGISTRY_INTERVAL_SECONDS": "2",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Set a time limit that includes the waits for a turn and for other tests' locks."""
    for item in items:
        if item.path.is_relative_to(FOLDER) and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(TIMEOUT_SECONDS))


@pytest.fixture(scope="session")
def harness(run_state: RunState) -> ClusterHarness:
    """Return the cluster of all workers, which the first one brings up.

    KEEP_CLUSTER=1 leaves the cluster for the next run.
    """
    name = os.environ.setdefault("CLUSTER_NAME", NAME)
    on = product.cluster()
    kubectl = Kubectl(on.kubeconfig)
    store = ClusterStore(kubectl, STORE_NAMESPACE)
    brought_up = run_state.folder / "e2e-images.json"
    with run_state.locked("e2e"):
        if not brought_up.exists():
            if not os.environ.get("KEEP_CLUSTER"):
                run_state.remove_at_the_end(name)
            brought_up.write_text(json.dumps(asdict(_bring_up(on, store))))
    cluster = registry.recorded(name)
    assert cluster is not None, "the e2e tests need CLUSTER=embedded: they read its audit log"
    images = Images(**json.loads(brought_up.read_text()))
    return ClusterHarness(kubectl, images, store, cluster.audit_log, on.kubeconfig)


def _bring_up(on: Target, store: ClusterStore) -> Images:
    """Bring up the cluster with the operator and a store of three models."""
    on.up()
    images = product.load_images(on)
    product.install(store.kubectl, images)
    restricted_namespace(store.kubectl, STORE_NAMESPACE)
    store.deploy(images.operator)
    store.upload_bytes(linear_onnx(2.0, 1.0), "linear/model.onnx")
    store.upload_bytes(linear_onnx(3.0, 0.0), "triple/model.onnx")
    mismatched = linear_onnx(1.0, 0.0, output="z", width=3)
    store.upload_bytes(mismatched, "mismatched/model.onnx")
    return images


@pytest.fixture(autouse=True)
def turn(request: pytest.FixtureRequest, run_state: RunState) -> Iterator[None]:
    """Run a test beside others; one marked `alone` waits until no other e2e test runs."""
    alone = request.node.get_closest_marker("alone")
    with run_state.turns.alone() if alone else run_state.turns.beside_others():
        yield


@pytest.fixture(scope="module")
def mlflow(harness: ClusterHarness) -> Iterator[ClusterMlflow]:
    """Run an empty MLflow in the cluster, and have the operator use it."""
    data = Path("/var/tmp") / f"inference-operator-mlflow-{os.getpid()}"
    server = ClusterMlflow(harness.kubectl, data)
    image = build("mlflow")
    target().load_images([image.archive])
    server.remove()  # left by a run that was killed
    server.deploy(image.ref)
    harness.kubectl("set", "env", *DEPLOYMENT, *(f"{k}={v}" for k, v in MLFLOW_SETTINGS.items()))
    harness.kubectl("rollout", "status", *DEPLOYMENT, "--timeout=90s")
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("no_proxy", "*")
            yield server
    finally:
        harness.kubectl("set", "env", *DEPLOYMENT, *(f"{key}-" for key in MLFLOW_SETTINGS))
        server.remove()
        shutil.rmtree(data)


@pytest.fixture
def namespace(harness: ClusterHarness) -> Iterator[str]:
    """Make a restricted namespace with the store's credentials, and delete it afterwards."""
    name = f"e2e-{uuid.uuid4().hex[:6]}"
    restricted_namespace(harness.kubectl, name)
    secret = harness.kubectl.get("secret", STORE, "-n", STORE_NAMESPACE)
    harness.kubectl.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": STORE, "namespace": name},
            "data": secret["data"],
        }
    )
    yield name
    harness.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def no_gpu_afterwards(harness: ClusterHarness, run_state: RunState) -> Iterator[None]:
    """Hold the right to advertise GPUs on node-1, and take them away afterwards."""
    with run_state.locked("GPUs"):
        yield
        advertise(harness.kubeconfig, "node-1", "nvidia.com/gpu", 0)


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """Make a folder that nodes see under the same path, for hostPath volumes."""
    folder = Path("/var/tmp") / f"inference-operator-{uuid.uuid4().hex[:8]}"
    folder.mkdir(mode=0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def linear(harness: ClusterHarness, namespace: str) -> Served:
    """Apply the model that both steps of the chain run."""
    return harness.model(namespace).apply()
