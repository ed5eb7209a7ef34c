"""What the e2e tests do with the cluster, in the words of its users."""

import copy
import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import tritonclient.grpc as triton_grpc
import tritonclient.http as triton
from geventhttpclient.response import HTTPConnectionClosed
from tritonclient.utils import InferenceServerException

from hack.cluster.kubectl import Kubectl
from hack.cluster_store import NAME as STORE
from hack.cluster_store import ClusterStore
from hack.product import Images

T = TypeVar("T")
WRITES = {"create", "update", "patch", "delete", "deletecollection"}
AGENT = "inference-operator"


def eventually(seen: Callable[[], T], *, within: float = 90.0, that: str = "") -> T:
    """The first truthy value of `seen`; AssertionError with the last one when time is over."""
    deadline = time.monotonic() + within
    while True:
        value = seen()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within:.0f} s: {that or seen}; last seen: {value!r}")
        time.sleep(0.3)


@dataclass(frozen=True)
class World:
    """The cluster, the operator's images, and the store."""

    kubectl: Kubectl
    images: Images
    store: ClusterStore
    audit_log: Path
    kubeconfig: Path

    def model(self, namespace: str, name: str = "linear", **changes: Any) -> "Served":
        """An InferenceModel of the ONNX `linear` (y = 2x + 1), changed by dotted paths.

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
        return Served(self, _changed(manifest, changes))

    def writes_of_operator(self, since: int = 0) -> list[str]:
        """Verb and URI of every write that the API server's audit log has of the operator."""
        found = []
        with self.audit_log.open() as file:
            file.seek(since)
            for line in file:
                entry = json.loads(line)
                if entry.get("userAgent", "").startswith(AGENT) and entry["verb"] in WRITES:
                    found.append(f"{entry['verb']} {entry['requestURI']}")
        return found

    def audit_position(self) -> int:
        return self.audit_log.stat().st_size

    def ending_namespaces(self) -> list[str]:
        """Namespaces that are being deleted, with all that is in them."""
        items = self.kubectl.get("namespaces")["items"]
        return [i["metadata"]["name"] for i in items if i["status"]["phase"] == "Terminating"]

    def holder(self) -> str:
        """The operator's process that holds the lease (`POD_SUFFIX`); empty while none does."""
        words = ("get", "lease", "inference-operator", "-n", "inference-operator")
        return self.kubectl(*words, "-o", "jsonpath={.spec.holderIdentity}")

    def leader(self) -> str:
        """The holder's pod. A process that was killed holds the lease for 10 s more."""
        return self.holder().rpartition("_")[0]

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
        """How often the pod's container was restarted; -1 while it is not ready."""
        (container,) = self.kubectl.get("pod", pod, "-n", namespace)["status"]["containerStatuses"]
        return int(container["restartCount"]) if container["ready"] else -1

    def kill(self, namespace: str, pod: str) -> None:
        """SIGKILL the processes of the pod's container, as the kernel does when memory is short.

        Nodes of the embedded cluster share our process ids. The sandbox lives on, so the kubelet
        restarts the container in the same pod.
        """
        body = self.kubectl.get("pod", pod, "-n", namespace)
        (container,) = body["status"]["containerStatuses"]
        group = f"pod{body['metadata']['uid']}/{container['containerID'].rpartition('/')[2]}"
        victims = [int(path.name) for path in Path("/proc").glob("[0-9]*") if _is_in(path, group)]
        assert victims, f"no process is in the cgroup {group}"
        for victim in victims:
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)


def _is_in(process: Path, group: str) -> bool:
    try:
        return group in (process / "cgroup").read_text()
    except OSError:
        return False


