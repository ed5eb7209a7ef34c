"""The operator of an earlier commit, which runs as a process in place of the cluster's operator."""

import hashlib
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hack.product import DEPLOYMENT, NAMESPACE
from hack.services.operator_process import OperatorProcess, operator_process
from tests.e2e.harness import ClusterHarness
from tests.e2e.waiting import eventually

# tests/data/upgrades/README.md says how it was made, and when to replace it.
ARCHIVE = Path(__file__).parents[1] / "data" / "upgrades" / "operator-d60382f.tar.xz"
SHA256 = "8a8b54657b4abc701752181b57e98f09666782868e5a70489bdb702a97e11f76"
_PODS = ("-n", NAMESPACE, "-l", "app.kubernetes.io/name=inference-operator")


def unpack(folder: Path) -> Path:
    """Unpack the sources into an empty folder, once their digest is checked."""
    digest = hashlib.sha256(ARCHIVE.read_bytes()).hexdigest()
    assert digest == SHA256, f"{ARCHIVE} was changed: sha256 {digest}"
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return folder


@contextmanager
def without_operator(harness: ClusterHarness) -> Iterator[None]:
    """Scale the cluster's operator to zero during the block; it leads again afterwards."""
    replicas = harness.kubectl.get(*DEPLOYMENT)["spec"]["replicas"]
    try:
        harness.kubectl("scale", *DEPLOYMENT, "--replicas=0")
        eventually(lambda: harness.kubectl.get("pods", *_PODS)["items"] == [], that="no operator")
        yield
    finally:
        harness.kubectl("scale", *DEPLOYMENT, f"--replicas={replicas}")
        harness.kubectl("rollout", "status", *DEPLOYMENT, "--timeout=90s")


@contextmanager
def operator_of_before(harness: ClusterHarness, folder: Path) -> Iterator[OperatorProcess]:
    """Run it with the images and the Lease of the cluster's operator, and wait until it serves."""
    sources = unpack(folder)
    environment = {
        "INFERENCE_OPERATOR_LOADER_IMAGE": harness.images.operator,
        "INFERENCE_OPERATOR_TRITON_IMAGE": harness.images.triton,
        "INFERENCE_OPERATOR_LEASE_NAMESPACE": NAMESPACE,
        "INFERENCE_OPERATOR_IDENTITY": "operator-of-before",
    }
    with operator_process(harness.kubeconfig, environment, sources) as process:
        process.await_ready()
        yield process
