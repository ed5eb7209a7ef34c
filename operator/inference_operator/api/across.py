"""Rules that look at several sections of the spec at once, and the one about the name."""

import re
from typing import TYPE_CHECKING

from inference_operator.api.model import ModelFormat
from inference_operator.api.rules import Rule
from inference_operator.api.source import FROM_REGISTRY
from inference_operator.api.triton import InstanceKind
from inference_operator.api.workload import WhenUnavailable

if TYPE_CHECKING:
    from inference_operator.api.inference_model import InferenceModel, InferenceModelSpec

# Children are called `<name>-<hash>`, at most 63 characters with a hash of 10.
MAX_NAME = 52
_ADD = "add spec.accelerator (`accelerator: {}` asks for one nvidia.com/gpu)"
_NAME = r"[a-z]([-a-z0-9]*[a-z0-9])?"
_BATCHING = "has(self.triton) && has(self.triton.dynamicBatching)"
_MAX_BATCH = "(has(self.model.maxBatchSize) ? self.model.maxBatchSize : 0)"
# The registry may know it: then the operator looks once more, at what the registry said.
_UNKNOWN_BATCH = (
    f"({FROM_REGISTRY.format('self.model.source.uri')} && !has(self.model.maxBatchSize))"
)
_GROUPS = "has(self.triton) && has(self.triton.instanceGroups)"
_GPUS = "(has(self.accelerator.count) ? self.accelerator.count : 1)"
_RESOURCE = "(has(self.accelerator.resource) ? self.accelerator.resource : 'nvidia.com/gpu')"


def _named(resource: "InferenceModel") -> bool:
    name = resource.metadata.get("name")
    if not isinstance(name, str):
        return True  # generateName: the API server makes it up
    return len(name) <= MAX_NAME and re.fullmatch(_NAME, name) is not None


NAME_RULE = Rule(
    cel=f"self.metadata.name.size() <= {MAX_NAME} && self.metadata.name.matches('^{_NAME}$')",
    holds=_named,
    found='"{metadata.name}"',
    expected=f"at most {MAX_NAME} lower-case letters, digits and '-', starting with a letter and"
    " ending with a letter or digit",
    remedy="choose another name, since Services and Deployments are named after it",
    field="metadata.name",
)


def _batches(spec: "InferenceModelSpec") -> bool:
    return (
        spec.triton.dynamic_batching is None
        or spec.model.max_batch_size >= 1
        or (spec.model.source.from_registry and not spec.model.has("max_batch_size"))
    )


def _batch_sizes_fit(spec: "InferenceModelSpec") -> bool:
    batching = spec.triton.dynamic_batching
    sizes = batching.preferred_batch_sizes if batching else ()
    return spec.model.max_batch_size == 0 or all(s <= spec.model.max_batch_size for s in sizes)


def _groups_have_gpus(spec: "InferenceModelSpec") -> bool:
    groups = spec.triton.instance_groups
    return spec.accelerator is not None or all(g.kind != InstanceKind.GPU for g in groups)


def _indices_exist(spec: "InferenceModelSpec") -> bool:
    count = spec.accelerator.count if spec.accelerator else 0
    return not count or all(i < count for g in spec.triton.instance_groups for i in g.gpus)


def _tensorrt_on_onnx(spec: "InferenceModelSpec") -> bool:
    optimization = spec.triton.optimization
    accelerated = optimization is not None and optimization.has("tensorrt")
    return not accelerated or spec.model.format in (None, ModelFormat.ONNX)


def _tensorrt_has_gpu(spec: "InferenceModelSpec") -> bool:
    optimization = spec.triton.optimization
    accelerated = optimization is not None and optimization.has("tensorrt")
    return not accelerated or spec.accelerator is not None


def _engine_has_gpu(spec: "InferenceModelSpec") -> bool:
    return spec.model.format != ModelFormat.TENSORRT or spec.accelerator is not None


def _engine_waits(spec: "InferenceModelSpec") -> bool:
    accelerator = spec.accelerator
    return (
        spec.model.format != ModelFormat.TENSORRT
        or accelerator is None
        or accelerator.when_unavailable == WhenUnavailable.WAIT
    )


