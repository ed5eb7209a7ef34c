"""The EnsemblePipeline resource: models and steps that one request passes through."""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from inference_operator.api.base import ApiModel, DnsSubdomain, Int, Quantity
from inference_operator.api.batching import DynamicBatching
from inference_operator.api.builtin import Builtin
from inference_operator.api.cross_field import PIPELINE_RULES, STEP_RULES
from inference_operator.api.model import (
    Model,
    ModelName,
    TensorName,
    unique_names,
)
from inference_operator.api.one_of import exactly_one
from inference_operator.api.pipeline_tensors import PipelineInput, PipelineOutput
from inference_operator.api.rollout import Rollout
from inference_operator.api.rules import CONTROLS, Rule, UniqueBy, keys, text
from inference_operator.api.serving_spec import ServingResource, ServingSpec
from inference_operator.api.triton import (
    ConfigOverrides,
    InstanceGroups,
    Optimization,
    Parameters,
    Warmups,
)
from inference_operator.api.triton_server import ExtraArgs, TritonServer
from inference_operator.api.workload import Accelerator, Resources

KIND = "EnsemblePipeline"
PLURAL = "ensemblepipelines"

# Of which CEL's budget lets the API server check all rules.
MAX_STEPS = 20

StepName = Annotated[
    str,
    Field(max_length=63),
    text(
        r"[a-z0-9]([-a-z0-9]*[a-z0-9])?",
        "lower-case letters, digits and '-', with a letter or digit at both ends",
        "rename the step",
    ),
]
TensorMap = Annotated[
    dict[str, TensorName],
    Field(min_length=1, max_length=64),
    keys(
        rf"[^\s{CONTROLS}]+",
        253,
        "a name that no tensor has",
        "names of 1 to 253 characters without spaces and control characters",
        "write the name that the model gives it",
    ),
]


class ReferenceKind(StrEnum):
    """What a step may refer to."""

    INFERENCE_MODEL = "InferenceModel"
    ENSEMBLE_PIPELINE = "EnsemblePipeline"


class ModelRef(ApiModel):
    """A resource of the same namespace."""

    name: DnsSubdomain
    """Its name."""

    kind: ReferenceKind = ReferenceKind.INFERENCE_MODEL
    """Its kind."""


class StepTriton(ApiModel):
    """How Triton runs one step."""

    dynamic_batching: DynamicBatching | None = None
    """Gather requests into batches. For steps with `modelRef`: absent, as the model has it; not for
    a pipeline, which has no batches of its own."""

    instance_groups: InstanceGroups = ()
    """Execution instances within one pod. Absent: one, on each GPU where there are some; for steps
    with `modelRef`, as the model has them; for built-in steps, one on the CPU. Not for a pipeline
    that is referred to."""

    optimization: Optimization | None = None
    """Optimization settings; only for steps with `model`."""

    warmup: Warmups = ()
    """Requests that each instance answers before it is ready; only for steps with `model`."""

    parameters: Parameters = {}
    """Backend parameters; only for steps with `model`."""

    config_overrides: ConfigOverrides | None = None
    """config.pbtxt text, merged last; only for steps with `model`."""


_OF_MODELS_ONLY = ("optimization", "warmup", "parameters", "config_overrides")


