"""Small pipelines to serve, whose answers tell which models gave them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import tritonclient.grpc as triton_grpc
import tritonclient.http as triton

from tests.e2e.harness import ClusterHarness
from tests.e2e.served import Served

X = [1.0, 2.0, 3.0, 4.0]
# The store's files: what each multiplies by, and adds.
FILES = {"linear/model.onnx": (2.0, 1.0), "triple/model.onnx": (3.0, 0.0)}
# Of the chain below: after its first step, and after its second one, for each model in both.
LINEAR_TWICE = [3.0, 5.0, 7.0, 9.0, 7.0, 11.0, 15.0, 19.0]
TRIPLE_TWICE = [3.0, 6.0, 9.0, 12.0, 9.0, 18.0, 27.0, 36.0]
_TENSOR = {"dataType": "FP32", "shape": [4]}


@dataclass
class Pipeline(Served):
    """One EnsemblePipeline; `predict` gives the revision's number, then the outputs in order."""

    @property
    def model(self) -> str:
        """Return its name in Triton."""
        return str(self.manifest["spec"].get("name", self.name))

    def predict(self, client: Any = None) -> list[float]:
        """The answer to one request that fills each input with X, as far as its shape goes."""
        client = client or triton.InferenceServerClient(self.address())
        is_grpc = isinstance(client, triton_grpc.InferenceServerClient)
        tensors = [self._filled(each, is_grpc) for each in self.manifest["spec"]["inputs"]]
        answer = client.infer(self.model, tensors)
        response = answer.get_response()
        number = response.model_version if is_grpc else response["model_version"]
        names = [output["name"] for output in self.manifest["spec"]["outputs"]]
        values = [float(value) for name in names for value in answer.as_numpy(name)[0]]
        return [float(number), *values]

    def number(self) -> int:
        """Return the number of the revision that answers."""
        return int(self.predict()[0])

    def _filled(self, declared: dict[str, Any], is_grpc: bool) -> Any:
        (width,) = declared["shape"]
        protocol = triton_grpc if is_grpc else triton
        tensor = protocol.InferInput(declared["name"], [1, width], declared["dataType"])
        return tensor.set_data_from_numpy(np.array([X[:width]], np.float32))

    def steps(self) -> dict[str, dict[str, Any]]:
        """Return the steps of the status, by name."""
        return {step["name"]: step for step in self.status().get("steps", ())}

    def answer_of_set(self) -> list[float]:
        """What a chain's set that serves answers: its number, then what its files make of X."""
        status = self.status()
        values, versions = X, []
        for step in status["steps"]:
            ((factor, offset),) = (FILES[path] for path in FILES if step["source"].endswith(path))
            values = [factor * value + offset for value in values]
            versions += values
        return [float(status["model"]["version"]), *versions]


def chain(
    harness: ClusterHarness, namespace: str, first: str = "linear", second: str = "linear"
) -> Pipeline:
    """Two models one after the other: every answer says which version each step ran."""
    steps = [
        {
            "name": "first",
            "modelRef": {"name": first},
            "inputMap": {"x": "x"},
            "outputMap": {"y": "middle"},
        },
        {
            "name": "second",
            "modelRef": {"name": second},
            "inputMap": {"x": "middle"},
            "outputMap": {"y": "y"},
        },
    ]
    spec = {
        "maxBatchSize": 8,
        "inputs": [{"name": "x", **_TENSOR}],
        "outputs": [{"name": "middle", **_TENSOR}, {"name": "y", **_TENSOR}],
        "steps": steps,
    }
    return _pipeline(harness, namespace, "chain", spec)


def average(harness: ClusterHarness, namespace: str) -> Pipeline:
    """Return the built-in weighted average alone: no artifact at all."""
    names = {"price": 1, "interval": 2, "score": 1, "confidence": 1}
    spec = {
        "maxBatchSize": 8,
        "inputs": [{"name": n, "dataType": "FP32", "shape": [w]} for n, w in names.items()],
        "outputs": [{"name": "forecast", "dataType": "FP32", "shape": [1]}],
        "steps": [
            {
                "name": "average",
                "builtin": {"weightedAverage": {"weights": {"price": 80, "sentiment": 20}}},
                "inputMap": {name: name for name in names},
                "outputMap": {"forecast": "forecast"},
            }
        ],
    }
    return _pipeline(harness, namespace, "blend", spec)


def inline(harness: ClusterHarness, path: str) -> dict[str, Any]:
    """Return a step's `model`: an ONNX file of the store that is like `linear`."""
    spec = harness.model("any").manifest["spec"]["model"]
    return {**spec, "source": {**spec["source"], "uri": harness.store.uri(path)}}


def _pipeline(harness: ClusterHarness, namespace: str, name: str, spec: dict[str, Any]) -> Pipeline:
    small = {
        "resources": {"requests": {"cpu": "50m", "memory": "256Mi"}},
        "rollout": {"scaleDownDelay": "3s"},
    }
    manifest = {
        "apiVersion": "inference.aipx.io/v1alpha1",
        "kind": "EnsemblePipeline",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {**spec, **small},
    }
    return Pipeline(harness.kubectl, manifest)


def tripled(harness: ClusterHarness, model: Served) -> None:
    """The model's next version: another file."""
    model.apply(**{"spec.model.source.uri": harness.store.uri("triple/model.onnx")})


def answers(served: Pipeline) -> list[float]:
    """Return the outputs, without the number of the revision."""
    return served.predict()[1:]


def revisions(served: Pipeline) -> list[str]:
    return [child for child in served.children() if child.startswith("Deployment/")]


def records(served: Pipeline) -> list[str]:
    return [child for child in served.children() if child.startswith("ControllerRevision/")]