def _gpus_asked_once(spec: "InferenceModelSpec") -> bool:
    named = {*spec.resources.requests, *spec.resources.limits}
    return spec.accelerator is None or spec.accelerator.resource not in named


SPEC_RULES = (
    Rule(
        cel=f"!({_BATCHING}) || {_MAX_BATCH} >= 1 || {_UNKNOWN_BATCH}",
        holds=_batches,
        found="dynamicBatching with model.maxBatchSize {model.maxBatchSize|absent}",
        expected="model.maxBatchSize of 1 or more",
        remedy="set model.maxBatchSize, or remove dynamicBatching",
        field="triton.dynamicBatching",
    ),
    Rule(
        cel=f"!({_BATCHING} && has(self.triton.dynamicBatching.preferredBatchSizes))"
        f" || {_MAX_BATCH} == 0"
        f" || self.triton.dynamicBatching.preferredBatchSizes.all(s, s <= {_MAX_BATCH})",
        holds=_batch_sizes_fit,
        found="{triton.dynamicBatching.preferredBatchSizes}",
        expected="sizes up to model.maxBatchSize, which is {model.maxBatchSize|absent}",
        remedy="remove the size, or raise model.maxBatchSize",
        field="triton.dynamicBatching.preferredBatchSizes",
    ),
    Rule(
        cel=f"has(self.accelerator) || !({_GROUPS}) || self.triton.instanceGroups.all(g,"
        " !has(g.kind) || g.kind != 'GPU')",
        holds=_groups_have_gpus,
        found="a group of kind GPU without spec.accelerator",
        expected="GPUs to run it on",
        remedy=f"{_ADD}, or change the group's kind",
        field="triton.instanceGroups",
    ),
    Rule(
        cel=f"!has(self.accelerator) || !({_GROUPS}) || self.triton.instanceGroups.all(g,"
        f" !has(g.gpus) || g.gpus.all(i, i < {_GPUS}))",
        holds=_indices_exist,
        found="the index of a GPU that the pod does not have",
        expected="indices from 0 and below spec.accelerator.count, which is {accelerator.count|1}",
        remedy="lower the index, or raise the count",
        field="triton.instanceGroups",
    ),
    Rule(
        cel="!has(self.triton) || !has(self.triton.optimization)"
        " || !has(self.triton.optimization.tensorrt)"
        " || !has(self.model.format) || self.model.format == 'onnx'",
        holds=_tensorrt_on_onnx,
        found="tensorrt for a model of format {model.format}",
        expected="format onnx",
        remedy="remove optimization.tensorrt",
        field="triton.optimization.tensorrt",
    ),
    Rule(
        cel="!has(self.triton) || !has(self.triton.optimization)"
        " || !has(self.triton.optimization.tensorrt) || has(self.accelerator)",
        holds=_tensorrt_has_gpu,
        found="tensorrt without spec.accelerator",
        expected="a GPU to run it on",
        remedy=f"{_ADD}, or remove optimization.tensorrt",
        field="triton.optimization.tensorrt",
    ),
    Rule(
        cel="!has(self.model.format) || self.model.format != 'tensorrt' || has(self.accelerator)",
        holds=_engine_has_gpu,
        found="format tensorrt without spec.accelerator",
        expected="a GPU, since a TensorRT engine runs nowhere else",
        remedy=_ADD,
        field="model.format",
    ),
    Rule(
        cel="!has(self.model.format) || self.model.format != 'tensorrt' || !has(self.accelerator)"
        " || !has(self.accelerator.whenUnavailable) || self.accelerator.whenUnavailable == 'Wait'",
        holds=_engine_waits,
        found="UseCPU for a model of format tensorrt",
        expected="Wait, since a TensorRT engine runs on a GPU only",
        remedy="remove whenUnavailable",
        field="accelerator.whenUnavailable",
    ),
    Rule(
        cel="!has(self.accelerator) || !has(self.resources) ||"
        f" (!(has(self.resources.requests) && {_RESOURCE} in self.resources.requests)"
        f" && !(has(self.resources.limits) && {_RESOURCE} in self.resources.limits))",
        holds=_gpus_asked_once,
        found="{accelerator.resource|nvidia.com/gpu} in resources too",
        expected="it in spec.accelerator only",
        remedy="remove it from resources, and set accelerator.count",
        field="resources",
    ),
)
