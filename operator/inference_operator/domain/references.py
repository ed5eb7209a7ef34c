"""References of a pipeline's steps to other resources, and what is seen of those."""

from dataclasses import dataclass

from inference_operator.api.reasons import Reason
from inference_operator.domain.pins import Pin


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """The resource in a step's `modelRef`, in the pipeline's own namespace."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Referenced:
    """Observed state of the resource that a `modelRef` names."""

    stable: Pin | None = None
    """Its stable revision; None if it never had one."""

    ready: bool = False
    reason: str = ""
    """Reason of its Ready condition."""

    deleting: bool = False
    path_back: tuple[str, ...] = ()
    """The pipelines by which its own references lead back to the unit, from itself to the unit;
    empty if they do not."""

    unresolved: tuple[Reason, str, str] | None = None
    """The reason, fact and remedy if there is nothing to pin; set if no cluster was asked."""
