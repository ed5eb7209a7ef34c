"""Rules across several sections of the spec."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from inference_operator.api.batching import DynamicBatching
from inference_operator.api.model import Model, ModelFormat
from inference_operator.api.rules import Computed, Rule
from inference_operator.api.serving_spec import ServingSpec
from inference_operator.api.source import FROM_REGISTRY
from inference_operator.api.triton import InstanceGroups, InstanceKind, Optimization
from inference_operator.api.workload import WhenUnavailable

_ADD = "add spec.accelerator (`accelerator: {}` asks for one nvidia.com/gpu)"


class ModelTriton(Protocol):
    """Triton's settings for one model."""

    @property
    def dynamic_batching(self) -> DynamicBatching | None: ...
    @property
    def instance_groups(self) -> InstanceGroups: ...
    @property
    def optimization(self) -> Optimization | None: ...


class Part(Protocol):
    """The settings of one model: the spec of an InferenceModel, or a step of a pipeline."""

    @property
    def model(self) -> Model | None: ...
    @property
    def triton(self) -> ModelTriton: ...


@dataclass(frozen=True, slots=True)
class CrossFieldRule:
    """A rule about the settings of one model: between them, or about its pod (`of_pod`).

    The model's place, `$` in CEL and the second argument of `holds`, is the spec of an
    InferenceModel or a step of a pipeline; `self` and the first argument are the whole spec. A
    rule that reads `$.model` (`of_model`) applies only to steps with a model of their own.
    """

    cel: str
    holds: Callable[[Any, Any], bool]
    value: str
    requirement: str
    remedy: str
    field: str
    of_pod: bool = False
    of_model: bool = True

    def in_model(self) -> Rule:
        """Return the rule of InferenceModelSpec."""
        return self._rule(self.cel.replace("$", "self"), lambda spec: self.holds(spec, spec))

    def in_step(self) -> Rule:
        """Return the rule of Step."""
        return self._rule(self._of("self"), lambda step: self.holds(step, step))

    def in_pipeline(self) -> Rule:
        """Return the rule of EnsemblePipelineSpec, which names the first step that breaks it."""
        name = f"self.steps.filter(s, !({self._of('s')}))[0].name"
        return Rule(
            cel=f"self.steps.all(s, {self._of('s')})",
            holds=lambda spec: all(self.holds(spec, step) for step in spec.steps),
            value=f"{self.value} (step {{step}})",
            requirement=self.requirement,
            remedy=self.remedy,
            field=self.field if self.field.startswith("accelerator") else "steps",
            computed=(Computed("step", name, self._broken),),
        )

    def _of(self, place: str) -> str:
        guard = f"!has({place}.model) || " if self.of_model else ""
        return guard + self.cel.replace("$", place)

    def _broken(self, spec: Any) -> str:
        return str(next(step.name for step in spec.steps if not self.holds(spec, step)))

    def _rule(self, cel: str, holds: Callable[[Any], bool]) -> Rule:
        return Rule(cel, holds, self.value, self.requirement, self.remedy, self.field)


_BATCHING = "has($.triton) && has($.triton.dynamicBatching)"
_MAX_BATCH = "(has($.model.maxBatchSize) ? $.model.maxBatchSize : 0)"
# The registry may know it: then the operator checks again, with the registry's answer.
_UNKNOWN_BATCH = f"({FROM_REGISTRY.format('$.model.source.uri')} && !has($.model.maxBatchSize))"
_GROUPS = "has($.triton) && has($.triton.instanceGroups)"
_GPUS = "(has(self.accelerator.count) ? self.accelerator.count : 1)"
_RESOURCE = "(has(self.accelerator.resource) ? self.accelerator.resource : 'nvidia.com/gpu')"
_NO_TENSORRT = (
    "!has($.triton) || !has($.triton.optimization) || !has($.triton.optimization.tensorrt)"
)
_NO_ENGINE = "!has($.model.format) || $.model.format != 'tensorrt'"


def _batches(_: ServingSpec, part: Part) -> bool:
    model: Model | None = part.model
    return (
        part.triton.dynamic_batching is None
        or model is None
        or model.max_batch_size >= 1
        or (model.source.from_registry and not model.has("max_batch_size"))
    )


def _batch_sizes_fit(_: ServingSpec, part: Part) -> bool:
    largest = part.model.max_batch_size if part.model else 0
    batching = part.triton.dynamic_batching
    sizes = batching.preferred_batch_sizes if batching else ()
    return largest == 0 or all(size <= largest for size in sizes)


def _groups_have_gpus(spec: ServingSpec, part: Part) -> bool:
    groups = part.triton.instance_groups
    return spec.accelerator is not None or all(g.kind != InstanceKind.GPU for g in groups)


def _indices_exist(spec: ServingSpec, part: Part) -> bool:
    count = spec.accelerator.count if spec.accelerator else 0
    return not count or all(i < count for g in part.triton.instance_groups for i in g.gpus)


def _is_accelerated(part: Part) -> bool:
    optimization = part.triton.optimization
    return optimization is not None and optimization.has("tensorrt")


def _is_engine(part: Part) -> bool:
    return part.model is not None and part.model.format == ModelFormat.TENSORRT


def _tensorrt_on_onnx(_: ServingSpec, part: Part) -> bool:
    model_format = part.model.format if part.model else None
    return not _is_accelerated(part) or model_format in (None, ModelFormat.ONNX)


