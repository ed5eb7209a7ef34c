"""The InferenceModel resource."""

from typing import Any, ClassVar, Literal

from inference_operator.api.base import ApiModel, DnsSubdomain
from inference_operator.api.cross_field import NAME_RULE, SPEC_RULES
from inference_operator.api.model import Model
from inference_operator.api.rollout import Rollout
from inference_operator.api.triton import Triton
from inference_operator.api.workload import Accelerator, Placement, PullSecrets, Replicas, Resources

KIND = "InferenceModel"
PLURAL = "inferencemodels"


class InferenceModelSpec(ApiModel):
    """What is wanted of the model."""

    rules: ClassVar = SPEC_RULES

    model: Model
    """What is served."""

    triton: Triton = Triton()
    """How Triton serves it."""

    replicas: Replicas = 1
    """Number of pods; `kubectl scale` sets it. Write it where a HorizontalPodAutoscaler is to
    change it: that cannot read an absent one."""

    resources: Resources = Resources()
    """Compute resources of the Triton container."""

    accelerator: Accelerator | None = None
    """GPUs of each pod. Absent: none."""

    placement: Placement = Placement()
    """Where the pods may run."""

    rollout: Rollout = Rollout()
    """How a new revision takes over."""

    image_pull_secrets: PullSecrets = ()
    """Secrets for pulling the images."""

    service_account_name: DnsSubdomain | None = None
    """ServiceAccount of the pods. Absent: the namespace's default; its token is never mounted."""


class InferenceModel(ApiModel):
    """A model served by Triton: its artifact, its configuration, its replicas and its rollout."""

    rules: ClassVar = (NAME_RULE,)

    api_version: Literal["inference.aipx.io/v1alpha1"]
    kind: Literal["InferenceModel"]
    metadata: dict[str, Any]
    spec: InferenceModelSpec
