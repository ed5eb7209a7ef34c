"""A namespace of the real API server: what people do in it, and what kubelets would."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hack.cluster.apiserver import ApiServer
from hack.cluster.kubectl import Kubectl
from hack.console import StepError
from tests.fakes.bodies import epipe, imodel, revision_of, step
from tests.integration.operator.waiting import eventually

NAME = "tape-reader"
PIPELINE = "tape-signal"
CHILDREN = "controllerrevision,configmap,deployment,service,poddisruptionbudget"
OURS = "app.kubernetes.io/managed-by=inference-operator"
READY = {
    "status": {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [],
    }
}


@dataclass(frozen=True)
class NamespaceHarness:
    """One namespace."""

    kubectl: Kubectl
    namespace: str

    @classmethod
    def new(cls, server: ApiServer) -> "NamespaceHarness":
        name = f"pit-{uuid.uuid4().hex[:8]}"
        server.kubectl("create", "namespace", name)
        return cls(server.kubectl, name)

    def apply(self, name: str = NAME, **spec: Any) -> None:
        """`kubectl apply --server-side` of a model."""
        body = imodel(name, namespace=self.namespace, **spec)
        self.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(body))

    def apply_all(self, names: Sequence[str]) -> None:
        """Apply models of these names, in one call of kubectl."""
        items = [imodel(name, namespace=self.namespace) for name in names]
        body = {"apiVersion": "v1", "kind": "List", "items": items}
        self.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(body))

    def apply_pipeline(self, name: str = PIPELINE, **spec: Any) -> None:
        """`kubectl apply --server-side` of a pipeline; of one step that refers to the model."""
        steps = spec.pop("steps", [step(refers_to=NAME)])
        body = epipe(name, namespace=self.namespace, steps=steps, **spec)
        self.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(body))

    def run(self, *words: str) -> str:
        return self.kubectl(*words, "-n", self.namespace)

    def get(self, *words: str) -> Any:
        return self.kubectl.get(*words, "-n", self.namespace)

    def children(self, kinds: str = CHILDREN) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.get(kinds, "-l", OURS)["items"]
        return items

    def kinds(self) -> list[str]:
        return sorted(body["kind"] for body in self.children())

    def versions(self) -> dict[str, str]:
        """Resource versions of everything that the operator writes."""
        return self.versions_of((NAME,))

    def versions_of(self, names: Sequence[str]) -> dict[str, str]:
        """Resource versions of these models and of all children."""
        bodies = [*self.children(), *(self.model(name) for name in names)]
        return {
            f"{b['kind']}/{b['metadata']['name']}": b["metadata"]["resourceVersion"] for b in bodies
        }

    def waiting_for_their_turn(self, names: Sequence[str]) -> int:
        """How many of the models say so."""
        conditions = (self.condition("DefaultsCurrent", name) for name in names)
        return sum(condition.get("reason") == "WaitingForRolloutSlot" for condition in conditions)

    def model(self, name: str = NAME) -> dict[str, Any]:
        """A model, or what KIND/NAME names."""
        body: dict[str, Any] = self.get(name if "/" in name else f"inferencemodel/{name}")
        return body

    def condition(self, kind: str, name: str = NAME) -> dict[str, str]:
        conditions = self.model(name).get("status", {}).get("conditions", ())
        return next((c for c in conditions if c["type"] == kind), {})

    def pods_answer(self, revision: str | None = None) -> None:
        """What kubelets would say once the model is loaded, of the pods there are."""
        for pod in self.get("pods", "-l", OURS)["items"]:
            phase = pod["status"].get("phase")
            if phase == "Running" or revision not in (None, revision_of(pod)):
                continue
            words = ("--subresource=status", "--type=merge", "-p", json.dumps(READY))
            try:
                self.run("patch", "pod", pod["metadata"]["name"], *words)
            except StepError as failure:
                # The pod may have gone since it was listed.
                if "(NotFound)" not in str(failure):
                    raise

    def await_pods(self, count: int) -> None:
        eventually(lambda: len(self.get("pods", "-l", OURS)["items"]) == count)

    def await_ready(self, name: str = NAME) -> None:
        """Until Ready is True, with pods that answer as they come."""

        def holds() -> bool:
            self.pods_answer()
            ready = self.condition("Ready", name)
            generation = self.model(name)["metadata"]["generation"]
            return ready.get("status") == "True" and ready["observedGeneration"] == generation

        eventually(holds, lambda: self.model(name).get("status"))

    def served(self, name: str = NAME) -> str:
        """The revision that the Service leads to."""
        selector = self.get("service", name)["spec"]["selector"]
        return str(selector["inference.aipx.io/revision"])

    def event_reasons(self, kind: str = "InferenceModel") -> list[str]:
        events = self.get("events", f"--field-selector=involvedObject.kind={kind}")["items"]
        return [event["reason"] for event in events]
