"""The EnsemblePipeline resource, as far as `inference-operator import` writes it.

No controller serves this kind yet, and `crds/` does not hold it.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field

from inference_operator.api.base import ApiModel, DnsSubdomain, Int
from inference_operator.api.model import InputTensor, ModelName, Tensor, TensorName
from inference_operator.api.rules import UniqueBy
from inference_operator.api.triton import Triton

KIND = "EnsemblePipeline"

TensorMap = Annotated[dict[TensorName, TensorName], Field(min_length=1, max_length=64)]


class StepKind(StrEnum):
    """What a step runs: a model, or another ensemble."""

    INFERENCE_MODEL = "InferenceModel"
    ENSEMBLE_PIPELINE = "EnsemblePipeline"


class ModelRef(ApiModel):
    """A resource of the same namespace."""

    name: DnsSubdomain
    """Its name."""

    kind: StepKind = StepKind.INFERENCE_MODEL
    """Its kind. Absent: InferenceModel."""


class Step(ApiModel):
    """One model of the pipeline."""

    name: DnsSubdomain
    """Name of the step, unique in the pipeline."""

    model_ref: ModelRef
    """The model that the step runs."""

    model_version: Annotated[Int, Field(ge=-1, le=2**53)] = -1
    """Version of the model. Absent: the one that is served."""

    input_map: TensorMap
    """For each input of the model, the pipeline's tensor that feeds it."""

    output_map: TensorMap
    """For each output of the model that is used, the pipeline's tensor that it becomes."""


class EnsemblePipelineSpec(ApiModel):
    """Models that one request passes through, inside one Triton."""

    name: ModelName | None = None
    """Name under which Triton serves the pipeline. Absent: the name of the resource."""

    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=64), UniqueBy("name")]
    """The steps; Triton runs each as soon as its inputs are there."""

    inputs: Annotated[tuple[InputTensor, ...], Field(min_length=1, max_length=64)]
    """Inputs of the pipeline."""

    outputs: Annotated[tuple[Tensor, ...], Field(min_length=1, max_length=64)]
    """Outputs of the pipeline."""

    max_batch_size: Annotated[Int, Field(ge=0, le=65536)] = 0
    """Largest batch of a request. 0: the pipeline has no batch dimension."""

    triton: Triton = Triton()
    """How Triton serves the pipeline."""


class EnsemblePipeline(ApiModel):
    """Models that one request passes through, inside one Triton."""

    api_version: Literal["inference.aipx.io/v1alpha1"]
    kind: Literal["EnsemblePipeline"]
    metadata: dict[str, Any]
    spec: EnsemblePipelineSpec
