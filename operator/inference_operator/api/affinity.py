"""`placement.affinity`, with the fields of Kubernetes' core/v1 (1.37).

Kubernetes checks the rendered pod template. The fields are typed all the same: the API server then
drops unknown fields, so that our resources are not nested deeper than their schema (ADR 0019). The
rules report early what Kubernetes would refuse.
"""

import re
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import Field

from inference_operator.api.base import ApiModel, AsWritten, Int
from inference_operator.api.label_selector import (
    HAS_NO_VALUES,
    HAS_VALUES,
    LabelKey,
    LabelKeys,
    LabelSelector,
    Values,
)
from inference_operator.api.rules import Rule, text

Weight = Annotated[Int, Field(ge=1, le=100)]

Namespace = Annotated[
    str,
    Field(max_length=63),
    text(
        r"[a-z0-9]([-a-z0-9]*[a-z0-9])?",
        "lower-case letters, digits and '-', with a letter or digit at both ends",
        "write the name of a namespace",
    ),
]

_INTEGER = re.compile(r"[0-9]{1,18}", re.ASCII)


class NodeSelectorOperator(StrEnum):
    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"
    GT = "Gt"
    LT = "Lt"


class NodeFieldOperator(StrEnum):
    IN = "In"
    NOT_IN = "NotIn"


class NodeField(StrEnum):
    NAME = "metadata.name"


_IS_ONE_INTEGER = Rule(
    cel="!(self.operator in ['Gt', 'Lt']) || (has(self.values) && self.values.size() == 1"
    " && self.values[0].matches('^[0-9]{1,18}$'))",
    holds=lambda self: (
        self.operator not in ("Gt", "Lt") or (self.has("values") and _is_one_integer(self.values))
    ),
    value="operator {operator} with other values",
    requirement="exactly one whole number, in quotes",
    remedy="write the number that the label is compared with",
    field="values",
)


def _is_one_integer(values: tuple[str, ...]) -> bool:
    return len(values) == 1 and _INTEGER.fullmatch(values[0]) is not None


class NodeSelectorRequirement(ApiModel):
    """Requirement on one label of the node."""

    rules: ClassVar = (HAS_VALUES, HAS_NO_VALUES, _IS_ONE_INTEGER)

    key: LabelKey
    """Key of the label."""

    operator: NodeSelectorOperator
    """Comparison between the label and the values."""

    values: Values | None = None
    """Values to compare with. In and NotIn: at least 1. Gt and Lt: exactly 1 whole number. Exists
    and DoesNotExist: none."""


class PreferredNodeRequirement(NodeSelectorRequirement):
    """Preference for one label of the node. Kubernetes accepts any text as a value here."""

    values: (
        Annotated[tuple[Annotated[str, Field(max_length=253)], ...], Field(max_length=256)] | None
    ) = None
    """Values to compare with. In and NotIn: at least 1. Gt and Lt: exactly 1 whole number. Exists
    and DoesNotExist: none."""


class NodeFieldRequirement(ApiModel):
    """Requirement on one field of the node."""

    key: NodeField
    """The field; only the node's name is supported."""

    operator: NodeFieldOperator
    """In: the node has this name. NotIn: the node has another name."""

    values: Annotated[
        tuple[Annotated[str, Field(max_length=253)], ...], Field(min_length=1, max_length=1)
    ]
    """Name of 1 node."""


class NodeSelectorTerm(ApiModel):
    """Requirements that a node must all meet. A term without requirements does not match any
    node."""

    match_expressions: (
        Annotated[tuple[NodeSelectorRequirement, ...], Field(max_length=32)] | None
    ) = None
    """Requirements on labels of the node."""

    match_fields: Annotated[tuple[NodeFieldRequirement, ...], Field(max_length=8)] | None = None
    """Requirements on fields of the node."""


class PreferredNodeTerm(ApiModel):
    """Requirements that a node should all meet."""

    match_expressions: (
        Annotated[tuple[PreferredNodeRequirement, ...], Field(max_length=32)] | None
    ) = None
    """Requirements on labels of the node."""

    match_fields: Annotated[tuple[NodeFieldRequirement, ...], Field(max_length=8)] | None = None
    """Requirements on fields of the node."""


