"""`spec.resources`, `accelerator` and `placement`: what the pods need and where they may run."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from inference_operator.api.base import ApiModel, DnsSubdomain, KubernetesObject, Quantity, Rule

ResourceName = Annotated[str, Field(min_length=1, max_length=253)]


class Resources(ApiModel):
    """Compute resources of the Triton container, as in a pod's `resources`."""

    requests: Annotated[dict[ResourceName, Quantity], Field(max_length=16)] = {}
    """What the scheduler sets aside, such as `cpu: 2` and `memory: 4Gi`."""

    limits: Annotated[dict[ResourceName, Quantity], Field(max_length=16)] = {}
    """What the container may use at most."""


class WhenUnavailable(StrEnum):
    """What to do where no node can offer the accelerator."""

    WAIT = "Wait"
    USE_CPU = "UseCPU"


class Accelerator(ApiModel):
    """The GPUs of each pod."""

    resource: Annotated[str, Field(max_length=253, pattern=r"^[a-z0-9.-]+/[A-Za-z0-9_.-]+$")] = (
        "nvidia.com/gpu"
    )
    """Extended resource that nodes advertise: `nvidia.com/gpu`, `nvidia.com/mig-1g.10gb`, ..."""

    count: Annotated[int, Field(ge=1, le=64)] = 1
    """How many each pod gets."""

    when_unavailable: WhenUnavailable = WhenUnavailable.WAIT
    """Wait: pods stay Pending until a node offers it. UseCPU: where no node can offer it, the model
    runs with KIND_CPU, says so in its status, and moves back when a node can."""


class LocalObjectReference(ApiModel):
    """An object of the same namespace."""

    name: DnsSubdomain
    """Its name."""


class TolerationOperator(StrEnum):
    EXISTS = "Exists"
    EQUAL = "Equal"


class TaintEffect(StrEnum):
    NO_SCHEDULE = "NoSchedule"
    PREFER_NO_SCHEDULE = "PreferNoSchedule"
    NO_EXECUTE = "NoExecute"


class Toleration(ApiModel):
    """A node taint that the pods accept, as in a pod's `tolerations`."""

    rules: ClassVar = (
        Rule(
            "has(self.key) || (has(self.operator) && self.operator == 'Exists')",
            "operator must be Exists where key is absent",
            None,
            ".operator",
        ),
        Rule(
            "!has(self.value) || !has(self.operator) || self.operator != 'Exists'",
            "value must be absent where operator is Exists",
            None,
            ".value",
        ),
        Rule(
            "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
            "tolerationSeconds has an effect only with effect NoExecute",
            None,
            ".tolerationSeconds",
        ),
    )

    key: Annotated[str, Field(max_length=316)] | None = None
    """Key of the taint. Absent, with operator Exists: every taint."""

    operator: TolerationOperator | None = None
    """Exists, or Equal (the default)."""

    value: Annotated[str, Field(max_length=63)] | None = None
    """Value of the taint, for Equal."""

    effect: TaintEffect | None = None
    """Effect of the taint. Absent: every effect."""

    toleration_seconds: Annotated[int, Field(ge=0)] | None = None
    """Seconds that the pod stays on the node after a NoExecute taint."""


class Placement(ApiModel):
    """Where the pods may run, as in a pod's spec."""

    node_selector: Annotated[
        dict[
            Annotated[str, Field(max_length=316)],
            Annotated[str, Field(max_length=63)],
        ],
        Field(max_length=32),
    ] = {}
    """Labels that a node must have."""

    tolerations: Annotated[tuple[Toleration, ...], Field(max_length=32)] = ()
    """Node taints that the pods accept."""

    affinity: KubernetesObject | None = None
    """Node and pod affinity, as in a pod's `affinity`."""

    topology_spread_constraints: Annotated[tuple[KubernetesObject, ...], Field(max_length=8)] = ()
    """How pods spread over zones and nodes. A constraint without a `labelSelector` gets the one of
    this model's pods."""

    priority_class_name: DnsSubdomain | None = None
    """PriorityClass of the pods."""

    runtime_class_name: DnsSubdomain | None = None
    """RuntimeClass of the pods."""
