"""`placement.topologySpreadConstraints`, with the fields of Kubernetes' core/v1 (1.37)."""

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
    """Spread of the pods over the values of one node label."""

    rules: ClassVar = (
        Rule(
            cel="!has(self.minDomains) || self.whenUnsatisfiable == 'DoNotSchedule'",
            holds=lambda self: (
                not self.has("min_domains")
                or self.when_unsatisfiable == WhenUnsatisfiable.DO_NOT_SCHEDULE
            ),
            value="minDomains with whenUnsatisfiable {whenUnsatisfiable}",
            requirement="whenUnsatisfiable DoNotSchedule, since minDomains works only with it",
            remedy="remove minDomains, or set whenUnsatisfiable to DoNotSchedule",
            field="minDomains",
        ),
    )

    max_skew: Annotated[Int, Field(ge=1, le=2**31 - 1)]
    """Largest difference in the number of pods between two values of the label."""

    topology_key: LabelKey
    """Key of the label."""

    when_unsatisfiable: WhenUnsatisfiable
    """Handling of a pod that would break the constraint."""

    label_selector: LabelSelector | None = None
    """Pods that are counted. Absent: those of the revision."""

    min_domains: Annotated[Int, Field(ge=1, le=2**31 - 1)] | None = None
    """Fewest values of the label that must exist. Only with DoNotSchedule."""

    node_affinity_policy: NodeInclusion | None = None
    """Honor: count only nodes that `nodeSelector` and `nodeAffinity` allow. Ignore: count all
    nodes. Absent: Honor."""

    node_taints_policy: NodeInclusion | None = None
    """Honor: count only nodes whose taints the pods tolerate. Ignore: count all nodes. Absent:
    Ignore."""

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
            value="two constraints with the same topologyKey and whenUnsatisfiable",
            requirement="each pair of topologyKey and whenUnsatisfiable once",
            remedy="remove one of the two",
        )
    ),
]
