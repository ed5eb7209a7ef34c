"""Which field of the spec says what a field of config.pbtxt says, for messages that name both."""

import re
from collections.abc import Mapping

Owners = Mapping[str, str]

# What has no closing bracket is matched to the end, so that it is read once.
_KEY = re.compile(r"\[[^\]]*+(?:\]|\Z)")

OF_MODEL: Owners = {
    "name": "spec.model.name",
    "backend": "spec.model.format",
    "platform": "spec.model.format",
    "max_batch_size": "spec.model.maxBatchSize",
    "input": "spec.model.inputs",
    "output": "spec.model.outputs",
    "version_policy": "spec.triton.versionPolicy",
    "dynamic_batching": "spec.triton.dynamicBatching",
    "dynamic_batching.preferred_batch_size": "spec.triton.dynamicBatching.preferredBatchSizes",
    "dynamic_batching.max_queue_delay_microseconds": "spec.triton.dynamicBatching.maxQueueDelay",
    "dynamic_batching.preserve_ordering": "spec.triton.dynamicBatching.preserveOrdering",
    "dynamic_batching.priority_levels": "spec.triton.dynamicBatching.priorities.levels",
    "dynamic_batching.default_priority_level": "spec.triton.dynamicBatching.priorities.default",
    "dynamic_batching.priority_queue_policy": "spec.triton.dynamicBatching.priorities.policies",
    "dynamic_batching.default_queue_policy": "spec.triton.dynamicBatching.queuePolicy",
    "instance_group": "spec.triton.instanceGroups",
    "optimization": "spec.triton.optimization",
    "optimization.graph": "spec.triton.optimization.graphLevel",
    "optimization.cuda": "spec.triton.optimization.cudaGraphs",
    "optimization.execution_accelerators": "spec.triton.optimization.tensorrt",
    "optimization.input_pinned_memory": "spec.triton.optimization.pinnedMemory",
    "optimization.output_pinned_memory": "spec.triton.optimization.pinnedMemory",
    "optimization.eager_batching": "spec.triton.optimization.eagerBatching",
    "response_cache": "spec.triton.responseCache",
    "model_warmup": "spec.triton.warmup",
    "parameters": "spec.triton.parameters",
    "model_metrics": "spec.triton.metrics",
    "ensemble_scheduling": "spec.steps",
}
OF_PIPELINE: Owners = {
    **OF_MODEL,
    "name": "spec.name",
    "platform": "spec.steps",
    "max_batch_size": "spec.maxBatchSize",
    "input": "spec.inputs",
    "output": "spec.outputs",
}

_TENSOR_FIELDS = {
    "dims": ".shape",
    "data_type": ".dataType",
    "reshape": ".reshape",
    "optional": ".optional",
    "allow_ragged_batch": ".allowRaggedBatch",
}


def spec_path(config_path: str, default: str, owners: Owners = OF_MODEL) -> str:
    """The spec's field behind a config path; `default` where the spec has none.

    `dynamic_batching.priority_levels` is `spec.triton.dynamicBatching.priorities.levels`,
    `input[x].dims` is `spec.model.inputs[x].shape`, `parameters[k].string_value` is
    `spec.triton.parameters[k]`.
    """
    keys = [key for key in _KEY.findall(config_path) if key.endswith("]")]
    without = _KEY.sub(lambda key: "" if key[0].endswith("]") else key[0], config_path)
    parts = without.split(".")
    for length in range(len(parts), 0, -1):
        owner = owners.get(".".join(parts[:length]))
        if owner is not None:
            suffix = _TENSOR_FIELDS.get(parts[1], "") if keys and len(parts) > 1 else ""
            return owner + "".join(keys[:1]) + suffix
    return default