def _tensorrt_has_gpu(spec: ServingSpec, part: Part) -> bool:
    return not _is_accelerated(part) or spec.accelerator is not None


def _engine_has_gpu(spec: ServingSpec, part: Part) -> bool:
    return not _is_engine(part) or spec.accelerator is not None


def _engine_waits(spec: ServingSpec, part: Part) -> bool:
    accelerator = spec.accelerator
    waits = accelerator is None or accelerator.when_unavailable == WhenUnavailable.WAIT
    return waits or not _is_engine(part)


def _gpus_asked_once(spec: ServingSpec) -> bool:
    named = {*spec.resources.requests, *spec.resources.limits}
    return spec.accelerator is None or spec.accelerator.resource not in named


_RULES = (
    CrossFieldRule(
        cel=f"!({_BATCHING}) || {_MAX_BATCH} >= 1 || {_UNKNOWN_BATCH}",
        holds=_batches,
        value="dynamicBatching with model.maxBatchSize {model.maxBatchSize|absent}",
        requirement="model.maxBatchSize of 1 or more",
        remedy="set model.maxBatchSize, or remove dynamicBatching",
        field="triton.dynamicBatching",
    ),
    CrossFieldRule(
        cel=f"!({_BATCHING} && has($.triton.dynamicBatching.preferredBatchSizes))"
        f" || {_MAX_BATCH} == 0"
        f" || $.triton.dynamicBatching.preferredBatchSizes.all(s, s <= {_MAX_BATCH})",
        holds=_batch_sizes_fit,
        value="{triton.dynamicBatching.preferredBatchSizes}",
        requirement="sizes up to model.maxBatchSize, which is {model.maxBatchSize|absent}",
        remedy="remove the size, or raise model.maxBatchSize",
        field="triton.dynamicBatching.preferredBatchSizes",
    ),
    CrossFieldRule(
        cel=f"has(self.accelerator) || !({_GROUPS}) || $.triton.instanceGroups.all(g,"
        " !has(g.kind) || g.kind != 'GPU')",
        holds=_groups_have_gpus,
        value="a group of kind GPU without spec.accelerator",
        requirement="GPUs to run it on",
        remedy=f"{_ADD}, or change the group's kind",
        field="triton.instanceGroups",
        of_pod=True,
        of_model=False,
    ),
    CrossFieldRule(
        cel=f"!has(self.accelerator) || !({_GROUPS}) || $.triton.instanceGroups.all(g,"
        f" !has(g.gpus) || g.gpus.all(i, i < {_GPUS}))",
        holds=_indices_exist,
        value="the index of a GPU that the pod does not have",
        requirement="indices from 0 and below spec.accelerator.count,"
        " which is {accelerator.count|1}",
        remedy="lower the index, or raise the count",
        field="triton.instanceGroups",
        of_pod=True,
        of_model=False,
    ),
    CrossFieldRule(
        cel=f"{_NO_TENSORRT} || !has($.model.format) || $.model.format == 'onnx'",
        holds=_tensorrt_on_onnx,
        value="tensorrt for a model of format {model.format}",
        requirement="format onnx",
        remedy="remove optimization.tensorrt",
        field="triton.optimization.tensorrt",
    ),
    CrossFieldRule(
        cel=f"{_NO_TENSORRT} || has(self.accelerator)",
        holds=_tensorrt_has_gpu,
        value="tensorrt without spec.accelerator",
        requirement="a GPU to run it on",
        remedy=f"{_ADD}, or remove optimization.tensorrt",
        field="triton.optimization.tensorrt",
        of_pod=True,
        of_model=False,
    ),
    CrossFieldRule(
        cel=f"{_NO_ENGINE} || has(self.accelerator)",
        holds=_engine_has_gpu,
        value="format tensorrt without spec.accelerator",
        requirement="a GPU, since a TensorRT engine runs on a GPU only",
        remedy=_ADD,
        field="model.format",
        of_pod=True,
    ),
    CrossFieldRule(
        cel=f"{_NO_ENGINE} || !has(self.accelerator)"
        " || !has(self.accelerator.whenUnavailable) || self.accelerator.whenUnavailable == 'Wait'",
        holds=_engine_waits,
        value="UseCPU for a model of format tensorrt",
        requirement="Wait, since a TensorRT engine runs on a GPU only",
        remedy="remove whenUnavailable",
        field="accelerator.whenUnavailable",
        of_pod=True,
    ),
)
_GPUS_ONCE = Rule(
    cel="!has(self.accelerator) || !has(self.resources) ||"
    f" (!(has(self.resources.requests) && {_RESOURCE} in self.resources.requests)"
    f" && !(has(self.resources.limits) && {_RESOURCE} in self.resources.limits))",
    holds=_gpus_asked_once,
    value="{accelerator.resource|nvidia.com/gpu} in resources too",
    requirement="GPUs in spec.accelerator only",
    remedy="remove it from resources, and set accelerator.count",
    field="resources",
)


SPEC_RULES = (*(rule.in_model() for rule in _RULES), _GPUS_ONCE)
STEP_RULES = tuple(rule.in_step() for rule in _RULES if not rule.of_pod)
PIPELINE_RULES = (*(rule.in_pipeline() for rule in _RULES if rule.of_pod), _GPUS_ONCE)
