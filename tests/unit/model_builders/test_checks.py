"""What is said about specs that the API admits and Triton would not serve."""

from typing import Any

import pytest

from inference_operator.api.inference_model import InferenceModelSpec
from model_builders.checks import check
from tests.unit.model_builders.specs import PRICE, WINDOW, onnx, spec


def tensors(*names: str, **changes: Any) -> list[dict[str, Any]]:
    return [{"name": name, "dataType": "FP32", "shape": [4], **changes} for name in names]


def sample(**changes: Any) -> dict[str, Any]:
    tensor = {"name": "WINDOW__0", "dataType": "FP32", "shape": [60, 5]}
    inputs = changes.pop("inputs", [{**tensor, **changes.pop("tensor", {})}])
    return {"warmup": [{"name": "first", "inputs": inputs, **changes}]}


def overrides(text: str) -> dict[str, Any]:
    return {"configOverrides": text}


RAGGED = [{**WINDOW, "allowRaggedBatch": True}]
DELAY = {"timeoutAction": "Delay", "defaultTimeout": "1s"}
GPU = {"accelerator": {"count": 1}}

SOUND: dict[str, InferenceModelSpec] = {
    "the plain LSTM": spec(),
    "an ONNX model that leaves its tensors to its graph": spec(
        model_changes=onnx(inputs=None, outputs=None)
    ),
    "a scalar output in a batch": spec(model_changes={"outputs": [{**PRICE, "reshape": []}]}),
    "a reshape that keeps its pieces between variable dimensions": spec(
        model_changes={"inputs": [{**WINDOW, "shape": [2, 4, -1, 6], "reshape": [8, -1, 1, 6]}]}
    ),
    "inputs named by forward's arguments": spec(
        model_changes={"inputs": tensors("window", "mask")}
    ),
    "a dictionary of tensors": spec(model_changes={"inputs": tensors("batch(window)")}),
    "several results by index, in any order": spec(
        model_changes={"outputs": tensors("LOW__1", "HIGH__0")}
    ),
    "outputs in the order of the list": spec(model_changes={"outputs": tensors("low", "high")}),
    "ragged inputs in a dynamic batch": spec(
        model_changes={"inputs": RAGGED}, triton={"dynamicBatching": {}}
    ),
    "ragged inputs in a sequence batch": spec(
        model_changes={"inputs": RAGGED}, triton=overrides("sequence_batching { oldest { } }")
    ),
    "one optional input of two": spec(
        model_changes={"inputs": [WINDOW, *tensors("MASK__1", optional=True)]}
    ),
    "an ordered queue of one priority": spec(
        triton={
            "dynamicBatching": {
                "preserveOrdering": True,
                "priorities": {"levels": 1, "default": 1},
                "queuePolicy": {"timeoutAction": "Delay"},
            }
        }
    ),
    "TensorRT for ONNX on a GPU": spec(
        model_changes=onnx(), triton={"optimization": {"tensorrt": {}}}, **GPU
    ),
    "a warm-up like a request": spec(triton=sample(batchSize=16)),
    "a warm-up without the optional input": spec(
        model_changes={"inputs": [WINDOW, *tensors("MASK__1", optional=True)]}, triton=sample()
    ),
    "a warm-up with a fixed size for a variable dimension": spec(
        model_changes={"inputs": [{**WINDOW, "shape": [-1, 5]}]}, triton=sample()
    ),
    "a version policy that holds the served version": spec(
        triton={"versionPolicy": {"specific": {"versions": [2, 1]}}}
    ),
    "logging arguments": spec(triton={"extraArgs": ["--log-verbose=1"]}),
    "overrides that the API has no field for": spec(
        triton=overrides("model_transaction_policy { decoupled: true }")
    ),
    "labels that the artifact brings": spec(
        triton=overrides('output { name: "PRICE__0" label_filename: "1/labels.txt" }')
    ),
    "a Python environment that the artifact brings": spec(
        triton={"parameters": {"EXECUTION_ENV_PATH": "$$TRITON_MODEL_DIRECTORY/1/env.tar.gz"}}
    ),
    "a Python environment of the image": spec(
        triton={"parameters": {"EXECUTION_ENV_PATH": "/opt/env.tar.gz"}}
    ),
}


@pytest.mark.parametrize("sound", SOUND.values(), ids=SOUND.keys())
def test_nothing_is_said_about(sound: InferenceModelSpec) -> None:
    assert check(sound) == []


