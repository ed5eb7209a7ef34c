"""A served unit of the cluster, and the actions of a person who uses it."""

import copy
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import tritonclient.grpc as triton_grpc
import tritonclient.http as triton

from hack.cluster.kubectl import Kubectl
from tests.e2e.caller import Caller
from tests.e2e.waiting import eventually


@dataclass
class Served:
    """An InferenceModel or EnsemblePipeline, and the actions of a person who uses it."""

    cluster: Kubectl
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
        return self.cluster(*words, "-n", self.namespace)

    def apply(self, **changes: Any) -> "Served":
        """Run `kubectl apply` on the manifest with these changes."""
        self.manifest = changed(self.manifest, changes)
        self.cluster("apply", "-f", "-", stdin=json.dumps(self.manifest))
        return self

    def status(self) -> dict[str, Any]:
        body = self.cluster.get(self.kind, self.name, "-n", self.namespace)
        status = body.get("status") or {}
        is_current = status.get("observedGeneration") == body["metadata"]["generation"]
        return status if is_current else {}

    def condition(self, kind: str) -> dict[str, Any]:
        """Return the condition, or {} until the operator has reported on this generation."""
        conditions = self.status().get("conditions", ())
        return next((c for c in conditions if c["type"] == kind), {})

    def holds(self, kind: str) -> bool:
        return self.condition(kind).get("status") == "True"

    def wait_ready(self, within: float = 120.0) -> "Served":
        eventually(
            lambda: self.holds("Ready"),
            within=within,
            that=lambda: f"{self.name} Ready\n{self.describe()}",
        )
        return self

    def wait_reason(self, kind: str, reason: str, within: float = 90.0) -> str:
        """Wait until the condition has that reason, and return its message."""
        condition = eventually(
            lambda: (c := self.condition(kind)).get("reason") == reason and c,
            within=within,
            that=lambda: f"{kind} {reason}; now {self.status()}",
        )
        assert isinstance(condition, dict)
        return str(condition["message"])

    def describe(self) -> str:
        return self.kubectl("describe", self.kind, self.name)

    def stable(self) -> str:
        return str((self.status().get("stable") or {}).get("revision", ""))

    def canary(self) -> str:
        """Return the revision that gets its clients by steps; empty if there is none."""
        return str((self.status().get("canary") or {}).get("revision", ""))

    def command(self, verb: str, value: str) -> None:
        """Set the annotation that commands the rollout, such as `promote`."""
        annotation = f"inference.aipx.io/{verb}={value}"
        self.kubectl("annotate", "--overwrite", self.kind, self.name, annotation)

    def children(self) -> list[str]:
        """Return kind and name of every object with this unit's labels, except Events."""
        group = "inference.aipx.io"
        labels = (f"{group}/name={self.name}", f"{group}/kind={self.manifest['kind']}")
        kinds = "controllerrevision,configmap,deployment,replicaset,service,pdb,pod"
        objects = self.cluster.get(kinds, "-n", self.namespace, "-l", ",".join(labels))
        return sorted(f"{i['kind']}/{i['metadata']['name']}" for i in objects["items"])

    def pods(self) -> list[str]:
        return [child for child in self.children() if child.startswith("Pod/")]

    def has_no_pod_of(self, revision: str) -> bool:
        """Return whether the last pod of a revision has gone."""
        return not any(revision in pod for pod in self.pods())

    def events(self) -> list[str]:
        events = self.cluster.get(
            "events", "-n", self.namespace, "--field-selector", f"involvedObject.name={self.name}"
        )
        return [f"{e['reason']}: {e['message']}" for e in events["items"]]

    def address(self, port: int = 8000) -> str:
        service = self.cluster.get("service", self.name, "-n", self.namespace)
        return f"{service['spec']['clusterIP']}:{port}"

    def predict(self, client: Any = None) -> list[float]:
        """Return the answer to x = [1, 2, 3, 4], over HTTP or with the client that is given."""
        client = client or triton.InferenceServerClient(self.address())
        protocol = triton_grpc if isinstance(client, triton_grpc.InferenceServerClient) else triton
        tensor = protocol.InferInput("x", [1, 4], "FP32")
        tensor.set_data_from_numpy(np.array([[1, 2, 3, 4]], dtype=np.float32))
        answer = client.infer(self.name, [tensor]).as_numpy("y")
        assert answer is not None
        return [float(value) for value in answer[0]]

    def wait_answer(self, expected: list[float], within: float = 15.0) -> None:
        """Wait until clients get this answer: nodes learn of a promotion after the API server."""
        eventually(
            lambda: self.predict() == expected,
            within=within,
            that=lambda: f"{self.name} answers {expected}, and not {self.predict()}",
        )

    def called_throughout(self) -> "Caller":
        return Caller(self)


def changed(manifest: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
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
