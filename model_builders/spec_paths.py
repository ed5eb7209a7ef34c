"""Paths of the spec for paths of config.pbtxt, for messages that name both."""

import re
from collections.abc import Mapping

from inference_operator.api.model import Model, ModelFormat

Owners = Mapping[str, str]

# A key without a closing bracket is matched to the end, so that it is read once.
_KEY = re.compile(r"\[[^\]]*+(?:\]|\Z)")

OF_MODEL: Owners = {
    "name": "model.name",
    "backend": "model.format",
    "platform": "model.format",
    "max_batch_size": "model.maxBatchSize",
    "input": "model.inputs",
    "output": "model.outputs",
    "version_policy": "triton.versionPolicy",
    "dynamic_batching": "triton.dynamicBatching",
    "dynamic_batching.preferred_batch_size": "triton.dynamicBatching.preferredBatchSizes",
    "dynamic_batching.max_queue_delay_microseconds": "triton.dynamicBatching.maxQueueDelay",
    "dynamic_batching.preserve_ordering": "triton.dynamicBatching.preserveOrdering",
    "dynamic_batching.priority_levels": "triton.dynamicBatching.priorities.levels",
    "dynamic_batching.default_priority_level": "triton.dynamicBatching.priorities.default",
    "dynamic_batching.priority_queue_policy": "triton.dynamicBatching.priorities.policies",
    "dynamic_batching.default_queue_policy": "triton.dynamicBatching.queuePolicy",
    "instance_group": "triton.instanceGroups",
    "optimization": "triton.optimization",
    "optimization.graph": "triton.optimization.graphLevel",
    "optimization.cuda": "triton.optimization.cudaGraphs",
    "optimization.execution_accelerators": "triton.optimization.tensorrt",
    "optimization.input_pinned_memory": "triton.optimization.pinnedMemory",
    "optimization.output_pinned_memory": "triton.optimization.pinnedMemory",
    "optimization.eager_batching": "triton.optimization.eagerBatching",
    "response_cache": "triton.responseCache",
    "model_warmup": "triton.warmup",
    "parameters": "triton.parameters",
    "model_metrics": "triton.metrics",
    "ensemble_scheduling": "steps",
}
OF_CUSTOM: Owners = {**OF_MODEL, "backend": "model.backend", "platform": "model.backend"}
OF_PIPELINE: Owners = {
    **OF_MODEL,
    "name": "name",
    "platform": "steps",
    "max_batch_size": "maxBatchSize",
    "input": "inputs",
    "output": "outputs",
}

_TENSOR_FIELDS = {
    "dims": ".shape",
    "data_type": ".dataType",
    "reshape": ".reshape",
    "optional": ".optional",
    "allow_ragged_batch": ".allowRaggedBatch",
}


def owners_of(model: Model) -> Owners:
    """Return the owners of the fields that a model's spec renders."""
    return OF_CUSTOM if model.format is ModelFormat.CUSTOM else OF_MODEL


def spec_path(config_path: str, owners: Owners = OF_MODEL) -> str:
    """Return the spec's path for a config path; configOverrides if the spec has none.

    `dynamic_batching.priority_levels` is `triton.dynamicBatching.priorities.levels`,
    `input[x].dims` is `model.inputs[x].shape`, `parameters[k].string_value` is
    `triton.parameters[k]`.
    """
    keys = [key for key in _KEY.findall(config_path) if key.endswith("]")]
    without = _KEY.sub(lambda key: "" if key[0].endswith("]") else key[0], config_path)
    parts = without.split(".")
    for length in range(len(parts), 0, -1):
        owner = owners.get(".".join(parts[:length]))
        if owner is not None:
            suffix = _TENSOR_FIELDS.get(parts[1], "") if keys and len(parts) > 1 else ""
            return owner + "".join(keys[:1]) + suffix
    return "triton.configOverrides"
