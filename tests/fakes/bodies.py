"""Bodies as the API server gives them, and what a test changes in them."""

from typing import Any

from inference_operator.api.base import API_VERSION
from inference_operator.domain.names import REVISION_LABEL, UnitKey, revision_labels

Body = dict[str, Any]

NAMESPACE = "desk-7"
KEY = UnitKey("InferenceModel", NAMESPACE, "fx-drift")
PIPELINE = UnitKey("EnsemblePipeline", NAMESPACE, "fx-signal")
TRITON_IMAGE = "registry.example/triton:26.01"
LOADER_IMAGE = "registry.example/inference-operator:1.2.3"


def spec(**changes: Any) -> Body:
    """A small ONNX model; a change of None removes the section."""
    fields = {
        "model": {"source": {"uri": "https://store.example/fx/7/model.onnx"}, "format": "onnx"},
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not None}


def source(version: int) -> Body:
    """`spec.model` of another artifact: each number makes a revision of its own."""
    uri = f"https://store.example/fx/{version}/model.onnx"
    return {"source": {"uri": uri}, "format": "onnx"}


def imodel(name: str = KEY.name, *, namespace: str = NAMESPACE, **changes: Any) -> Body:
    """A manifest as a person applies it."""
    return {
        "apiVersion": API_VERSION,
        "kind": "InferenceModel",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec(**changes),
    }


def step(name: str = "drift", refers_to: str = KEY.name, **changes: Any) -> Body:
    """A step that runs another resource's stable model; a change of None removes a field."""
    fields = {
        "name": name,
        "modelRef": {"name": refers_to},
        "inputMap": {"x": "x"},
        "outputMap": {"y": "y"},
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not None}


def epipe(
    name: str = PIPELINE.name, *, namespace: str = NAMESPACE, steps: Any = None, **changes: Any
) -> Body:
    """A pipeline of one step as a person applies it; a change of None removes the section."""
    fields = {
        "steps": [step()] if steps is None else steps,
        "inputs": [{"name": "x", "dataType": "FP32", "shape": [4]}],
        "outputs": [{"name": "y", "dataType": "FP32", "shape": [1]}],
        **changes,
    }
    return {
        "apiVersion": API_VERSION,
        "kind": "EnsemblePipeline",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {key: value for key, value in fields.items() if value is not None},
    }


def stored(body: Body, **meta: Any) -> Body:
    """As the API server gives it back."""
    identity = {"uid": "uid-of-owner", "resourceVersion": "1", "generation": 1, **meta}
    return {**body, "metadata": {**body["metadata"], **identity}}


def node(name: str, *, gpus: int = 0, **spec: Any) -> Body:
    """A node that offers GPUs."""
    allocatable = {"cpu": "8", "memory": "32Gi", **({"nvidia.com/gpu": str(gpus)} if gpus else {})}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
        "spec": spec,
        "status": {"allocatable": allocatable},
    }


def pod(
    revision: str,
    *,
    name: str = "fx-drift-0",
    ready: bool = False,
    load: Body | None = None,
    triton: Body | None = None,
    probe: Body | None = None,
    unschedulable: str = "",
) -> Body:
    """A pod of a revision; `load`, `triton` and `probe` are container statuses without names."""
    conditions: list[Body] = [{"type": "Ready", "status": "True" if ready else "False"}]
    if unschedulable:
        conditions.append(
            {
                "type": "PodScheduled",
                "status": "False",
                "reason": "Unschedulable",
                "message": unschedulable,
            }
        )
    status: Body = {"phase": "Running" if ready else "Pending", "conditions": conditions}
    first = {"load": load, "probe": probe}
    if any(first.values()):
        status["initContainerStatuses"] = [
            {"name": name, "image": LOADER_IMAGE, **state} for name, state in first.items() if state
        ]
    if triton is not None:
        status["containerStatuses"] = [{"name": "triton", "image": TRITON_IMAGE, **triton}]
    labels = revision_labels(KEY.kind, KEY.name, revision)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels},
        "status": status,
    }


def terminated(code: int, *, reason: str = "Error", message: str = "") -> Body:
    """State of a container that ended."""
    return {"terminated": {"exitCode": code, "reason": reason, "message": message}}


def waiting(reason: str, message: str = "") -> Body:
    """State of a container that does not start."""
    return {"waiting": {"reason": reason, "message": message}}


def revision_of(body: Body) -> str:
    """The revision that a child's label names."""
    return str(body["metadata"]["labels"][REVISION_LABEL])