class NodeSelector(ApiModel):
    """Terms; a node must meet at least one of them."""

    node_selector_terms: Annotated[tuple[NodeSelectorTerm, ...], Field(min_length=1, max_length=32)]
    """The terms."""


class PreferredSchedulingTerm(ApiModel):
    """A term that nodes should meet, and its weight."""

    weight: Weight
    """Added to the score of a node that meets the term."""

    preference: PreferredNodeTerm
    """The term."""


class NodeAffinity(ApiModel):
    """Nodes that the pods must or should run on."""

    required_during_scheduling_ignored_during_execution: NodeSelector | None = None
    """Terms; a node must meet at least one of them."""

    preferred_during_scheduling_ignored_during_execution: (
        Annotated[tuple[PreferredSchedulingTerm, ...], Field(max_length=32)] | None
    ) = None
    """Terms that a node should meet."""


class PodAffinityTerm(ApiModel):
    """Other pods, and the node label that defines which nodes are near them."""

    rules: ClassVar = (
        Rule(
            cel="has(self.labelSelector) || ((!has(self.matchLabelKeys)"
            " || self.matchLabelKeys.size() == 0) && (!has(self.mismatchLabelKeys)"
            " || self.mismatchLabelKeys.size() == 0))",
            holds=lambda self: (
                self.has("label_selector")
                or not (self.match_label_keys or self.mismatch_label_keys)
            ),
            value="matchLabelKeys or mismatchLabelKeys without a labelSelector",
            requirement="a labelSelector to add the keys to",
            remedy="add labelSelector, or remove the keys",
            field="labelSelector",
        ),
        Rule(
            cel="!has(self.matchLabelKeys) || !has(self.mismatchLabelKeys)"
            " || self.matchLabelKeys.all(k, !(k in self.mismatchLabelKeys))",
            holds=lambda self: (
                not set(self.match_label_keys or ()) & set(self.mismatch_label_keys or ())
            ),
            value="a key in matchLabelKeys and in mismatchLabelKeys",
            requirement="each key in one of them",
            remedy="remove it from one list",
            field="mismatchLabelKeys",
        ),
    )

    label_selector: LabelSelector | None = None
    """Labels of the other pods. Absent: no pods match."""

    namespaces: Annotated[tuple[Namespace, ...], Field(max_length=64)] | None = None
    """Namespaces of the other pods. If this is absent or empty, and `namespaceSelector` is absent:
    the namespace of the resource."""

    namespace_selector: LabelSelector | None = None
    """Labels of further namespaces of the other pods, in addition to `namespaces`."""

    topology_key: LabelKey
    """Key of the node label. Nodes with the same value of this label are near one another."""

    match_label_keys: LabelKeys | None = None
    """Keys whose values the other pods must share with these pods."""

    mismatch_label_keys: LabelKeys | None = None
    """Keys whose values the other pods must not share with these pods."""


class WeightedPodAffinityTerm(ApiModel):
    """A term that should be met, and its weight."""

    weight: Weight
    """Added to the score of a node that meets the term."""

    pod_affinity_term: PodAffinityTerm
    """The term."""


_Terms = Annotated[tuple[PodAffinityTerm, ...], Field(max_length=16)]
_WeightedTerms = Annotated[tuple[WeightedPodAffinityTerm, ...], Field(max_length=16)]


class PodAffinity(ApiModel):
    """Other pods that the pods must or should be near to, or apart from."""

    required_during_scheduling_ignored_during_execution: _Terms | None = None
    """Terms that must all be met."""

    preferred_during_scheduling_ignored_during_execution: _WeightedTerms | None = None
    """Terms that should be met."""


class Affinity(ApiModel):
    """Node and pod affinity, as in a pod's `affinity`."""

    node_affinity: NodeAffinity | None = None
    """Nodes that the pods must or should run on."""

    pod_affinity: PodAffinity | None = None
    """Pods that these pods must or should be near to."""

    pod_anti_affinity: PodAffinity | None = None
    """Pods that these pods must or should be apart from."""


AffinityAsWritten = Annotated[dict[str, Any], AsWritten(Affinity)]
