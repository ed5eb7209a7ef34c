"""`spec.triton`: Triton's settings for the model, rendered into `config.pbtxt` and server
arguments."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from inference_operator.api.base import ApiModel, Bool, Int, Quantity
from inference_operator.api.batching import DynamicBatching
from inference_operator.api.model import MAX_BATCH, DataType, Dim, TensorName
from inference_operator.api.one_of import exactly_one
from inference_operator.api.rules import Check, Rule, UniqueBy, cel_string, keys
from inference_operator.api.triton_server import TritonServer


class InstanceKind(StrEnum):
    """Device that instances of the model run on (Triton's `KIND_` values)."""

    AUTO = "Auto"
    CPU = "CPU"
    GPU = "GPU"
    MODEL = "Model"


class InstanceGroup(ApiModel):
    """Execution instances of the model within one pod."""

    rules: ClassVar = (
        Rule(
            cel="!has(self.gpus) || !has(self.kind) || self.kind in ['GPU', 'Auto']",
            holds=lambda self: (
                not self.has("gpus") or self.kind in (InstanceKind.GPU, InstanceKind.AUTO)
            ),
            value="gpus with kind {kind|Auto}",
            requirement="kind GPU or Auto",
            remedy="remove gpus, or change kind",
            field="gpus",
        ),
    )

    name: Annotated[str, Field(min_length=1, max_length=253)] | None = None
    """Name of the group. Absent: Triton generates one."""

    kind: InstanceKind = InstanceKind.AUTO
    """CPU, GPU, Auto (GPU where the pod has one) or Model (the backend decides)."""

    count: Annotated[Int, Field(ge=1, le=1024)] = 1
    """Number of instances; in GPU groups, on each of the group's GPUs."""

    gpus: Annotated[
        tuple[Annotated[Int, Field(ge=0, le=1023)], ...], Field(max_length=64), UniqueBy()
    ] = ()
    """Indices of the pod's GPUs to use, from 0. Absent: all GPUs of the pod."""

    profiles: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=253)], ...],
        Field(max_length=64),
        UniqueBy(),
    ] = ()
    """TensorRT optimization profiles to use."""


class Precision(StrEnum):
    """Precision that TensorRT may compute in."""

    FP32 = "FP32"
    FP16 = "FP16"
    INT8 = "INT8"


class TensorRTAcceleration(ApiModel):
    """Execution of an ONNX graph by TensorRT on the GPU."""

    precision: Precision = Precision.FP32
    """Lowest precision that TensorRT may use."""

    max_workspace_size: Quantity | None = None
    """GPU memory that TensorRT may use while it builds the engine, such as `1Gi`."""


class Optimization(ApiModel):
    """Triton's optimization settings (ModelOptimizationPolicy)."""

    graph_level: Annotated[Int, Field(ge=-1, le=2)] | None = None
    """Level of graph optimization; each backend defines its own levels. ONNX: 0 or absent all, 1
    extended, -1 basic, 2 none."""

    tensorrt: TensorRTAcceleration | None = None
    """TensorRT as the execution accelerator of an ONNX model. It needs a GPU."""

    cuda_graphs: Bool | None = None
    """Whether TensorRT models run as CUDA graphs."""

    pinned_memory: Bool | None = None
    """Whether inputs and outputs pass through pinned memory. Absent: Triton's default, yes."""

    eager_batching: Bool | None = None
    """Whether the next batch is prepared while the current one runs."""


class WarmupData(StrEnum):
    """Content of a warm-up input."""

    ZERO = "Zero"
    RANDOM = "Random"


class WarmupInput(ApiModel):
    """One input of a warm-up request."""

    name: TensorName
    """Name of the input."""

    data_type: DataType
    """Element type."""

    shape: Annotated[tuple[Dim, ...], Field(max_length=16)]
    """Fixed dimensions, without the batch dimension."""

    data: WarmupData = WarmupData.ZERO
    """Zero or Random values."""


class Warmup(ApiModel):
    """A request that each instance must answer before the model counts as ready."""

    name: Annotated[str, Field(min_length=1, max_length=253)]
    """Name of the sample, shown in Triton's log."""

    batch_size: Annotated[Int, Field(ge=1, le=MAX_BATCH)] = 1
    """Batch size of the request; 1 for models without a batch dimension."""

    count: Annotated[Int, Field(ge=0, le=1000)] = 1
    """Number of times that the request is sent."""

    inputs: Annotated[
        tuple[WarmupInput, ...],
        Field(
            min_length=1,
            max_length=64,
        ),
        UniqueBy("name"),
    ]
    """Inputs of the request."""


