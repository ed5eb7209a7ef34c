"""Units whose number of pods follows a load that a test sets, or that its clients make."""

import math
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Self

from hack.load.clients import Request, Target
from hack.load.steady_load import Pace, Result, SteadyLoad
from tests.e2e.artifacts import python_model
from tests.e2e.harness import ClusterHarness
from tests.e2e.judged import X, python_source
from tests.e2e.pipelines import Pipeline
from tests.e2e.served import Served
from tests.e2e.waiting import eventually

BUSY, OTHER = "autoscaled/busy/model.py", "autoscaled/other/model.py"
FILES = {
    # 20 requests a second: sleeping takes no CPU time, so that the node stays idle.
    BUSY: python_model(2.0, 1.0, seconds=0.05),
    OTHER: python_model(3.0, 0.0),
}
QUEUE = {"type": "QueueTime", "target": "100ms", "window": "10s"}
# One pod is removed in five seconds, so that a test sees each step.
BEHAVIOR = {
    "scaleDown": {
        "stabilizationWindowSeconds": 5,
        "policies": [{"type": "Pods", "value": 1, "periodSeconds": 5}],
    }
}
PATIENCE = 240.0


@dataclass
class Gauges:
    """Numbers that a test sets, as an exporter writes them: NaN for one that is None."""

    values: dict[str, float | None] = field(default_factory=dict)

    def text(self) -> str:
        """Return one sample for each unit."""
        shown = {unit: math.nan if v is None else v for unit, v in self.values.items()}
        lines = [f'test_load{{unit="{unit}"}} {value}' for unit, value in sorted(shown.items())]
        return "\n".join([*lines, ""])


@dataclass
class Scaled:
    """One unit with autoscaling."""

    served: Served
    gauges: Gauges
    _stack: ExitStack = field(default_factory=ExitStack)
    _load: SteadyLoad | None = None

    def wants(self, pods: float | None) -> Self:
        """Let its query ask for so many pods; None makes the answer NaN."""
        self.gauges.values[self.served.name] = None if pods is None else 10.0 * pods
        return self

    def has(self, pods: int) -> bool:
        """Return whether so many pods answer and no other one is asked for."""
        status = self.served.status()
        return (status.get("replicas"), status.get("readyReplicas")) == (pods, pods)

    def wait_pods(self, pods: int, within: float = PATIENCE) -> Self:
        eventually(
            lambda: self.has(pods),
            within=within,
            that=lambda: f"{self.served.name}: {pods} pods\n{self.served.describe()}",
        )
        return self

    def replicas(self, revision: str = "") -> int:
        """Return the pods that a revision's Deployment asks for: the stable one's, if none is
        named; -1 before the operator has reported on the last edit."""
        revision = revision or self.served.stable()
        if not revision:
            return -1
        name = f"{self.served.name}-{revision}"
        body = self.served.cluster.get("deployment", name, "-n", self.served.namespace)
        return int(body["spec"]["replicas"])

    def decisions(self) -> list[dict[str, Any]]:
        """Return its decisions about numbers of pods, oldest first."""
        made = self.served.status().get("decisions", ())
        return [each for each in made if each.get("kind") == "Scaling"]

    def called(self, connections: int = 8, requests: int = 10**5) -> Self:
        """Let clients call it, each when it has its answer, until `rest`."""
        addresses = [self.served.address(port) for port in (8000, 8001)]
        pace = Pace(
            200.0, connections=connections, requests_per_connection=20, most_requests=requests
        )
        request = Request(model=self.served.name, values=X)
        self._load = self._stack.enter_context(SteadyLoad(Target(*addresses), pace, request))
        return self

    def rest(self) -> Result:
        """End the calls, and return their outcomes."""
        assert self._load is not None
        self._stack.close()
        return self._load.result()

    def leave(self) -> None:
        """Delete it, so that its pods make room."""
        self.served.kubectl("delete", self.served.kind, self.served.name, "--wait=false")


def rules(name: str, metric: Mapping[str, str] | None = None, **more: Any) -> dict[str, Any]:
    """Return `spec.autoscaling` from 1 to 4 pods, by a query if no metric is given."""
    query = {
        "type": "Prometheus",
        "name": "load",
        "query": f'max(test_load{{unit="{name}"}})',
        "target": "10",
        "targetType": "AverageValue",
        "window": "10s",
    }
    given = {"minReplicas": 1, "maxReplicas": 4, "metrics": [metric or query]}
    return {**given, "behavior": BEHAVIOR, **more}


def by_query(
    harness: ClusterHarness, namespace: str, name: str, gauges: Gauges, **changes: Any
) -> Scaled:
    """Return a small model whose query says how many pods it needs: one at first."""
    scaling = rules(name, **changes.pop("autoscaling", {}))
    served = harness.model(namespace, name, **{"spec.autoscaling": scaling, **changes})
    return Scaled(served, gauges).wants(1)


def by_queue(harness: ClusterHarness, namespace: str, name: str, gauges: Gauges) -> Scaled:
    """Return a model that answers 20 requests a second, one after the other."""
    served = harness.model(namespace, name)
    spec = python_source(served.manifest["spec"]["model"], harness.store.uri(BUSY))
    changes = {
        "spec.model": {**spec, "maxBatchSize": 1},
        "spec.triton": {"instanceGroups": [{"kind": "CPU", "count": 1}]},
        "spec.autoscaling": rules(name, QUEUE, maxReplicas=3),
    }
    return Scaled(served.apply(**changes), gauges)


def pipeline_by_queue(harness: ClusterHarness, namespace: str, gauges: Gauges) -> Scaled:
    """Return a pipeline of two steps, of which the first answers 20 requests a second."""
    onnx = harness.model(namespace).manifest["spec"]["model"]
    busy = {**python_source(onnx, harness.store.uri(BUSY)), "maxBatchSize": 1}
    tensor = {"dataType": "FP32", "shape": [4]}
    first = {"name": "first", "model": busy, "inputMap": {"x": "x"}, "outputMap": {"y": "middle"}}
    second = {
        "name": "second",
        "model": {**onnx, "maxBatchSize": 1},
        "inputMap": {"x": "middle"},
        "outputMap": {"y": "y"},
    }
    spec = {
        "maxBatchSize": 1,
        "inputs": [{"name": "x", **tensor}],
        "outputs": [{"name": "middle", **tensor}, {"name": "y", **tensor}],
        "steps": [first, second],
        "resources": {"requests": {"cpu": "50m", "memory": "256Mi"}},
        "autoscaling": rules("slow-chain", QUEUE, maxReplicas=2),
    }
    manifest = {
        "apiVersion": "inference.aipx.io/v1alpha1",
        "kind": "EnsemblePipeline",
        "metadata": {"name": "slow-chain", "namespace": namespace},
        "spec": spec,
    }
    return Scaled(Pipeline(harness.kubectl, manifest).apply(), gauges)
