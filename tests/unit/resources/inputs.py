"""Specs whose children are kept as golden files."""

from typing import Any

from inference_operator.api.base import API_VERSION
from inference_operator.api.status import STATUS_OF_KIND
from inference_operator.domain.accelerator import Node
from inference_operator.domain.names import UnitKey
from inference_operator.domain.observed import Inputs, Observed
from inference_operator.domain.serving_unit import Owner
from tests.fakes.bodies import epipe, imodel

FEATURES = {"name": "FEATURES__0", "dataType": "FP32", "shape": [40, 8]}
SCORE = {"name": "SCORE__0", "dataType": "FP32", "shape": [3]}
DIGEST = "3f0a" * 16
VOCABULARY = {"uri": "https://store.example/vocab.txt", "secretRef": {"name": "words"}}


def case(name: str, **spec: Any) -> dict[str, Any]:
    return imodel(name, namespace="credit", **spec)


INPUTS: dict[str, dict[str, Any]] = {
    "minimal-onnx": case(
        "spread",
        model={"source": {"uri": "https://store.example/spread.onnx"}, "format": "onnx"},
    ),
    "torchscript-with-everything": case(
        "tape",
        model={
            "source": {"uri": "https://store.example/tape.tar.gz", "sha256": DIGEST},
            "format": "torchscript",
            "maxBatchSize": 32,
            "inputs": [FEATURES],
            "outputs": [SCORE],
        },
        triton={
            "image": "registry.example/tritonserver:26.02",
            "dynamicBatching": {
                "preferredBatchSizes": [8, 32],
                "maxQueueDelay": "500us",
            },
            "instanceGroups": [{"kind": "CPU", "count": 2}],
            "warmup": [
                {
                    "name": "open",
                    "batchSize": 8,
                    "inputs": [{"name": "FEATURES__0", "dataType": "FP32", "shape": [40, 8]}],
                }
            ],
            "metrics": {"latencyBuckets": [5, 20, 100]},
            "parameters": {"ENABLE_NVFUSER": "false"},
            "sharedMemory": "1Gi",
        },
        resources={
            "requests": {"cpu": "2", "memory": "2Gi"},
            "limits": {"memory": "4Gi"},
        },
        imagePullSecrets=[{"name": "registry"}],
        serviceAccountName="scorer",
    ),
    "folder-on-a-claim": case(
        "ledger",
        model={
            "source": {"uri": "pvc://weights/ledger/7"},
            "format": "python",
            "inputs": [FEATURES],
            "outputs": [SCORE],
        },
    ),
    "custom-backend": case(
        "fraud",
        model={
            "source": {"uri": "s3://models/fraud/7/xgboost.json"},
            "format": "custom",
            "backend": "fil",
            "maxBatchSize": 8192,
            "inputs": [FEATURES],
            "outputs": [SCORE],
        },
        triton={"parameters": {"model_type": "xgboost_json"}},
    ),
    "secret-for-the-source": case(
        "vault",
        model={
            "source": {
                "uri": "https://store.example/vault.onnx?rev=7&raw=1",
                "secretRef": {"name": "store-token"},
            },
            "format": "onnx",
        },
    ),
    "gpu": case(
        "depth",
        model={"source": {"uri": "https://store.example/depth.plan"}, "format": "tensorrt"},
        accelerator={"resource": "nvidia.com/mig-1g.10gb", "count": 2},
        resources={"limits": {"memory": "8Gi"}},
    ),
    "use-cpu-without-gpus": case(
        "skew",
        model={"source": {"uri": "https://store.example/skew.onnx"}, "format": "onnx"},
        accelerator={"count": 1, "whenUnavailable": "UseCPU"},
    ),
    "two-replicas": case(
        "pair",
        model={"source": {"uri": "https://store.example/pair.onnx"}, "format": "onnx"},
        replicas=2,
    ),
    "cache-environment-and-placement": case(
        "quote",
        model={"source": {"uri": "https://store.example/quote.onnx"}, "format": "onnx"},
        triton={
            "responseCache": {"size": "64Mi"},
            "env": [
                {"name": "OMP_NUM_THREADS", "value": "4"},
                {"name": "FEED", "valueFrom": {"secretKeyRef": {"name": "feed", "key": "url"}}},
                {"name": "ZONE", "valueFrom": {"configMapKeyRef": {"name": "site", "key": "z"}}},
            ],
            "extraArgs": ["--log-verbose=1", "--buffer-manager-thread-count=2"],
        },
        placement={
            "nodeSelector": {"disk": "ssd"},
            "tolerations": [
                {
                    "key": "batch",
                    "operator": "Exists",
                    "effect": "NoExecute",
                    "tolerationSeconds": 9,
                }
            ],
            "affinity": {"podAntiAffinity": {}},
            "topologySpreadConstraints": [
                {
                    "maxSkew": 1,
                    "topologyKey": "topology.kubernetes.io/zone",
                    "whenUnsatisfiable": "ScheduleAnyway",
                }
            ],
            "priorityClassName": "trading",
            "runtimeClassName": "kata",
        },
    ),
    "another-name-in-triton": case(
        "curve-v2",
        model={
            "name": "Curve_Fit",
            "source": {"uri": "https://store.example/curve.onnx"},
            "format": "onnx",
        },
    ),
    "headless-service": case(
        "choir",
        model={"source": {"uri": "https://store.example/choir.onnx"}, "format": "onnx"},
        service={"headless": True},
    ),
    "pipeline": epipe(
        "mood",
        namespace="credit",
        maxBatchSize=8,
        inputs=[{"name": "text", "dataType": "STRING", "shape": [1]}],
        outputs=[SCORE],
        steps=[
            {
                "name": "tokens",
                "builtin": {"tokenizer": {"maxTokens": 64, "vocabulary": VOCABULARY}},
                "inputMap": {"text": "text"},
                "outputMap": {"input_ids": "ids"},
            },
            {
                "name": "rating",
                "model": {
                    "source": {"uri": "pvc://models/rating.pt", "sha256": DIGEST},
                    "format": "torchscript",
                    "maxBatchSize": 8,
                    "inputs": [{"name": "ids", "dataType": "INT64", "shape": [-1]}],
                    "outputs": [SCORE],
                },
                "triton": {"dynamicBatching": {}, "instanceGroups": [{"kind": "CPU", "count": 2}]},
                "inputMap": {"ids": "ids"},
                "outputMap": {"SCORE__0": "SCORE__0"},
            },
        ],
        triton={"sharedMemory": "1Gi", "parameters": {"team": "credit"}},
        replicas=2,
    ),
}

NODES = (Node("cpu-only", extended={}),)


def seen_of(body: dict[str, Any], namespace: str = "") -> Observed:
    """A resource that was just written, in a cluster without GPUs."""
    kind, meta = body["kind"], body["metadata"]
    key = UnitKey(kind, namespace or meta["namespace"], meta["name"])
    owner = Owner(key, API_VERSION, "00000000-0000-0000-0000-000000000001")
    return Observed(owner, 1, body["spec"], STATUS_OF_KIND[kind](), inputs=Inputs(nodes=NODES))
