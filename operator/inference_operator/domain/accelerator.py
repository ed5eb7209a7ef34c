"""Accelerators of nodes, and the device that a unit runs on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from inference_operator.api.workload import TaintEffect, Toleration, TolerationOperator


class Mode(StrEnum):
    """Device that the model's instances run on."""

    ACCELERATOR = "Accelerator"
    CPU = "CPU"


@dataclass(frozen=True, slots=True)
class Taint:
    """A node taint."""

    key: str
    value: str
    effect: str


@dataclass(frozen=True, slots=True)
class Node:
    """The facts about a node that placement needs."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    unschedulable: bool = False
    extended: Mapping[str, int] = field(default_factory=dict)
    """Allocatable extended resources, by resource name."""

    used: Mapping[str, int] = field(default_factory=dict)
    """What the operator's own pods on the node have of them."""


def tolerates(tolerations: tuple[Toleration, ...], taint: Taint) -> bool:
    """Return whether a pod with these tolerations may be scheduled in spite of the taint."""
    if taint.effect == TaintEffect.PREFER_NO_SCHEDULE:
        return True
    return any(_matches(toleration, taint) for toleration in tolerations)


def _matches(toleration: Toleration, taint: Taint) -> bool:
    if toleration.effect is not None and toleration.effect != taint.effect:
        return False
    if toleration.key is not None and toleration.key != taint.key:
        return False
    if toleration.operator == TolerationOperator.EXISTS:
        return True
    return toleration.key is not None and (toleration.value or "") == taint.value
