"""Specs that a real Triton must load as rendered, and specs that it must not."""

from typing import Any

from inference_operator.api.model import ModelFormat
from tests.integration.model_builders.models import (
    Case,
    onnx_doubler,
    spec,
    tensor,
    torch_scaler,
    value,
)

ONE = [value("X", [1, 2], [1.0, 2.0])]
ECHOED: dict[str, Any] = {"inputs": ONE, "answer": [1.0, 2.0]}
DOUBLED: dict[str, Any] = {"inputs": ONE, "answer": [2.0, 4.0]}
SCALED: dict[str, Any] = {"answer": [3.0, 6.0]}
ONNX, TORCH = ModelFormat.ONNX, ModelFormat.TORCHSCRIPT


def echo(triton: dict[str, Any] | None = None, **changes: Any) -> Case:
    return Case(spec(triton=triton, model=changes), **ECHOED)


def overrides(text: str) -> dict[str, Any]:
    return {"configOverrides": text}


def scaler_inputs(*names: str) -> list[dict[str, Any]]:
    return [value(names[0], [1, 2], [1.0, 2.0]), value(names[1], [1, 2], [3.0, 3.0])]


def torch_case(inputs: tuple[str, str], outputs: list[str], **triton: Any) -> Case:
    model = {
        "inputs": [tensor(name, [2]) for name in inputs],
        "outputs": [tensor(name, [2]) for name in outputs],
    }
    return Case(
        spec(TORCH, model=model, triton=triton),
        torch_scaler(),
        scaler_inputs(*inputs),
        **SCALED,
    )


