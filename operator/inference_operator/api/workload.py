"""`spec.resources`, `accelerator` and `placement`: resources of the pods, and the nodes for
them."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from inference_operator.api.affinity import AffinityAsWritten
from inference_operator.api.base import (
    ApiModel,
    DnsSubdomain,
    Int,
    Quantity,
    parse_quantity,
)
from inference_operator.api.label_selector import LABEL_KEY, LABEL_KEY_LENGTH
from inference_operator.api.rules import Rule, UniqueBy, keys, text
from inference_operator.api.topology_spread import SpreadAsWritten

_EXTENDED = r"[a-z0-9.-]+/[A-Za-z0-9_.-]+"
_LABEL_KEY = keys(
    LABEL_KEY,
    LABEL_KEY_LENGTH,
    "a key that a label cannot have",
    "label keys such as kubernetes.io/arch",
    "write the key as it is on the node",
)
_RESOURCE_NAMES = keys(
    rf"cpu|memory|ephemeral-storage|hugepages-[A-Za-z0-9]+|{_EXTENDED}",
    253,
    "a name that is not a resource",
    "cpu, memory, ephemeral-storage, hugepages-SIZE or an extended resource such as example.com/x",
    "correct or remove it",
)
ResourceAmounts = Annotated[dict[str, Quantity], Field(max_length=16), _RESOURCE_NAMES]


class Resources(ApiModel):
    """Compute resources of the Triton container, as in a pod's `resources`."""

    rules: ClassVar = (
        Rule(
            cel="!has(self.requests) || !has(self.limits) || self.requests.all(k,"
            " !(k in self.limits) || !isQuantity(string(self.requests[k]))"
            " || !isQuantity(string(self.limits[k])) ||"
            " quantity(string(self.requests[k])).compareTo(quantity(string(self.limits[k]))) <= 0)",
            holds=lambda self: all(
                parse_quantity(amount) <= parse_quantity(self.limits.get(name, amount))
                for name, amount in self.requests.items()
            ),
            value="a request above its limit",
            requirement="requests up to the limits of the same resources",
            remedy="lower the request or raise the limit",
            field="requests",
        ),
    )

    requests: ResourceAmounts = {}
    """Amounts that the scheduler reserves, such as `cpu: 2` and `memory: 4Gi`."""

    limits: ResourceAmounts = {}
    """Most that the container may use."""


class WhenUnavailable(StrEnum):
    """Behaviour if no node can offer the accelerator."""

    WAIT = "Wait"
    USE_CPU = "UseCPU"


class Accelerator(ApiModel):
    """GPUs of each pod."""

    resource: Annotated[
        str,
        Field(max_length=253),
        text(
            _EXTENDED,
            "an extended resource such as nvidia.com/gpu",
            "write the name that `kubectl describe node` shows",
        ),
    ] = "nvidia.com/gpu"
    """Extended resource that nodes advertise: `nvidia.com/gpu`, `nvidia.com/mig-1g.10gb` and so
    on."""

    count: Annotated[Int, Field(ge=1, le=64)] = 1
    """Number of GPUs for each pod."""

    when_unavailable: WhenUnavailable = WhenUnavailable.WAIT
    """Wait: pods stay Pending until a node offers the accelerator. UseCPU: if no node can offer it,
    the model runs with KIND_CPU, and its status reports that. The model moves back when a node can
    offer it."""


class LocalObjectReference(ApiModel):
    """Reference to an object in the same namespace."""

    name: DnsSubdomain
    """Name of the object."""


Replicas = Annotated[Int, Field(ge=0, le=1000)]
PullSecrets = Annotated[tuple[LocalObjectReference, ...], Field(max_length=16), UniqueBy("name")]


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
            cel="has(self.key) || (has(self.operator) && self.operator == 'Exists')",
            holds=lambda self: self.has("key") or self.operator == TolerationOperator.EXISTS,
            value="operator {operator|Equal} without a key",
            requirement="a key, or operator Exists for every taint",
            remedy="name the taint's key, or set operator to Exists",
            field="operator",
        ),
        Rule(
            cel="!has(self.value) || !has(self.operator) || self.operator != 'Exists'",
            holds=lambda self: not self.has("value") or self.operator != TolerationOperator.EXISTS,
            value="a value with operator Exists",
            requirement="no value, since Exists accepts every value",
            remedy="remove value, or set operator to Equal",
            field="value",
        ),
        Rule(
            cel="!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
            holds=lambda self: (
                not self.has("toleration_seconds") or self.effect == TaintEffect.NO_EXECUTE
            ),
            value="tolerationSeconds with effect {effect|absent}",
            requirement="effect NoExecute, which tolerationSeconds requires",
            remedy="remove tolerationSeconds, or set effect to NoExecute",
            field="tolerationSeconds",
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

    toleration_seconds: Annotated[Int, Field(ge=0, le=31_536_000)] | None = None
    """Seconds that the pod stays on the node after a NoExecute taint."""


class Placement(ApiModel):
    """Nodes that the pods may run on, as in a pod's spec."""

    node_selector: Annotated[
        dict[str, Annotated[str, Field(max_length=63)]],
        Field(max_length=32),
        _LABEL_KEY,
    ] = {}
    """Labels that a node must have."""

    tolerations: Annotated[tuple[Toleration, ...], Field(max_length=32)] = ()
    """Node taints that the pods accept."""

    affinity: AffinityAsWritten | None = None
    """Node and pod affinity, as in a pod's `affinity`."""

    topology_spread_constraints: SpreadAsWritten = ()
    """Spread of the pods over zones and nodes. A constraint without a `labelSelector` gets the
    selector of this model's pods."""

    priority_class_name: DnsSubdomain | None = None
    """PriorityClass of the pods."""

    runtime_class_name: DnsSubdomain | None = None
    """RuntimeClass of the pods."""
