"""The list of the kinds of custom resources, with their names and types."""

from collections.abc import Mapping
from dataclasses import dataclass

from inference_operator.api import ensemble_pipeline, inference_model
from inference_operator.api.ensemble_pipeline import EnsemblePipeline, EnsemblePipelineSpec
from inference_operator.api.inference_model import InferenceModel, InferenceModelSpec
from inference_operator.api.serving_spec import ServingSpec
from inference_operator.api.status import STATUS_OF_KIND, UnitStatus

AnyResource = InferenceModel | EnsemblePipeline
AnySpec = InferenceModelSpec | EnsemblePipelineSpec


@dataclass(frozen=True, slots=True)
class CustomResource:
    """One kind of custom resource."""

    kind: str
    plural: str
    short_name: str
    resource: type[InferenceModel] | type[EnsemblePipeline]
    spec: type[ServingSpec]

    @property
    def status(self) -> type[UnitStatus]:
        return STATUS_OF_KIND[self.kind]


CUSTOM_RESOURCES = (
    CustomResource(
        inference_model.KIND, inference_model.PLURAL, "imodel", InferenceModel, InferenceModelSpec
    ),
    CustomResource(
        ensemble_pipeline.KIND,
        ensemble_pipeline.PLURAL,
        "epipe",
        EnsemblePipeline,
        EnsemblePipelineSpec,
    ),
)
BY_KIND: Mapping[str, CustomResource] = {resource.kind: resource for resource in CUSTOM_RESOURCES}
