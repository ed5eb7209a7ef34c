"""The EnsemblePipeline resource: models and steps that one request passes through."""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from inference_operator.api.autoscaling_rules import AUTOSCALED_SPEC_RULES
from inference_operator.api.base import ApiModel, DnsSubdomain, Int, Quantity
from inference_operator.api.batching import DynamicBatching
from inference_operator.api.builtin import Builtin
from inference_operator.api.cross_field import PIPELINE_RULES, STEP_RULES
from inference_operator.api.model import (
    MAX_BATCH,
    MAX_TENSORS,
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

# Most steps whose rules the API server can check within CEL's budget.
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
    Field(min_length=1, max_length=MAX_TENSORS),
    keys(
        rf"[^{CONTROLS}]+",
        253,
        "a name that a tensor cannot have",
        "names of 1 to 253 characters without control characters",
        "write the name that the model gives it",
    ),
]


class ReferenceKind(StrEnum):
    """Kind that a step may refer to."""

    INFERENCE_MODEL = "InferenceModel"
    ENSEMBLE_PIPELINE = "EnsemblePipeline"


class ModelRef(ApiModel):
    """Reference to a resource in the same namespace."""

    name: DnsSubdomain
    """Name of the resource."""

    kind: ReferenceKind = ReferenceKind.INFERENCE_MODEL
    """Kind of the resource."""


class StepTriton(ApiModel):
    """Triton's settings for one step."""

    dynamic_batching: DynamicBatching | None = None
    """Gathering of requests into batches. Absent, for steps with `modelRef`: the model's own
    setting. Not allowed for a reference to a pipeline, which does not form batches."""

    instance_groups: InstanceGroups = ()
    """Execution instances within one pod. Absent: 1, on each GPU if the pod has any. Absent, for
    steps with `modelRef`: those of the model. Absent, for built-in steps: 1 on the CPU. Not allowed
    for a reference to a pipeline."""

    optimization: Optimization | None = None
    """Optimization settings; only for steps with `model`."""

    warmup: Warmups = ()
    """Requests that each instance must answer before it is ready; only for steps with `model`."""

    parameters: Parameters = {}
    """Backend parameters; only for steps with `model`."""

    config_overrides: ConfigOverrides | None = None
    """config.pbtxt text, merged last; only for steps with `model`."""


_OF_MODELS_ONLY = ("optimization", "warmup", "parameters", "config_overrides")


class Step(ApiModel):
    """One step of the pipeline: a referenced model, an inline model or a built-in step."""

    rules: ClassVar = (
        exactly_one("modelRef", "model", "builtin", remedy="keep the one that the step runs"),
        Rule(
            cel="has(self.model) || !has(self.triton) || !(has(self.triton.optimization)"
            " || has(self.triton.warmup) || has(self.triton.parameters)"
            " || has(self.triton.configOverrides))",
            holds=lambda self: self.has("model") or not any(map(self.triton.has, _OF_MODELS_ONLY)),
            value="optimization, warmup, parameters or configOverrides without model",
            requirement="only dynamicBatching and instanceGroups",
            remedy="set the others in the referenced model, or remove them",
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
            requirement="no value, since an ensemble has no instances or batches of its own",
            remedy="set them in the steps of that pipeline",
            field="triton",
        ),
        *STEP_RULES,
    )

    name: StepName
    """Name of the step, unique in the pipeline. In Triton, built-in steps have this name, and
    inline models without `model.name` have it too."""

    model_ref: ModelRef | None = None
    """Reference to a model that is also served by itself. The revision pins its stable version."""

    model: Model | None = None
    """A model that only this pipeline serves."""

    builtin: Builtin | None = None
    """A built-in step of the operator."""

    triton: StepTriton = StepTriton()
    """Triton's settings for the step."""

    input_map: TensorMap
    """Maps each input of the step to a tensor of the pipeline. Optional inputs may be left out."""

    output_map: TensorMap
    """Maps each output of the step to a tensor of the pipeline. Outputs that are not listed are
    dropped."""


class PipelineTriton(TritonServer):
    """Settings of the Triton that serves all steps."""

    parameters: Parameters = {}
    """`parameters` of the pipeline's own config.pbtxt."""

    config_overrides: ConfigOverrides | None = None
    """config.pbtxt text for settings that have no field here. It is merged last into the pipeline's
    own config.pbtxt."""

    extra_args: ExtraArgs = ()
    """Additional arguments of tritonserver, as in an InferenceModel."""

    shared_memory: Quantity | None = None
    """Size of /dev/shm, through which built-in and Python steps exchange tensors. It counts against
    the memory limit. Absent: 256Mi."""


# A built-in step takes the pipeline's batches.
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
    """Desired state of the pipeline."""

    rules: ClassVar = (
        unique_names("inputs"),
        unique_names("outputs"),
        *PIPELINE_RULES,
        *AUTOSCALED_SPEC_RULES,
        _BUILTINS_BATCH,
    )

    name: ModelName | None = None
    """Name under which Triton serves the pipeline. Absent: the name of the resource."""

    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=MAX_STEPS), UniqueBy("name")]
    """Steps of the pipeline. Triton runs each one as soon as its inputs are there."""

    inputs: Annotated[tuple[PipelineInput, ...], Field(min_length=1, max_length=MAX_TENSORS)]
    """Inputs of the pipeline."""

    outputs: Annotated[tuple[PipelineOutput, ...], Field(min_length=1, max_length=MAX_TENSORS)]
    """Outputs of the pipeline."""

    max_batch_size: Annotated[Int, Field(ge=0, le=MAX_BATCH)] = 0
    """Largest batch of a request; every step must accept it. 0: the pipeline has no batch
    dimension."""

    triton: PipelineTriton = PipelineTriton()
    """Settings of the Triton that serves all steps."""

    resources: Resources = Resources()
    """Compute resources of the Triton container, which runs all steps."""

    accelerator: Accelerator | None = None
    """GPUs of each pod, shared by all steps. Absent: none."""

    rollout: Rollout = Rollout()
    """Replacement of the serving revision, with all its steps, by a new one."""


class EnsemblePipeline(ServingResource):
    """Models and steps that one request passes through inside one Triton. They are rolled out and
    rolled back together."""

    kind: Literal["EnsemblePipeline"]
    spec: EnsemblePipelineSpec