class Step(ApiModel):
    """One step of the pipeline: a model that is referred to, an inline one, or a built-in."""

    rules: ClassVar = (
        exactly_one("modelRef", "model", "builtin", remedy="keep the one that the step runs"),
        Rule(
            cel="has(self.model) || !has(self.triton) || !(has(self.triton.optimization)"
            " || has(self.triton.warmup) || has(self.triton.parameters)"
            " || has(self.triton.configOverrides))",
            holds=lambda self: self.has("model") or not any(map(self.triton.has, _OF_MODELS_ONLY)),
            value="optimization, warmup, parameters or configOverrides without model",
            requirement="only dynamicBatching and instanceGroups",
            remedy="set the others where the model is described",
            field="triton",
        ),
        Rule(
            cel="!has(self.modelRef) || !has(self.modelRef.kind)"
            " || self.modelRef.kind != 'EnsemblePipeline' || !has(self.triton)"
            " || !(has(self.triton.dynamicBatching) || has(self.triton.instanceGroups))",
            holds=lambda self: (
                self.model_ref is None
                or self.model_ref.kind != ReferenceKind.ENSEMBLE_PIPELINE
                or not (self.triton.has("dynamic_batching") or self.triton.has("instance_groups"))
            ),
            value="dynamicBatching or instanceGroups for EnsemblePipeline {modelRef.name}",
            requirement="none: an ensemble has no instances or batches of its own",
            remedy="set them in the steps of that pipeline",
            field="triton",
        ),
        *STEP_RULES,
    )

    name: StepName
    """Name of the step, unique in the pipeline; Triton's name of a built-in, and of an inline model
    without `model.name`."""

    model_ref: ModelRef | None = None
    """A model that is served by itself as well: its stable version, pinned into the revision."""

    model: Model | None = None
    """A model that only this pipeline serves."""

    builtin: Builtin | None = None
    """A step that comes with the operator."""

    triton: StepTriton = StepTriton()
    """How Triton runs the step."""

    input_map: TensorMap
    """For each input of the step, the pipeline's tensor that feeds it. An optional one may be left
    out."""

    output_map: TensorMap
    """For each output of the step that is used, the pipeline's tensor that it becomes."""


class PipelineTriton(TritonServer):
    """The Triton that serves all steps."""

    parameters: Parameters = {}
    """`parameters` of the pipeline's own config.pbtxt."""

    config_overrides: ConfigOverrides | None = None
    """config.pbtxt text for what has no field here, merged last into the pipeline's own."""

    extra_args: ExtraArgs = ()
    """Further arguments of tritonserver; see InferenceModel."""

    shared_memory: Quantity | None = None
    """Size of /dev/shm, which built-in and Python steps exchange tensors through; counts against
    the memory limit. Absent: 256Mi."""


# A built-in step takes what the pipeline takes.
_BUILTINS_BATCH = Rule(
    cel="has(self.maxBatchSize) && self.maxBatchSize >= 1 || self.steps.all(s, !has(s.builtin)"
    " || !has(s.triton) || !has(s.triton.dynamicBatching))",
    holds=lambda self: (
        self.max_batch_size >= 1
        or all(s.builtin is None or s.triton.dynamic_batching is None for s in self.steps)
    ),
    value="dynamicBatching of a built-in step with spec.maxBatchSize {maxBatchSize|absent}",
    requirement="spec.maxBatchSize of 1 or more",
    remedy="set spec.maxBatchSize, or remove dynamicBatching",
    field="steps",
)


class EnsemblePipelineSpec(ServingSpec):
    """What is wanted of the pipeline."""

    rules: ClassVar = (
        unique_names("inputs"),
        unique_names("outputs"),
        *PIPELINE_RULES,
        _BUILTINS_BATCH,
    )

    name: ModelName | None = None
    """Name under which Triton serves the pipeline. Absent: the name of the resource."""

    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=MAX_STEPS), UniqueBy("name")]
    """The steps; Triton runs each as soon as its inputs are there."""

    inputs: Annotated[tuple[PipelineInput, ...], Field(min_length=1, max_length=64)]
    """Inputs of the pipeline."""

    outputs: Annotated[tuple[PipelineOutput, ...], Field(min_length=1, max_length=64)]
    """Outputs of the pipeline."""

    max_batch_size: Annotated[Int, Field(ge=0, le=65536)] = 0
    """Largest batch of a request; no step may take less. 0: the pipeline has no batch dimension."""

    triton: PipelineTriton = PipelineTriton()
    """The Triton that serves all steps."""

    resources: Resources = Resources()
    """Compute resources of the Triton container, which runs all steps."""

    accelerator: Accelerator | None = None
    """GPUs of each pod, for all steps. Absent: none."""

    rollout: Rollout = Rollout()
    """How a new revision of the whole set takes over."""


class EnsemblePipeline(ServingResource):
    """Models and steps that one request passes through, inside one Triton; rolled out and rolled
    back together."""

    kind: Literal["EnsemblePipeline"]
    spec: EnsemblePipelineSpec