class VersionPolicy(ApiModel):
    """Versions in the artifact that Triton serves; set exactly one field."""

    rules: ClassVar = (
        exactly_one("latest", "all", "specific", remedy="keep the one that is meant"),
    )

    class Latest(ApiModel):
        """The highest version numbers."""

        num_versions: Annotated[Int, Field(ge=1, le=1000)] = 1
        """Number of versions."""

    class All(ApiModel):
        """Every version."""

    class Specific(ApiModel):
        """Named versions."""

        versions: Annotated[
            tuple[Annotated[Int, Field(ge=1, le=2**53)], ...],
            Field(min_length=1, max_length=100),
            UniqueBy(),
        ]
        """Version numbers. They must include the version that the operator serves."""

    latest: Latest | None = None
    """Serve the highest version numbers."""

    all: All | None = None
    """Serve every version."""

    specific: Specific | None = None
    """Serve the named versions."""


class Metrics(ApiModel):
    """Metrics that Triton exports for the model, in addition to its defaults."""

    rules: ClassVar = (
        Rule(
            cel="self.latencyBuckets.isSorted()"
            " && self.latencyBuckets.all(a, self.latencyBuckets.exists_one(b, b == a))",
            holds=lambda self: list(self.latency_buckets) == sorted(set(self.latency_buckets)),
            value="bounds out of order, or one of them twice",
            requirement="bounds in ascending order",
            remedy="sort them",
            field="latencyBuckets",
        ),
    )

    latency_buckets: Annotated[
        tuple[Annotated[Int, Field(ge=1, le=3_600_000)], ...], Field(min_length=1, max_length=32)
    ]
    """Upper bounds of the histogram `nv_inference_first_response_histogram_ms` (Triton 26.01 and
    later), in whole milliseconds and ascending. Put one exactly at your latency objective."""


# Fields of the models of both kinds.
InstanceGroups = Annotated[tuple[InstanceGroup, ...], Field(max_length=16)]
Warmups = Annotated[tuple[Warmup, ...], Field(max_length=16), UniqueBy("name")]
# Protobuf's reader of strings takes time with the square of a run of backslashes.
MOST_BACKSLASHES = 64
_RUN = rf"\\{{{MOST_BACKSLASHES + 1}}}"
ConfigOverrides = Annotated[
    str,
    Field(max_length=65536),
    Check(
        Rule(
            cel=f"!self.matches({cel_string(_RUN)})",
            holds=lambda self: "\\" * (MOST_BACKSLASHES + 1) not in self,
            value=f"more than {MOST_BACKSLASHES} backslashes in a row",
            requirement=f"at most {MOST_BACKSLASHES} backslashes in a row",
            remedy="remove those that escape nothing",
        )
    ),
]
Parameters = Annotated[
    dict[str, Annotated[str, Field(max_length=4096)]],
    Field(max_length=64),
    keys(
        r"[^\n]+",
        253,
        "an empty or too long key",
        "keys of 1 to 253 characters",
        "write the key that the backend reads",
    ),
]


class Triton(TritonServer):
    """Triton's settings for the model."""

    dynamic_batching: DynamicBatching | None = None
    """Gathering of requests into batches; needs `model.maxBatchSize` >= 1. Absent: no batching.
    `{}`: Triton's defaults."""

    instance_groups: InstanceGroups = ()
    """Execution instances within one pod. Absent: 1, on each GPU if the pod has any."""

    optimization: Optimization | None = None
    """Optimization settings."""

    warmup: Warmups = ()
    """Requests that each instance must answer before the model is ready."""

    version_policy: VersionPolicy | None = None
    """Versions that Triton serves. Absent: the version of the revision."""

    parameters: Parameters = {}
    """Backend parameters, as in config.pbtxt's `parameters`."""

    metrics: Metrics | None = None
    """Metrics in addition to Triton's defaults."""

    config_overrides: ConfigOverrides | None = None
    """config.pbtxt text (protobuf text format) for settings that have no field here. It is merged
    last: single fields are replaced, maps and messages merged, inputs and outputs merged by name,
    other lists replaced. It cannot change `name` or contradict a field of this spec."""