LOADS: dict[str, Case] = {
    "plain": echo(),
    "batching-defaults": echo({"dynamicBatching": {}}),
    "batching": echo(
        {"dynamicBatching": {"preferredBatchSizes": [2, 4], "maxQueueDelay": "500us"}}
    ),
    "ordered": echo({"dynamicBatching": {"preserveOrdering": True}}),
    "priorities": echo(
        {
            "dynamicBatching": {
                "priorities": {
                    "levels": 3,
                    "default": 2,
                    "policies": [
                        {"level": 1, "timeoutAction": "Delay", "defaultTimeout": "2s"},
                        {"level": 3, "maxQueueSize": 16},
                    ],
                },
                "queuePolicy": {"allowTimeoutOverride": True, "maxQueueSize": 64},
            }
        }
    ),
    "instances": echo({"instanceGroups": [{"name": "workers", "kind": "CPU", "count": 2}]}),
    "auto-instances": echo({"instanceGroups": [{"count": 1}]}),
    "model-instances": echo({"instanceGroups": [{"kind": "Model"}]}),
    "warm-up": echo(
        {
            "warmup": [
                {"name": "zeros", "inputs": [tensor("X", [2])]},
                {
                    "name": "noise",
                    "batchSize": 8,
                    "count": 2,
                    "inputs": [tensor("X", [2], data="Random")],
                },
            ]
        }
    ),
    "cached": echo({"responseCache": {"size": "1Mi"}}),
    "parameters": echo({"parameters": {"THRESHOLD": "0.5", "ünïcode": 'quotes " and \\ lines\n'}}),
    "all-versions": echo({"versionPolicy": {"all": {}}}),
    "latest-version": echo({"versionPolicy": {"latest": {"numVersions": 2}}}),
    "named-version": echo({"versionPolicy": {"specific": {"versions": [1]}}}),
    "optional-input": echo(inputs=[tensor("X", [2]), tensor("MASK", [2], optional=True)]),
    "only-optional-inputs": echo(
        inputs=[tensor("X", [2], optional=True), tensor("MASK", [2], optional=True)]
    ),
    "a-name-with-spaces": Case(
        spec(
            model={
                "inputs": [tensor("Use Chip", [2])],
                "outputs": [tensor("Y", [2]), tensor("is fraud?", [2])],
            }
        ),
        inputs=[value("Use Chip", [1, 2], [1.0, 2.0])],
        answer=[1.0, 2.0],
    ),
    "many-inputs": Case(
        spec(
            model={
                "inputs": [tensor(f"column {n}", [2], optional=n > 0) for n in range(512)],
                "maxBatchSize": 2**31 - 1,
            }
        ),
        inputs=[value("column 0", [1, 2], [1.0, 2.0])],
        answer=[1.0, 2.0],
    ),
    "scalars": Case(
        spec(
            model={
                "inputs": [tensor("X", [1], reshape=[])],
                "outputs": [tensor("Y", [1], reshape=[])],
            }
        ),
        inputs=[value("X", [2, 1], [1.0, 2.0])],
        answer=[1.0, 2.0],
    ),
    "reshaped": Case(
        spec(model={"inputs": [tensor("X", [2, 2], reshape=[4])], "outputs": [tensor("Y", [4])]}),
        inputs=[value("X", [1, 2, 2], [1.0, 2.0, 3.0, 4.0])],
        answer=[1.0, 2.0, 3.0, 4.0],
    ),
    "variable": Case(
        spec(model={"inputs": [tensor("X", [-1])], "outputs": [tensor("Y", [-1])]}),
        inputs=[value("X", [1, 3], [1.0, 2.0, 3.0])],
        answer=[1.0, 2.0, 3.0],
    ),
    "ragged": echo({"dynamicBatching": {}}, inputs=[tensor("X", [2], allowRaggedBatch=True)]),
    "no-batch-dimension": Case(
        spec(model={"maxBatchSize": 0}), inputs=[value("X", [2], [1.0, 2.0])], answer=[1.0, 2.0]
    ),
    "strings": Case(
        spec(
            model={
                "inputs": [tensor("X", [1], "STRING")],
                "outputs": [tensor("Y", [1], "STRING")],
            }
        ),
        inputs=[value("X", [1, 1], ["zürich"], "BYTES")],
        answer=["zürich"],
    ),
    "rate-limited": echo(
        overrides(
            'instance_group { kind: KIND_CPU count: 2 rate_limiter { resources { name: "LICENCE"'
            " count: 1 } priority: 2 } }"
        )
    ),
    "decoupled": Case(spec(triton=overrides("model_transaction_policy { decoupled: true }"))),
    "sequences": Case(
        spec(
            triton=overrides(
                "sequence_batching { max_sequence_idle_microseconds: 1000000 direct { }"
                ' control_input { name: "START" control {'
                " kind: CONTROL_SEQUENCE_START fp32_false_true: [0, 1] } } }"
            )
        )
    ),
    "tagged": echo(overrides('metric_tags { key: "team" value: "trading" }')),
    "renamed-file": echo(overrides('default_model_filename: "prices.py"')),
    "onnx": Case(
        spec(
            ONNX,
            triton={
                "dynamicBatching": {},
                "optimization": {"graphLevel": 1},
                "parameters": {"intra_op_thread_count": "1"},
            },
        ),
        onnx_doubler(),
        **DOUBLED,
    ),
    "onnx-completed": Case(
        spec(ONNX, model={"inputs": None, "outputs": None}), onnx_doubler(), **DOUBLED
    ),
    "onnx-unbatched": Case(
        spec(ONNX, model={"maxBatchSize": 0}),
        onnx_doubler(batched=False),
        [value("X", [2], [1.0, 2.0])],
        [2.0, 4.0],
    ),
    "onnx-by-platform": Case(
        spec(ONNX, triton=overrides('platform: "onnxruntime_onnx"')), onnx_doubler(), **DOUBLED
    ),
    "onnx-without-its-gpu": Case(
        spec(
            ONNX,
            triton={
                "instanceGroups": [{"kind": "GPU", "count": 2, "gpus": [0]}],
                "optimization": {"tensorrt": {"precision": "FP16"}},
            },
            accelerator={"whenUnavailable": "UseCPU"},
        ),
        onnx_doubler(),
        **DOUBLED,
        accelerated=False,
    ),
    "torch-by-index": torch_case(
        ("WINDOW__0", "FACTOR__1"), ["SCALED__0", "SAME__1"], dynamicBatching={}
    ),
    "torch-by-argument": torch_case(("window", "factor"), ["SCALED__0"]),
    "torch-by-order": torch_case(("A", "B"), ["SCALED", "SAME"]),
    "torch-with-spaces": torch_case(("Use Chip", "a city"), ["SCALED", "is fraud?"]),
}

