"""Units in several states of a rollout, which an operator serves until another one takes over."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from hack.cluster.kubectl import Kubectl
from tests.e2e.harness import ClusterHarness
from tests.e2e.pipelines import Pipeline, chain, tripled
from tests.e2e.served import Served
from tests.e2e.waiting import eventually

_LABEL = "upgrades.example/namespace"


@dataclass(frozen=True)
class Units:
    """Four models and a pipeline."""

    harness: ClusterHarness
    steady: Served
    """It has two replicas, and so a PodDisruptionBudget."""

    pipeline: Pipeline
    """Its steps refer to `steady`."""

    promoted: Served
    """The pod of its new revision waits for a node, which it gets after the upgrade."""

    cancelled: Served
    """The pod of its new revision waits for a node, until the spec goes back after the upgrade."""

    paused: Served
    """Its rollout is paused. The revision before the serving one still has its pod."""

    @classmethod
    def of(cls, harness: ClusterHarness, namespace: str) -> "Units":
        """Return the units of a namespace; nothing is applied yet."""
        two: dict[str, Any] = {"spec.replicas": 2}
        delay: dict[str, Any] = {"spec.rollout": {"scaleDownDelay": "1h"}}
        return cls(
            harness,
            steady=harness.model(namespace, **two),
            pipeline=chain(harness, namespace),
            promoted=harness.model(namespace, "promoted"),
            cancelled=harness.model(namespace, "cancelled"),
            paused=harness.model(namespace, "paused", **delay),
        )

    @property
    def every(self) -> tuple[Served, ...]:
        return (self.paused, self.promoted, self.cancelled, self.steady, self.pipeline)

    def apply(self) -> None:
        """Apply all, and wait until each is in its state."""
        for unit in self.every:
            unit.apply()
        self.paused.wait_ready().apply(**_queue_delay("2ms"))
        for model in (self.promoted, self.cancelled):
            model.wait_ready()
            model.manifest["spec"]["placement"] = {"nodeSelector": {_LABEL: model.namespace}}
            tripled(self.harness, model)
        for unit in (self.steady, self.pipeline, self.paused):
            unit.wait_ready()
        self.paused.apply(**_queue_delay("4ms"), **{"spec.rollout.paused": True})
        self.paused.wait_reason("Ready", "Paused")
        for model in (self.promoted, self.cancelled):
            eventually(partial(waiting_pod, model), that="a pod that waits for a node")

    def are_served_by_the_operator_of_before(self) -> bool:
        """Return whether all decisions lack the field `kind`, which that operator did not have."""
        decisions = [each for unit in self.every for each in unit.status()["decisions"]]
        return bool(decisions) and not any("kind" in each for each in decisions)

    def go_back(self, model: Served) -> None:
        """Apply a waiting model's spec of before."""
        uri = self.harness.store.uri("linear/model.onnx")
        model.apply(**{"spec.placement": None, "spec.model.source.uri": uri})


@contextmanager
def labelled_node(cluster: Kubectl, namespace: str) -> Iterator[None]:
    """Let the pods of a namespace that wait for a node have one, during the block."""
    cluster("label", "nodes", "--all", f"{_LABEL}={namespace}")
    try:
        yield
    finally:
        cluster("label", "nodes", "--all", f"{_LABEL}-")


def new_revision(served: Served) -> str:
    """Return the revision that is starting; empty while none is. Its field had another name."""
    status = served.status()
    return str((status.get("canary") or status.get("candidate") or {}).get("revision", ""))


def waiting_pod(served: Served) -> str:
    """Return the uid of the new revision's pod that waits for a node; empty without one."""
    label = f"inference.aipx.io/revision={new_revision(served)}"
    pods = served.cluster.get("pods", "-n", served.namespace, "-l", label)["items"]
    waiting = [pod for pod in pods if "nodeName" not in pod["spec"]]
    return str(waiting[0]["metadata"]["uid"]) if waiting else ""


def _queue_delay(delay: str) -> dict[str, Any]:
    return {"spec.triton.dynamicBatching.maxQueueDelay": delay}


def pod_uids(served: Served) -> set[str]:
    """Return the uids of all pods of a unit."""
    labels = f"inference.aipx.io/name={served.name}"
    pods = served.cluster.get("pods", "-n", served.namespace, "-l", labels)["items"]
    return {pod["metadata"]["uid"] for pod in pods}
