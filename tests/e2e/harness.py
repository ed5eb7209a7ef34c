"""A harness of the e2e tests: what users do with the cluster."""

import json
import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hack.cluster.kubectl import Kubectl
from hack.console import StepError
from hack.product import Images
from hack.services.cluster_store import NAME as STORE
from hack.services.cluster_store import ClusterStore
from tests.e2e.served import Served, changed
from tests.e2e.waiting import eventually

WRITES = {"create", "update", "patch", "delete", "deletecollection"}
AGENT = "inference-operator"


@dataclass(frozen=True)
class ClusterHarness:
    """The cluster, the operator's images, and the store."""

    kubectl: Kubectl
    images: Images
    store: ClusterStore
    audit_log: Path
    kubeconfig: Path

    def model(self, namespace: str, name: str = "linear", **changes: Any) -> Served:
        """Return an InferenceModel of the ONNX `linear` (y = 2x + 1), changed by dotted paths.

        `model("ns", **{"spec.replicas": 2})`
        """
        spec: dict[str, Any] = {
            "model": {
                "source": {
                    "uri": self.store.uri("linear/model.onnx"),
                    "secretRef": {"name": STORE},
                },
                "format": "onnx",
                "maxBatchSize": 8,
                "inputs": [{"name": "x", "dataType": "FP32", "shape": [4]}],
                "outputs": [{"name": "y", "dataType": "FP32", "shape": [4]}],
            },
            "triton": {"dynamicBatching": {"maxQueueDelay": "500us"}},
            "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}},
            "rollout": {"scaleDownDelay": "3s"},
        }
        manifest = {
            "apiVersion": "inference.aipx.io/v1alpha1",
            "kind": "InferenceModel",
            "metadata": {"name": name, "namespace": namespace},
            "spec": spec,
        }
        return Served(self.kubectl, changed(manifest, changes))

    def writes_of_operator(self, since: int = 0) -> list[str]:
        """Verb and URI of every write that the API server's audit log has of the operator."""
        writes = []
        for line in self.audit_log.read_bytes()[since:].splitlines(keepends=True):
            # The API server may be in the middle of its last line.
            entry = json.loads(line) if line.endswith(b"\n") else {"verb": ""}
            if entry["verb"] in WRITES and entry.get("userAgent", "").startswith(AGENT):
                writes.append(f"{entry['verb']} {entry['requestURI']}")
        return writes

    def audit_position(self) -> int:
        """Return the end of the last whole line."""
        return self.audit_log.read_bytes().rindex(b"\n") + 1

    def ending_namespaces(self) -> list[str]:
        """Namespaces that are being deleted, with all that is in them."""
        items = self.kubectl.get("namespaces")["items"]
        return [i["metadata"]["name"] for i in items if i["status"]["phase"] == "Terminating"]

    def holder(self) -> str:
        """The operator's process that holds the lease (`POD_SUFFIX`); empty while none does."""
        lease = self.kubectl.get("lease", "inference-operator", "-n", "inference-operator")
        return str(lease["spec"].get("holderIdentity") or "")

    def leader(self) -> str:
        """Return the holder's pod. A process that was killed holds the lease for 10 s more."""
        return self.holder().rpartition("_")[0]

    def metrics(self) -> str:
        """Of the pod that leads; empty while none does, or the one that did does not answer."""
        holder = self.leader()
        path = f"/api/v1/namespaces/inference-operator/pods/{holder}:8080/proxy/metrics"
        try:
            return self.kubectl("get", "--raw", path) if holder else ""
        except StepError:
            return ""

    def restart_operator(self, *, kill: bool = False) -> None:
        """End all its processes, with SIGTERM or with SIGKILL, and wait for their successors."""
        where = ("-n", "inference-operator", "-l", "app.kubernetes.io/name=inference-operator")
        if not kill:
            self.kubectl("delete", "pod", *where)
            words = ("rollout", "status", "deployment/inference-operator", "--timeout=60s")
            self.kubectl(*words, "-n", "inference-operator")
            return
        pods = [pod["metadata"]["name"] for pod in self.kubectl.get("pods", *where)["items"]]
        before = {pod: self.restarts(AGENT, pod) for pod in pods}
        for pod in pods:
            self.kill(AGENT, pod)
        eventually(
            lambda: all(self.restarts(AGENT, pod) > before[pod] for pod in pods),
            that="all containers of the operator are restarted and ready",
        )

    def restarts(self, namespace: str, pod: str) -> int:
        """Return how often the pod's container was restarted; -1 while it is not ready."""
        (container,) = self.kubectl.get("pod", pod, "-n", namespace)["status"]["containerStatuses"]
        return int(container["restartCount"]) if container["ready"] else -1

    def kill(self, namespace: str, pod: str, command: str = "") -> None:
        """SIGKILL the processes of the pod's container, as the kernel does when memory is short;
        only those of one command if it is given.

        Nodes of the embedded cluster share our process ids. The sandbox lives on, so the kubelet
        restarts the container in the same pod.
        """
        body = self.kubectl.get("pod", pod, "-n", namespace)
        (container,) = body["status"]["containerStatuses"]
        group = f"pod{body['metadata']['uid']}/{container['containerID'].rpartition('/')[2]}"
        processes = [path for path in Path("/proc").glob("[0-9]*") if _is_in(path, group)]
        victims = [int(path.name) for path in processes if _runs(path, command)]
        assert victims, f"no process {command} is in the cgroup {group}"
        for victim in victims:
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)


def _is_in(process: Path, group: str) -> bool:
    try:
        return group in (process / "cgroup").read_text()
    except OSError:
        return False


def _runs(process: Path, command: str) -> bool:
    try:
        return command in (process / "cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return False
