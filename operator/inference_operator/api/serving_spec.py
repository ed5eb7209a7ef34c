"""Fields and rules that InferenceModel and EnsemblePipeline share."""

import re
from typing import Any, ClassVar, Literal

from inference_operator.api.autoscaling import Autoscaling
from inference_operator.api.base import ApiModel, DnsSubdomain, SharedFields
from inference_operator.api.rollout import Rollout
from inference_operator.api.rules import Rule
from inference_operator.api.service import ServiceSettings
from inference_operator.api.triton_server import TritonServer
from inference_operator.api.workload import Accelerator, Placement, PullSecrets, Replicas, Resources

MAX_NAME = 52
"""Longest name of a resource. Children are called `<name>-<hash>`, at most 63 characters with a
hash of 10."""
_NAME = r"[a-z]([-a-z0-9]*[a-z0-9])?"


class ServingSpec(SharedFields):
    """Settings of the pods and their rollout, which the specs of both kinds share."""

    triton: TritonServer = TritonServer()
    """Settings of Triton."""

    replicas: Replicas = 1
    """Number of pods; `kubectl scale` sets it. Write it if a HorizontalPodAutoscaler should change
    it: an autoscaler cannot read an absent field. Not beside `autoscaling`."""

    autoscaling: Autoscaling | None = None
    """A number of pods that follows the load, in place of `replicas`."""

    resources: Resources = Resources()
    """Compute resources of the Triton container."""

    accelerator: Accelerator | None = None
    """GPUs of each pod. Absent: none."""

    placement: Placement = Placement()
    """Nodes that the pods may run on."""

    rollout: Rollout = Rollout()
    """Replacement of the serving revision by a new one."""

    service: ServiceSettings = ServiceSettings()
    """Addresses for clients within the cluster."""

    image_pull_secrets: PullSecrets = ()
    """Secrets to pull the images with."""

    service_account_name: DnsSubdomain | None = None
    """ServiceAccount of the pods. Absent: the namespace's default. Its token is never mounted."""


def _named(resource: "ServingResource") -> bool:
    name = resource.metadata.get("name")
    if not isinstance(name, str):
        return True  # generateName: the API server generates it
    return len(name) <= MAX_NAME and re.fullmatch(_NAME, name) is not None


NAME_RULE = Rule(
    cel=f"self.metadata.name.size() <= {MAX_NAME} && self.metadata.name.matches('^{_NAME}$')",
    holds=_named,
    value='"{metadata.name}"',
    requirement=f"at most {MAX_NAME} lower-case letters, digits and '-', starting with a letter and"
    " ending with a letter or digit",
    remedy="choose another name, since Services and Deployments are named after it",
    field="metadata.name",
)


class ServingResource(ApiModel):
    """A resource of either kind."""

    rules: ClassVar = (NAME_RULE,)

    api_version: Literal["inference.aipx.io/v1alpha1"]
    kind: str
    metadata: dict[str, Any]
    spec: ServingSpec