BAD: dict[str, tuple[InferenceModelSpec, str]] = {
    "a scalar without a batch": (
        spec(model_changes={"outputs": [{**PRICE, "reshape": []}], "maxBatchSize": 0}),
        "spec.model.outputs[0].reshape: found [] with maxBatchSize 0, expected at least one"
        " dimension; a model without a batch dimension has no scalars: write reshape: [1] or"
        " remove it",
    ),
    "a reshape to another size": (
        spec(model_changes={"inputs": [{**WINDOW, "reshape": [60, 6]}]}),
        "spec.model.inputs[0].reshape: found [60, 6] for shape [60, 5], expected the same number"
        " of elements, with as many -1; between two -1 the products of the dimensions must be"
        " equal",
    ),
    "a reshape of a variable dimension to a fixed one": (
        spec(model_changes={"inputs": [{**WINDOW, "shape": [-1, 5], "reshape": [300]}]}),
        "spec.model.inputs[0].reshape: found [300] for shape [-1, 5], expected the same number"
        " of elements, with as many -1; between two -1 the products of the dimensions must be"
        " equal",
    ),
    "an unsigned type for TorchScript": (
        spec(model_changes={"inputs": [{**WINDOW, "dataType": "UINT32"}]}),
        "spec.model.inputs[0].dataType: found UINT32, which Triton's torchscript backend cannot"
        " take, expected one of BOOL, UINT8, INT8, INT16, INT32, INT64, FP16, FP32, FP64, BF16,"
        " STRING; convert in the model, or in a python model before it",
    ),
    "bfloat16 for ONNX": (
        spec(model_changes=onnx(outputs=[{**PRICE, "dataType": "BF16"}])),
        "spec.model.outputs[0].dataType: found BF16, which Triton's onnx backend cannot take,"
        " expected one of BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP16,"
        " FP32, FP64, STRING; convert in the model, or in a python model before it",
    ),
    "strings for TensorRT": (
        spec(
            model_changes={"format": "tensorrt", "inputs": [{**WINDOW, "dataType": "STRING"}]},
            **GPU,
        ),
        "spec.model.inputs[0].dataType: found STRING, which Triton's tensorrt backend cannot"
        " take, expected one of BOOL, UINT8, INT8, INT32, INT64, FP16, FP32, BF16; convert in the"
        " model, or in a python model before it",
    ),
    "a batch of strings for TorchScript": (
        spec(model_changes={"inputs": [{**WINDOW, "shape": [1], "dataType": "STRING"}]}),
        "spec.model.inputs[0].dataType: found STRING of 2 dimensions, the batch's included,"
        " expected STRING of one dimension: TorchScript models take strings as a flat list; with"
        " maxBatchSize of 1 or more write shape: [1] with reshape: []",
    ),
    "ragged inputs without a batch dimension": (
        spec(model_changes={"inputs": RAGGED, "maxBatchSize": 0}),
        "spec.model.inputs[0].allowRaggedBatch: found true with maxBatchSize 0, expected"
        " maxBatchSize of 1 or more: only batches can be ragged; set model.maxBatchSize and"
        " triton.dynamicBatching, or remove it",
    ),
    "ragged inputs without batching": (
        spec(model_changes={"inputs": RAGGED}),
        "spec.model.inputs[0].allowRaggedBatch: found true without batching, expected"
        " triton.dynamicBatching: requests share a batch only there; add triton.dynamicBatching,"
        " or remove it",
    ),
    "only optional inputs": (
        spec(model_changes={"inputs": [{**WINDOW, "optional": True}]}),
        "spec.model.inputs[0].optional: found true for every input, expected at least one input"
        " that each request must hold; remove optional from one of them",
    ),
    "an optional input of a TensorRT engine": (
        spec(
            model_changes={
                "format": "tensorrt",
                "inputs": [WINDOW, *tensors("MASK__1", optional=True)],
            },
            **GPU,
        ),
        "spec.model.inputs[1].optional: found true for a tensorrt model, expected false: a"
        " TensorRT engine runs with all of its inputs; remove optional",
    ),
    "TorchScript names of two kinds": (
        spec(model_changes={"inputs": tensors("WINDOW__0", "mask")}),
        'spec.model.inputs[1].name: found "mask" without an index, expected NAME__0 to NAME__1,'
        " each index once; name all of them by index, or none: mixed, Triton ignores the names",
    ),
    "an index twice": (
        spec(model_changes={"outputs": tensors("LOW__0", "HIGH__0")}),
        'spec.model.outputs[1].name: found "HIGH__0" beside "LOW__0", expected NAME__0 to'
        " NAME__1, each index once; index 0 is taken: use another",
    ),
    "an index that leaves a gap": (
        spec(model_changes={"outputs": tensors("LOW__0", "HIGH__2")}),
        'spec.model.outputs[1].name: found "HIGH__2" among 2 tensors, expected NAME__0 to'
        " NAME__1, each index once; the index is the position in forward's arguments or results,"
        " from 0",
    ),
    "a name that no argument can have": (
        spec(model_changes={"inputs": tensors("price-window")}),
        'spec.model.inputs[0].name: found "price-window", expected the name of an argument of'
        " forward, or NAME__INDEX; rename it, such as to INPUT__0",
    ),
    "priorities in order": (
        spec(
            triton={
                "dynamicBatching": {
                    "preserveOrdering": True,
                    "priorities": {"levels": 2, "default": 1},
                }
            }
        ),
        "spec.triton.dynamicBatching.priorities.levels: found 2 with preserveOrdering, expected"
        " 1: priorities let requests overtake; remove"
        " spec.triton.dynamicBatching.preserveOrdering, or this",
    ),
    "delays in order": (
        spec(triton={"dynamicBatching": {"preserveOrdering": True, "queuePolicy": DELAY}}),
        "spec.triton.dynamicBatching.queuePolicy.timeoutAction: found Delay with"
        " preserveOrdering, expected Reject: a delayed request is overtaken; remove"
        " spec.triton.dynamicBatching.preserveOrdering, or this",
    ),
    "a priority's delays in order": (
        spec(
            triton={
                "dynamicBatching": {
                    "preserveOrdering": True,
                    "priorities": {
                        "levels": 1,
                        "default": 1,
                        "policies": [{"level": 1, **DELAY}],
                    },
                }
            }
        ),
        "spec.triton.dynamicBatching.priorities.policies[0].timeoutAction: found Delay with"
        " preserveOrdering, expected Reject: a delayed request is overtaken; remove"
        " spec.triton.dynamicBatching.preserveOrdering, or this",
    ),
    "GPU indices without GPUs": (
        spec(triton={"instanceGroups": [{"kind": "Auto", "gpus": [0]}]}),
        "spec.triton.instanceGroups[0].gpus: found [0], expected none: the pod gets no GPU; add"
        " spec.accelerator (`accelerator: {}` asks for one nvidia.com/gpu), or remove gpus",
    ),
    "profiles without a plan": (
        spec(triton={"instanceGroups": [{"profiles": ["0"]}]}),
        "spec.triton.instanceGroups[0].profiles: found profiles for a torchscript model,"
        " expected none: only TensorRT plans have optimization profiles; remove it",
    ),
    "a profile that is no number": (
        spec(
            model_changes={"format": "tensorrt"},
            triton={"instanceGroups": [{"profiles": ["0", "large"]}]},
            **GPU,
        ),
        'spec.triton.instanceGroups[0].profiles[1]: found "large", expected the number of a'
        " profile, such as 0; write the profile's index in the plan",
    ),
    "a plan on the CPU": (
        spec(
            model_changes={"format": "tensorrt"},
            triton={"instanceGroups": [{"kind": "CPU"}]},
            **GPU,
        ),
        "spec.triton.instanceGroups[0].kind: found CPU for a tensorrt model, expected GPU or"
        " Auto: a TensorRT plan runs on a GPU only; change kind",
    ),
    "TensorRT with CPU instances": (
        spec(
            model_changes=onnx(),
            triton={"optimization": {"tensorrt": {}}, "instanceGroups": [{"kind": "CPU"}]},
            **GPU,
        ),
        "spec.triton.optimization.tensorrt: found TensorRT without an instance on a GPU,"
        " expected an instance group of kind GPU or Auto; change kind of an instance group, or"
        " remove it",
    ),
    "a warm-up larger than a batch": (
        spec(triton=sample(batchSize=17)),
        "spec.triton.warmup[0].batchSize: found 17, expected 1 to 16 (model.maxBatchSize);"
        " lower it, or raise model.maxBatchSize",
    ),
    "a warm-up of two for a model without a batch": (
        spec(model_changes={"maxBatchSize": 0}, triton=sample(batchSize=2)),
        "spec.triton.warmup[0].batchSize: found 2, expected 1; lower it, or raise"
        " model.maxBatchSize",
    ),
    "a warm-up with a variable dimension": (
        spec(
            model_changes={"inputs": [{**WINDOW, "shape": [-1, 5]}]},
            triton=sample(tensor={"shape": [-1, 5]}),
        ),
        "spec.triton.warmup[0].inputs[0].shape[0]: found -1, expected 1 or more: a sample has"
        " one size; write a size that requests really have",
    ),
    "a warm-up of another input": (
        spec(triton=sample(inputs=[WINDOW, *tensors("VOLUME__1")])),
        'spec.triton.warmup[0].inputs[1].name: found "VOLUME__1", expected an input of the model'
        " (WINDOW__0); rename or remove it",
    ),
    "a warm-up without an input": (
        spec(model_changes={"inputs": [WINDOW, *tensors("MASK__1")]}, triton=sample()),
        "spec.triton.warmup[0].inputs: found no MASK__1, expected every input of the model that"
        " is not optional; add what is missing",
    ),
    "a warm-up of another type": (
        spec(triton=sample(tensor={"dataType": "FP16"})),
        "spec.triton.warmup[0].inputs[0].dataType: found FP16, expected FP32, as the model's"
        " input WINDOW__0 has it; use the model's type",
    ),
    "a warm-up with the batch in its shape": (
        spec(triton=sample(tensor={"shape": [1, 60, 5]})),
        "spec.triton.warmup[0].inputs[0].shape: found [1, 60, 5], expected [60, 5], as the"
        " model's input WINDOW__0 has it; leave the batch dimension out, and fix the variable"
        " ones",
    ),
    "a version policy without the served version": (
        spec(triton={"versionPolicy": {"specific": {"versions": [2, 3]}}}),
        "spec.triton.versionPolicy.specific.versions: found [2, 3], expected a list with 1, the"
        " version that the operator serves; add 1, or remove versionPolicy",
    ),
    "an argument that replaces the repository": (
        spec(triton={"extraArgs": ["--log-verbose=1", "--repository-poll-secs=5"]}),
        "spec.triton.extraArgs[1]: found `--repository-poll-secs=5`, expected no"
        " --repository-poll-secs: the operator lays out the model repository; remove it",
    ),
    "an abbreviated argument of the operator's": (
        spec(triton={"extraArgs": ["--http-po=9000"]}),
        "spec.triton.extraArgs[0]: found `--http-po=9000`, expected no --http-port: the operator"
        " sets it itself; remove it",
    ),
    "the old cache argument": (
        spec(triton={"extraArgs": ["--response-cache-byte-size=1048576"]}),
        "spec.triton.extraArgs[0]: found `--response-cache-byte-size=1048576`, expected no"
        " --response-cache-byte-size: use triton.responseCache; remove it",
    ),
    "histograms switched twice": (
        spec(
            triton={
                "metrics": {"latencyBuckets": [5]},
                "extraArgs": ["--metrics-config=histogram_latencies=false"],
            }
        ),
        "spec.triton.extraArgs[0]: found `--metrics-config=histogram_latencies=false`, expected"
        " no histogram setting but histogram_latencies=true: a model's latency buckets turn them"
        " on; remove it",
    ),
    "histograms of the overrides switched off": (
        spec(
            triton={
                **overrides("model_metrics { metric_control { } }"),
                "extraArgs": ["--metrics-config=histogram_latencies=false"],
            }
        ),
        "spec.triton.extraArgs[0]: found `--metrics-config=histogram_latencies=false`, expected"
        " no histogram setting but histogram_latencies=true: a model's latency buckets turn them"
        " on; remove it",
    ),
    "a variable of the device plugin": (
        spec(triton={"env": [{"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"}]}),
        "spec.triton.env[0].name: found NVIDIA_VISIBLE_DEVICES, expected a variable that is"
        " yours: the device plugin sets it from spec.accelerator; remove it",
    ),
    "overrides that contradict": (
        spec(triton=overrides("max_batch_size: 4")),
        "spec.triton.configOverrides: max_batch_size: found 4, expected 16 as in"
        " spec.model.maxBatchSize; overrides cannot contradict the spec: change it there, or"
        " remove one of the two",
    ),
    "an overridden name": (
        spec(triton=overrides('name: "lstm"')),
        'spec.triton.configOverrides: name: found "lstm", expected no name: it comes from'
        " spec.model.name, or that of the resource or step; remove it, and set spec.model.name"
        " where Triton's name differs",
    ),
    "an ensemble by overrides": (
        spec(triton=overrides('ensemble_scheduling { step { model_name: "a" } }')),
        "spec.triton.configOverrides: ensemble_scheduling: found an ensemble's steps, expected"
        " the config of one model; ensembles are resources of their own kind: EnsemblePipeline",
    ),
    "batching by overrides without a batch": (
        spec(model_changes={"maxBatchSize": 0}, triton=overrides("dynamic_batching { }")),
        "spec.triton.configOverrides: dynamic_batching: found batching with model.maxBatchSize"
        " 0, expected model.maxBatchSize of 1 or more; set model.maxBatchSize, and use"
        " spec.triton.dynamicBatching",
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
        " spec.triton.responseCache",
    ),
    "tensors by overrides without dimensions": (
        spec(
            model_changes=onnx(inputs=None, outputs=None),
            triton=overrides('input { name: "x" data_type: TYPE_FP32 }'),
        ),
        "spec.triton.configOverrides: input[x].dims: found [], expected one or more dimensions,"
        " each 1 or more, or -1; write -1 for a dimension that varies",
    ),
    "labels that no pod has": (
        spec(triton=overrides('output { name: "PRICE__0" label_filename: "labels.txt" }')),
        'spec.triton.configOverrides: output[PRICE__0].label_filename: found "labels.txt", expected'
        " a file of the artifact, whose folder is 1; put it into the folder of the artifact, as"
        ' "1/FILE", or remove it',
    ),
    "labels out of the artifact's folder": (
        spec(triton=overrides('output { name: "PRICE__0" label_filename: "1/../labels.txt" }')),
        "spec.triton.configOverrides: output[PRICE__0].label_filename: found"
        ' "1/../labels.txt", expected a file of the artifact, whose folder is 1; put it into the'
        ' folder of the artifact, as "1/FILE", or remove it',
    ),
    "warm-up data that no pod has": (
        spec(
            triton=overrides(
                'model_warmup { name: "day" batch_size: 1 inputs { key: "WINDOW__0" value {'
                ' data_type: TYPE_FP32 dims: [60, 5] input_data_file: "day.bin" } } }'
            )
        ),
        "spec.triton.configOverrides: model_warmup[day].inputs[WINDOW__0].input_data_file: found"
        ' "day.bin", expected zero_data or random_data: the pod has no folder warmup; use'
        " spec.triton.warmup",
    ),
    "a Python environment that no pod has": (
        spec(triton={"parameters": {"EXECUTION_ENV_PATH": "$$TRITON_MODEL_DIRECTORY/e.tar.gz"}}),
        'spec.triton.parameters[EXECUTION_ENV_PATH]: found "$$TRITON_MODEL_DIRECTORY/e.tar.gz",'
        " expected a file of the artifact, whose folder is 1, or of the image; put it into the"
        " folder of the artifact, as $$TRITON_MODEL_DIRECTORY/1/FILE",
    ),
}


@pytest.mark.parametrize(("bad", "sentence"), BAD.values(), ids=BAD.keys())
def test_one_sentence_is_said_about(bad: InferenceModelSpec, sentence: str) -> None:
    assert [str(problem) for problem in check(bad)] == [sentence]


def test_all_problems_are_said_at_once_and_in_the_order_of_the_fields() -> None:
    bad = spec(
        model_changes={"inputs": [{**WINDOW, "reshape": [60, 6]}]},
        triton={"extraArgs": ["--cache-directory=/tmp"], **overrides("max_batch_size: 4")},
    )
    assert [problem.path for problem in check(bad)] == [
        "spec.model.inputs[0].reshape",
        "spec.triton.extraArgs[0]",
        "spec.triton.configOverrides: max_batch_size",
    ]


def test_the_served_version_is_the_one_that_counts() -> None:
    later = spec(triton={"versionPolicy": {"specific": {"versions": [7]}}})
    assert check(later, version=7) == []


def test_the_files_of_an_artifact_lie_in_the_folder_of_the_version_that_is_served() -> None:
    labels = spec(triton=overrides('output { name: "PRICE__0" label_filename: "7/labels.txt" }'))
    assert check(labels, version=7) == []
    assert len(check(labels, version=8)) == 1