REFUSED: dict[str, tuple[Case, str]] = {
    "a reshape to another size": (
        echo(inputs=[tensor("X", [2], reshape=[3])]),
        "has different size for dims and reshape",
    ),
    "a scalar without a batch": (
        echo(inputs=[tensor("X", [1], reshape=[])], maxBatchSize=0),
        "scalar tensors are not supported",
    ),
    "priorities in order": (
        echo(
            {
                "dynamicBatching": {
                    "preserveOrdering": True,
                    "priorities": {"levels": 2, "default": 1},
                }
            }
        ),
        "Only one priority level is allowed",
    ),
    "delays in order": (
        echo(
            {
                "dynamicBatching": {
                    "preserveOrdering": True,
                    "queuePolicy": {"timeoutAction": "Delay", "defaultTimeout": "1s"},
                }
            }
        ),
        "can not have DELAY as timeout action",
    ),
    "profiles without a plan": (
        echo({"instanceGroups": [{"kind": "CPU", "profiles": ["0"]}]}),
        "only supported for TensorRT models",
    ),
    "GPU instances by overrides without a GPU": (
        echo(overrides("instance_group { kind: KIND_GPU count: 1 }")),
        "KIND_GPU",
    ),
    "a warm-up with a variable dimension": (
        echo(
            {"warmup": [{"name": "w", "inputs": [tensor("X", [-1])]}]},
            inputs=[tensor("X", [-1])],
            outputs=[tensor("Y", [-1])],
        ),
        "warmup setting expects all variable-size dimensions are specified",
    ),
    "a warm-up of another input": (
        echo({"warmup": [{"name": "w", "inputs": [tensor("Z", [2])]}]}),
        "missing required input(s) ['X']",
    ),
    "a warm-up of another shape": (
        echo({"warmup": [{"name": "w", "inputs": [tensor("X", [3])]}]}),
        "unexpected shape for input 'X'",
    ),
    "cached sequences": (
        echo({"responseCache": {"size": "1Mi"}, **overrides("sequence_batching { direct { } }")}),
        "Response Cache does not currently support",
    ),
    "large sequence batches": (
        echo(overrides("sequence_batching { oldest { preferred_batch_size: 32 } }")),
        "preferred batch size must be <= max batch size",
    ),
    "an ensemble by overrides": (
        echo(overrides('ensemble_scheduling { step { model_name: "plain" } }')),
        "ensemble",
    ),
    "a version policy without the served version": (
        echo({"versionPolicy": {"specific": {"versions": [2]}}}),
        "at least one version must be available under the version policy",
    ),
}

BAD_ARTIFACTS: dict[str, tuple[Case, str]] = {
    "another input's name": (Case(spec(ONNX), onnx_doubler(name="Z")), "X"),
    "a batch size for a graph without a batch": (Case(spec(ONNX), onnx_doubler(batched=False)), ""),
    "no ONNX model": (Case(spec(ONNX), b"\x00 no graph"), ""),
    "a state_dict": (
        Case(torch_case(("window", "factor"), ["SCALED__0"]).spec, torch_scaler(state_dict=True)),
        "",
    ),
    "a Python file without the class": (Case(spec(), "class Prices: ...\n"), "TritonPythonModel"),
    "a Python file that does not parse": (Case(spec(), "class Prices\n"), "SyntaxError"),
}
