"""Units whose canaries are judged by metrics, while clients call them."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Self

from hack.load.clients import Request, Target
from hack.load.steady_load import Pace, Result, SteadyLoad
from tests.e2e.artifacts import python_model
from tests.e2e.harness import ClusterHarness
from tests.e2e.pipelines import Pipeline
from tests.e2e.served import Served
from tests.e2e.waiting import eventually

# 2x + 1 and 3x tell versions apart at x = 2.
X = (2.0,) * 4
OLD, NEW = 5.0, 6.0
FILES = {
    "judged/old/model.py": python_model(2.0, 1.0),
    "judged/good/model.py": python_model(3.0, 0.0),
    "judged/better/model.py": python_model(3.0, 0.0, fails_each=1000),
    "judged/failing/model.py": python_model(3.0, 0.0, fails_each=2),
    "judged/sleeping/model.py": python_model(3.0, 0.0, seconds=0.1),
}
ERRORS = {"name": "errors", "type": "ErrorRate", "max": "10%"}
MEAN = {"name": "mean", "type": "Latency", "statistic": "mean", "max": "60ms"}
# Beside other tests the node is busy, and pods start late.
PATIENCE = 240.0
STEPS: list[dict[str, Any]] = [{"setWeight": 50}, {"analysis": {}}]


def rollout(*metrics: Mapping[str, str], window: str = "10s") -> dict[str, Any]:
    """Return a rollout that gives half of the clients to a canary, and judges it."""
    analysis = {
        "interval": "10s",
        "window": window,
        "initialDelay": "2s",
        "minSamples": 50,
        "metrics": list(metrics),
    }
    canary = {"steps": STEPS, "analysis": analysis, "abortScaleDownDelay": "1s"}
    return {"canary": canary, "scaleDownDelay": "1s"}


@dataclass
class Judged:
    """One unit, and the clients that call it."""

    served: Served
    field_of_source: str
    """The field of the manifest that names the artifact, as a dotted path."""

    harness: ClusterHarness
    model: str
    """Its name in Triton."""

    requests_per_second: float = 20.0
    old: str = ""
    """The revision that served before the last edit."""

    _stack: ExitStack = field(default_factory=ExitStack)
    _load: SteadyLoad | None = None

    def ready(self) -> Self:
        self.served.wait_ready(within=180)
        return self

    def called(self) -> Self:
        """Let clients call it until `close`; each connection is for a few requests."""
        addresses = [self.served.address(port) for port in (8000, 8001)]
        pace = Pace(
            self.requests_per_second, connections=8, requests_per_connection=4, most_requests=10**6
        )
        request = Request(model=self.model, values=X)
        self._load = self._stack.enter_context(SteadyLoad(Target(*addresses), pace, request))
        return self

    def close(self) -> None:
        self._stack.close()

    def result(self) -> Result:
        assert self._load is not None
        return self._load.result()

    def change(self, version: str) -> Self:
        """Apply another artifact: `good`, `failing` or `sleeping`."""
        self.old = self.served.stable()
        self.served.apply(**self._source(version))
        return self

    def _source(self, version: str) -> dict[str, Any]:
        uri = self.harness.store.uri(f"judged/{version}/model.py")
        if self.field_of_source != "steps":
            return {self.field_of_source: uri}
        steps = [dict(step) for step in self.served.manifest["spec"]["steps"]]
        model = steps[0]["model"]
        steps[0]["model"] = {**model, "source": {**model["source"], "uri": uri}}
        return {"spec.steps": steps}

    def wait_canary(self, within: float = PATIENCE) -> str:
        """Wait until the canary has half of the clients; return its revision."""
        eventually(
            lambda: (self.served.status().get("canary") or {}).get("weight") == 50,
            within=within,
            that=lambda: f"{self.served.name}: a canary with 50 %\n{self.served.describe()}",
        )
        return self.served.canary()

    def wait_promoted(self, within: float = PATIENCE) -> None:
        """Wait until a new revision serves alone."""
        eventually(
            lambda: self.served.stable() not in {"", self.old} and self.served.holds("Ready"),
            within=within,
            that=lambda: f"{self.served.name}: promoted\n{self.served.describe()}",
        )

    def wait_taken_back(self, within: float = PATIENCE) -> dict[str, Any]:
        """Wait until the metrics have aborted the rollout; return what is remembered of it."""
        aborted: dict[str, Any] = eventually(
            lambda: (self.served.status().get("rollout") or {}).get("aborted"),
            within=within,
            that=lambda: f"{self.served.name}: aborted\n{self.served.describe()}",
        )
        assert self.served.stable() == self.old
        assert aborted["reason"] == "AnalysisFailed", aborted
        return aborted

    def verdict(self) -> str:
        """Return the last verdict of the status; empty before the first one."""
        return str((self.served.status().get("analysis") or {}).get("verdict", ""))


COMPARED = {"name": "errors", "type": "ErrorRate", "max": "10%", "maxRelative": "300%"}
"""Errors compared with new pods of the stable revision: see `compared`."""


def compared(harness: ClusterHarness, namespace: str, name: str) -> Judged:
    """Return a Python model whose canary, at a half, is compared with a baseline."""
    unit = model(harness, namespace, name, COMPARED)
    path = "spec.rollout.canary.analysis.comparedWith"
    unit.served.apply(**{path: "Baseline"})
    return unit


def python_source(spec: Mapping[str, Any], uri: str) -> dict[str, Any]:
    """Return a `model` that is a Python model of the store in place of an ONNX file."""
    return {**spec, "format": "python", "source": {**spec["source"], "uri": uri}}


def model(
    harness: ClusterHarness,
    namespace: str,
    name: str,
    *metrics: Mapping[str, str],
    window: str = "10s",
) -> Judged:
    """Return a Python model that answers OLD, with a canary that is judged by these metrics."""
    served = harness.model(namespace, name)
    spec = python_source(served.manifest["spec"]["model"], harness.store.uri("judged/old/model.py"))
    served.apply(**{"spec.model": spec, "spec.rollout": rollout(*metrics, window=window)})
    return Judged(served, "spec.model.source.uri", harness, name)


def pipeline(harness: ClusterHarness, namespace: str, *metrics: Mapping[str, str]) -> Judged:
    """Return a pipeline of two steps, of which the first one is a Python model."""
    onnx = harness.model(namespace).manifest["spec"]["model"]
    tensor = {"dataType": "FP32", "shape": [4]}
    steps = [
        {
            "name": "first",
            "model": python_source(onnx, harness.store.uri("judged/old/model.py")),
            "inputMap": {"x": "x"},
            "outputMap": {"y": "middle"},
        },
        {
            "name": "second",
            "model": onnx,
            "inputMap": {"x": "middle"},
            "outputMap": {"y": "y"},
        },
    ]
    manifest = {
        "apiVersion": "inference.aipx.io/v1alpha1",
        "kind": "EnsemblePipeline",
        "metadata": {"name": "chain", "namespace": namespace},
        "spec": {
            "maxBatchSize": 8,
            "inputs": [{"name": "x", **tensor}],
            "outputs": [{"name": "middle", **tensor}, {"name": "y", **tensor}],
            "steps": steps,
            "resources": {"requests": {"cpu": "50m", "memory": "256Mi"}},
            "rollout": rollout(*metrics),
        },
    }
    served = Pipeline(harness.kubectl, manifest).apply()
    return Judged(served, "steps", harness, "chain")
