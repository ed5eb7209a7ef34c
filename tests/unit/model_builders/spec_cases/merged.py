"""Specs whose overrides and version policy fit the rest of them, and specs where they do not."""

from inference_operator.api.inference_model import InferenceModelSpec
from tests.unit.model_builders.specs import GPU, onnx, overrides, spec

SOUND: dict[str, InferenceModelSpec] = {
    "batching by overrides without a batch, which Triton loads": spec(
        model_changes={"maxBatchSize": 0}, triton=overrides("dynamic_batching { }")
    ),
    "a version policy that holds the served version": spec(
        triton={"versionPolicy": {"specific": {"versions": [2, 1]}}}
    ),
    "overrides that the API has no field for": spec(
        triton=overrides("model_transaction_policy { decoupled: true }")
    ),
}

BAD: dict[str, tuple[InferenceModelSpec, str]] = {
    "a version policy without the served version": (
        spec(triton={"versionPolicy": {"specific": {"versions": [2, 3]}}}),
        "spec.triton.versionPolicy.specific.versions: found [2, 3], expected a list with 1, the"
        " version that the operator serves; add 1, or remove versionPolicy",
    ),
    "overrides that contradict": (
        spec(triton=overrides("max_batch_size: 4")),
        "spec.triton.configOverrides: max_batch_size: found 4, expected 16 as in"
        " model.maxBatchSize; write the value that is meant into model.maxBatchSize, and remove it"
        " from the overrides, which cannot contradict the spec",
    ),
    "an overridden name": (
        spec(triton=overrides('name: "lstm"')),
        'spec.triton.configOverrides: name: found "lstm", expected no name: it comes from'
        " model.name, or that of the resource or step; remove it, and set model.name where"
        " Triton's name differs",
    ),
    "an ensemble by overrides": (
        spec(triton=overrides('ensemble_scheduling { step { model_name: "a" } }')),
        "spec.triton.configOverrides: ensemble_scheduling: found an ensemble's steps, expected"
        " the config of one model; ensembles are resources of their own kind: EnsemblePipeline",
    ),
    "large sequence batches": (
        spec(triton=overrides("sequence_batching { oldest { preferred_batch_size: 32 } }")),
        "spec.triton.configOverrides: sequence_batching.oldest.preferred_batch_size: found 32,"
        " expected at most 16, which is model.maxBatchSize; lower it, or raise"
        " model.maxBatchSize",
    ),
    "GPU instances by overrides without a GPU": (
        spec(triton=overrides("instance_group { kind: KIND_GPU count: 1 }")),
        "spec.triton.configOverrides: instance_group: found KIND_GPU, expected another kind: no"
        " GPU; add spec.accelerator (`accelerator: {}` asks for one nvidia.com/gpu)",
    ),
    "a GPU by overrides that the pod does not have": (
        spec(triton=overrides("instance_group { kind: KIND_GPU gpus: 1 }"), **GPU),
        "spec.triton.configOverrides: instance_group.gpus: found [1], expected indices below"
        " accelerator.count, which is 1; raise accelerator.count, or use an index that the pod"
        " has",
    ),
    "a GPU accelerator by overrides without a GPU": (
        spec(
            model_changes=onnx(),
            triton=overrides(
                'optimization { execution_accelerators { gpu_execution_accelerator { name: "cuda"'
                " } } }"
            ),
        ),
        'spec.triton.configOverrides: optimization.execution_accelerators: found "cuda" without'
        " a GPU, expected spec.accelerator; add spec.accelerator (`accelerator: {}` asks for one"
        " nvidia.com/gpu)",
    ),
    "cached sequences": (
        spec(
            triton={
                "responseCache": {"size": "1Mi"},
                **overrides("sequence_batching { direct { } }"),
            }
        ),
        "spec.triton.configOverrides: sequence_batching: found with a response cache, expected"
        " no response cache: Triton caches neither sequences nor decoupled responses; remove"
        " triton.responseCache",
    ),
    "tensors by overrides without dimensions": (
        spec(
            model_changes=onnx(inputs=None, outputs=None),
            triton=overrides('input { name: "x" data_type: TYPE_FP32 }'),
        ),
        "spec.triton.configOverrides: input[x].dims: found [], expected one or more dimensions,"
        " each 1 or more, or -1; write -1 for a dimension that varies",
    ),
}
