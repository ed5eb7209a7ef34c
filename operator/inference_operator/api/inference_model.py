"""The InferenceModel resource."""

from typing import ClassVar, Literal

from inference_operator.api.autoscaling_rules import AUTOSCALED_SPEC_RULES
from inference_operator.api.cross_field import SPEC_RULES
from inference_operator.api.model import Model
from inference_operator.api.serving_spec import ServingResource, ServingSpec
from inference_operator.api.triton import Triton

KIND = "InferenceModel"
PLURAL = "inferencemodels"


class InferenceModelSpec(ServingSpec):
    """Desired state of the model."""

    rules: ClassVar = (*SPEC_RULES, *AUTOSCALED_SPEC_RULES)

    model: Model
    """The model to serve."""

    triton: Triton = Triton()
    """Triton's settings for the model."""


class InferenceModel(ServingResource):
    """A model served by Triton: its artifact, its configuration, its replicas and its rollout."""

    kind: Literal["InferenceModel"]
    spec: InferenceModelSpec
