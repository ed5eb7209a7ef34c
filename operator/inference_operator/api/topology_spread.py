"""`placement.topologySpreadConstraints`, as Kubernetes' core/v1 has them (1.37)."""

from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import Field

from inference_operator.api.base import ApiModel, AsWritten, Int
from inference_operator.api.label_selector import LabelKey, LabelKeys, LabelSelector
from inference_operator.api.rules import Check, Rule


class WhenUnsatisfiable(StrEnum):
    DO_NOT_SCHEDULE = "DoNotSchedule"
    SCHEDULE_ANYWAY = "ScheduleAnyway"


class NodeInclusion(StrEnum):
    HONOR = "Honor"
    IGNORE = "Ignore"


class TopologySpreadConstraint(ApiModel):
    """How pods spread over the values of one label of the nodes."""

    rules: ClassVar = (
        Rule(
            cel="!has(self.minDomains) || self.whenUnsatisfiable == 'DoNotSchedule'",
            holds=lambda self: (
                not self.has("min_domains")
                or self.when_unsatisfiable == WhenUnsatisfiable.DO_NOT_SCHEDULE
            ),
            value="minDomains with whenUnsatisfiable {whenUnsatisfiable}",
            requirement="whenUnsatisfiable DoNotSchedule, the only one that minDomains is for",
            remedy="remove minDomains, or set whenUnsatisfiable to DoNotSchedule",
            field="minDomains",
        ),
    )

    max_skew: Annotated[Int, Field(ge=1, le=2**31 - 1)]
    """By how many pods two values of the label may differ."""

    topology_key: LabelKey
    """Key of the label."""

    when_unsatisfiable: WhenUnsatisfiable
    """What to do with a pod that cannot be placed so."""

    label_selector: LabelSelector | None = None
    """The pods that are counted. Absent: those of the revision."""

    min_domains: Annotated[Int, Field(ge=1, le=2**31 - 1)] | None = None
    """How many values of the label there must be at least. With DoNotSchedule only."""

    node_affinity_policy: NodeInclusion | None = None
    """Whether only nodes count that `nodeSelector` and `nodeAffinity` allow. Absent: Honor."""

    node_taints_policy: NodeInclusion | None = None
    """Whether only nodes count whose taints the pods tolerate. Absent: Ignore."""

    match_label_keys: LabelKeys | None = None
    """Keys whose values the counted pods must share with the pod."""


def _is_each_once(constraints: tuple[dict[str, Any], ...]) -> bool:
    pairs = {(c["topologyKey"], c["whenUnsatisfiable"]) for c in constraints}
    return len(pairs) == len(constraints)


SpreadAsWritten = Annotated[
    tuple[Annotated[dict[str, Any], AsWritten(TopologySpreadConstraint)], ...],
    Field(max_length=8),
    Check(
        Rule(
            cel="self.all(a, self.exists_one(b, a.topologyKey == b.topologyKey"
            " && a.whenUnsatisfiable == b.whenUnsatisfiable))",
            holds=_is_each_once,
            value="two constraints with one topologyKey and one whenUnsatisfiable",
            requirement="each pair of them once",
            remedy="remove one of the two",
        )
    ),
]