def _changed(manifest: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    body = copy.deepcopy(manifest)
    for path, value in changes.items():
        *parents, last = path.split(".")
        place = body
        for part in parents:
            place = place.setdefault(part, {})
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    return body


@dataclass
class Served:
    """One InferenceModel, or EnsemblePipeline, and what a person would do with it."""

    world: World
    manifest: dict[str, Any]

    @property
    def kind(self) -> str:
        return str(self.manifest["kind"]).lower()

    @property
    def name(self) -> str:
        return str(self.manifest["metadata"]["name"])

    @property
    def namespace(self) -> str:
        return str(self.manifest["metadata"]["namespace"])

    def kubectl(self, *words: str) -> str:
        return self.world.kubectl(*words, "-n", self.namespace)

    def apply(self, **changes: Any) -> "Served":
        """`kubectl apply`, as its users do."""
        self.manifest = _changed(self.manifest, changes)
        self.world.kubectl("apply", "-f", "-", stdin=json.dumps(self.manifest))
        return self

    def status(self) -> dict[str, Any]:
        body = self.world.kubectl.get(self.kind, self.name, "-n", self.namespace)
        status = body.get("status") or {}
        is_current = status.get("observedGeneration") == body["metadata"]["generation"]
        return status if is_current else {}

    def condition(self, kind: str) -> dict[str, Any]:
        """The condition, once the operator has seen the present generation; else empty."""
        conditions = self.status().get("conditions", ())
        return next((c for c in conditions if c["type"] == kind), {})

    def holds(self, kind: str) -> bool:
        return self.condition(kind).get("status") == "True"

    def wait_ready(self, within: float = 120.0) -> "Served":
        eventually(
            lambda: self.holds("Ready"), within=within, that=f"{self.name} Ready\n{self.describe()}"
        )
        return self

    def wait_reason(self, kind: str, reason: str, within: float = 90.0) -> str:
        """The condition's message, once it has that reason."""
        found = eventually(
            lambda: (c := self.condition(kind)).get("reason") == reason and c,
            within=within,
            that=f"{kind} {reason}; now {self.status()}",
        )
        assert isinstance(found, dict)
        return str(found["message"])

    def describe(self) -> str:
        return self.kubectl("describe", self.kind, self.name)

    def stable(self) -> str:
        return str((self.status().get("stable") or {}).get("revision", ""))

    def children(self) -> list[str]:
        """Kind and name of everything that carries this unit's labels, Events aside."""
        group = "inference.aipx.io"
        labels = (f"{group}/name={self.name}", f"{group}/kind={self.manifest['kind']}")
        kinds = "controllerrevision,configmap,deployment,replicaset,service,pdb,pod"
        found = self.world.kubectl.get(kinds, "-n", self.namespace, "-l", ",".join(labels))
        return sorted(f"{i['kind']}/{i['metadata']['name']}" for i in found["items"])

    def pods(self) -> list[str]:
        return [child for child in self.children() if child.startswith("Pod/")]

    def events(self) -> list[str]:
        found = self.world.kubectl.get(
            "events", "-n", self.namespace, "--field-selector", f"involvedObject.name={self.name}"
        )
        return [f"{e['reason']}: {e['message']}" for e in found["items"]]

    def address(self, port: int = 8000) -> str:
        service = self.world.kubectl.get("service", self.name, "-n", self.namespace)
        return f"{service['spec']['clusterIP']}:{port}"

    def predict(self, client: Any = None) -> list[float]:
        """The answer to x = [1, 2, 3, 4], by a client of HTTP or gRPC."""
        client = client or triton.InferenceServerClient(self.address())
        protocol = triton_grpc if isinstance(client, triton_grpc.InferenceServerClient) else triton
        tensor = protocol.InferInput("x", [1, 4], "FP32")
        tensor.set_data_from_numpy(np.array([[1, 2, 3, 4]], dtype=np.float32))
        answer = client.infer(self.name, [tensor]).as_numpy("y")
        assert answer is not None
        return [float(value) for value in answer[0]]

    def called_throughout(self) -> "Caller":
        return Caller(self)


@dataclass
class Caller:
    """Calls the model's Service all the time: new connections, kept HTTP, and kept gRPC."""

    served: Served
    answers: list[list[float]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    answered: Counter[str] = field(default_factory=Counter)
    """Answers by kind of caller."""
    last_failure: float = float("-inf")
    """On the monotonic clock."""

    def __enter__(self) -> "Caller":
        self._stop = threading.Event()
        http, grpc = self.served.address(8000), self.served.address(8001)
        self._threads = [
            threading.Thread(target=call, args=address)
            for call, *address in (
                (self._call_anew, http),
                (self._call_anew, http),
                (self._call_on, "kept HTTP", triton.InferenceServerClient, http),
                (self._call_on, "kept gRPC", _own_grpc_client, grpc),
            )
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _call_anew(self, address: str) -> None:
        while not self._stop.is_set():
            with triton.InferenceServerClient(address) as client:
                self._call("new HTTP", client)
            time.sleep(0.02)

    def _call_on(self, kind: str, connect: Callable[[str], Any], address: str) -> None:
        """As pools of connections do: one that the server ended is replaced, and asked once."""
        client = connect(address)
        while not self._stop.is_set():
            try:
                self._ask(kind, client)
            except Exception as error:
                if _is_end_of_connection(error):
                    client.close()
                    client = connect(address)
                    self._call(kind, client)
                else:
                    self._failed(kind, error)
            time.sleep(0.02)
        client.close()

    def _call(self, kind: str, client: Any) -> None:
        try:
            self._ask(kind, client)
        except Exception as error:
            self._failed(kind, error)

    def _ask(self, kind: str, client: Any) -> None:
        self.answers.append(self.served.predict(client))
        self.answered[kind] += 1

    def _failed(self, kind: str, error: Exception) -> None:
        self.last_failure = time.monotonic()
        self.failures.append(f"{kind}: {type(error).__name__}: {error}")


def _is_end_of_connection(error: Exception) -> bool:
    if isinstance(error, InferenceServerException):
        return bool(error.status() == "StatusCode.UNAVAILABLE")
    return isinstance(error, ConnectionError | HTTPConnectionClosed)


def _own_grpc_client(address: str) -> triton_grpc.InferenceServerClient:
    """On a connection that no other client of this process shares."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    return triton_grpc.InferenceServerClient(address, channel_args=options)
