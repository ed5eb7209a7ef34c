"""What the e2e tests do with the cluster, in the words of its users."""

import copy
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import tritonclient.http as triton

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

    def leader(self) -> str:
        """The operator's pod that holds the lease; empty while none does."""
        words = ("get", "lease", "inference-operator", "-n", "inference-operator")
        holder = self.kubectl(*words, "-o", "jsonpath={.spec.holderIdentity}")
        return holder.rpartition("_")[0]

    def restart_operator(self) -> None:
        """Kill it at once, and wait for its successor."""
        where = ("-n", "inference-operator")
        pods = ("-l", "app.kubernetes.io/name=inference-operator")
        self.kubectl("delete", "pod", *where, *pods, "--grace-period=0", "--force")
        self.kubectl("rollout", "status", "deployment/inference-operator", *where, "--timeout=60s")


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
    """One InferenceModel and what a person would do with it."""

    world: World
    manifest: dict[str, Any]

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
        body = self.world.kubectl.get("inferencemodel", self.name, "-n", self.namespace)
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
        return self.kubectl("describe", "inferencemodel", self.name)

    def stable(self) -> str:
        return str((self.status().get("stable") or {}).get("revision", ""))

    def children(self) -> list[str]:
        """Kind and name of everything that carries this model's label, Events aside."""
        kinds = "controllerrevision,configmap,deployment,replicaset,service,pdb,pod"
        found = self.world.kubectl.get(
            kinds, "-n", self.namespace, "-l", f"inference.aipx.io/name={self.name}"
        )
        return sorted(f"{i['kind']}/{i['metadata']['name']}" for i in found["items"])

    def pods(self) -> list[str]:
        return [child for child in self.children() if child.startswith("Pod/")]

    def events(self) -> list[str]:
        found = self.world.kubectl.get(
            "events", "-n", self.namespace, "--field-selector", f"involvedObject.name={self.name}"
        )
        return [f"{e['reason']}: {e['message']}" for e in found["items"]]

    def address(self) -> str:
        service = self.world.kubectl.get("service", self.name, "-n", self.namespace)
        return f"{service['spec']['clusterIP']}:8000"

    def predict(self, client: triton.InferenceServerClient | None = None) -> list[float]:
        """The answer to x = [1, 2, 3, 4]."""
        tensor = triton.InferInput("x", [1, 4], "FP32")
        tensor.set_data_from_numpy(np.array([[1, 2, 3, 4]], dtype=np.float32))
        client = client or triton.InferenceServerClient(self.address())
        answer = client.infer(self.name, [tensor]).as_numpy("y")
        assert answer is not None
        return [float(value) for value in answer[0]]

    def called_throughout(self) -> "Caller":
        return Caller(self)


@dataclass
class Caller:
    """Calls the model's Service all the time, each call on a connection of its own."""

    served: Served
    answers: list[list[float]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def __enter__(self) -> "Caller":
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._call) for _ in range(2)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _call(self) -> None:
        address = self.served.address()
        while not self._stop.is_set():
            try:
                with triton.InferenceServerClient(address) as client:
                    self.answers.append(self.served.predict(client))
            except Exception as error:
                self.failures.append(f"{type(error).__name__}: {error}")
            time.sleep(0.02)
