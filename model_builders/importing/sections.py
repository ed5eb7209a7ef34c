"""Readers of sections of a ModelConfig, which return fields of `spec.triton`.

A reader returns None if a section is absent, or if the API cannot express it: the section then goes
to configOverrides. They need not be exact: the result is rendered and compared.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from inference_operator.api.base import format_duration
from inference_operator.api.triton import InstanceKind
from model_builders.instances import KINDS
from model_builders.names import api_type, type_name
from model_builders.serving import LATENCY_FAMILY

Fragment = dict[str, Any]
DEFAULT_CACHE_SIZE = "64Mi"
_KINDS: Mapping[int, InstanceKind] = {number: kind for kind, number in KINDS.items()}


def _microseconds(count: int) -> str:
    return format_duration(timedelta(microseconds=count))


def _batching(config: Any) -> Fragment | None:
    if not config.HasField("dynamic_batching") or config.max_batch_size == 0:
        return None  # the API has no batching without batches; Triton reads its queue policies
    batching = config.dynamic_batching
    fields: Fragment = {}
    if batching.preferred_batch_size:
        fields["preferredBatchSizes"] = list(batching.preferred_batch_size)
    if batching.max_queue_delay_microseconds:
        fields["maxQueueDelay"] = _microseconds(batching.max_queue_delay_microseconds)
    if batching.preserve_ordering:
        fields["preserveOrdering"] = True
    if batching.priority_levels and batching.default_priority_level:
        fields["priorities"] = _priorities(batching)
    if batching.HasField("default_queue_policy"):
        fields["queuePolicy"] = _policy(batching.default_queue_policy)
    return fields


def _priorities(batching: Any) -> Fragment:
    fields: Fragment = {
        "levels": batching.priority_levels,
        "default": batching.default_priority_level,
    }
    policies = batching.priority_queue_policy
    if policies:
        fields["policies"] = [{"level": n, **_policy(policies[n])} for n in sorted(policies)]
    return fields


def _policy(policy: Any) -> Fragment:
    fields: Fragment = {}
    if policy.timeout_action:
        fields["timeoutAction"] = "Delay"
    if policy.default_timeout_microseconds:
        fields["defaultTimeout"] = _microseconds(policy.default_timeout_microseconds)
    if policy.allow_timeout_override:
        fields["allowTimeoutOverride"] = True
    if policy.max_queue_size:
        fields["maxQueueSize"] = policy.max_queue_size
    return fields


def _groups(config: Any) -> list[Fragment] | None:
    return [_group(group) for group in config.instance_group] or None


def _group(group: Any) -> Fragment:
    fields: Fragment = {"name": group.name} if group.name else {}
    kind = _KINDS.get(group.kind)
    if kind is not InstanceKind.AUTO:
        fields["kind"] = kind.value if kind else "unknown"
    fields["count"] = group.count
    if group.gpus:
        fields["gpus"] = list(group.gpus)
    if group.profile:
        fields["profiles"] = list(group.profile)
    return fields


def _optimization(config: Any) -> Fragment | None:
    optimization = config.optimization
    fields: Fragment = {}
    if optimization.HasField("graph") and -1 <= optimization.graph.level <= 2:
        fields["graphLevel"] = optimization.graph.level
    if optimization.HasField("cuda"):
        fields["cudaGraphs"] = optimization.cuda.graphs
    pinned = optimization.input_pinned_memory, optimization.output_pinned_memory
    sides = ("input_pinned_memory", "output_pinned_memory")
    if all(map(optimization.HasField, sides)) and pinned[0].enable == pinned[1].enable:
        fields["pinnedMemory"] = pinned[0].enable
    if optimization.eager_batching:
        fields["eagerBatching"] = True
    tensorrt = _tensorrt(optimization.execution_accelerators.gpu_execution_accelerator)
    if tensorrt is not None and "onnx" in f"{config.backend} {config.platform}":
        fields["tensorrt"] = tensorrt
    return fields or None


def _tensorrt(accelerators: Any) -> Fragment | None:
    if len(accelerators) != 1 or accelerators[0].name != "tensorrt":
        return None
    parameters = dict(accelerators[0].parameters)
    fields: Fragment = {}
    precision = parameters.pop("precision_mode", None)
    size = parameters.pop("max_workspace_size_bytes", None)
    if parameters or precision not in (None, "FP32", "FP16", "INT8"):
        return None
    if precision is not None:
        fields["precision"] = precision
    if size is not None:
        fields["maxWorkspaceSize"] = _quantity(size)
    return fields


def _quantity(size: str) -> str:
    if size.isascii() and size.isdigit() and int(size):
        for suffix, factor in (("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)):
            if int(size) % factor == 0:
                return f"{int(size) // factor}{suffix}"
    return size


def _cache(config: Any) -> Fragment | None:
    return {"size": DEFAULT_CACHE_SIZE} if config.response_cache.enable else None


def _warmup(config: Any) -> list[Fragment] | None:
    return [_sample(sample) for sample in config.model_warmup] or None


def _sample(sample: Any) -> Fragment:
    return {
        "name": sample.name,
        "batchSize": sample.batch_size,
        "count": sample.count,
        "inputs": [_warmup_input(n, sample.inputs[n]) for n in sorted(sample.inputs)],
    }


def _warmup_input(name: str, tensor: Any) -> Fragment:
    data_type = api_type(tensor.data_type)
    fields: Fragment = {
        "name": name,
        "dataType": data_type.value if data_type else type_name(tensor.data_type),
        "shape": list(tensor.dims),
    }
    if tensor.random_data:
        fields["data"] = "Random"
    return fields


def _versions(config: Any) -> Fragment | None:
    policy = config.version_policy
    choice = policy.WhichOneof("policy_choice")
    if choice == "latest":
        return {"latest": {"numVersions": policy.latest.num_versions}}
    if choice == "specific":
        return {"specific": {"versions": list(policy.specific.versions)}}
    return {"all": {}} if choice == "all" else None


def _parameters(config: Any) -> Fragment | None:
    return {key: config.parameters[key].string_value for key in sorted(config.parameters)} or None


def _metrics(config: Any) -> Fragment | None:
    controls = config.model_metrics.metric_control
    if len(controls) != 1 or controls[0].metric_identifier.family != LATENCY_FAMILY:
        return None
    buckets = list(controls[0].histogram_options.buckets)
    if not buckets or any(not bucket.is_integer() for bucket in buckets):
        return None
    return {"latencyBuckets": [int(bucket) for bucket in buckets]}


READERS: Mapping[str, Callable[[Any], Any]] = {
    "dynamicBatching": _batching,
    "instanceGroups": _groups,
    "optimization": _optimization,
    "responseCache": _cache,
    "warmup": _warmup,
    "versionPolicy": _versions,
    "parameters": _parameters,
    "metrics": _metrics,
}
