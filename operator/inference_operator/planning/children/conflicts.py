"""Children whose names other objects already have."""

from inference_operator.domain.names import ChildKey, UnitKey
from inference_operator.domain.observed import Observed
from inference_operator.domain.sizes import BUDGET_FROM
from inference_operator.planning.children.gateway import ROUTE_KINDS


def blocked_by_conflicts(seen: Observed, replicas: int) -> dict[ChildKey, str]:
    """Return a sentence for each child whose name another object already has."""
    kinds = {"Service", *ROUTE_KINDS}
    if replicas >= BUDGET_FROM:
        kinds.add("PodDisruptionBudget")
    keys = (key for key in sorted(seen.children.name_conflicts) if key.kind in kinds)
    return {key: _describe_conflict(key, seen.children.name_conflicts[key]) for key in keys}


def _describe_conflict(key: ChildKey, holder: UnitKey | None) -> str:
    if holder is not None:
        return f"{key} belongs to {holder.kind} {holder.name}; rename one of the two"
    return (
        f"{key} exists and belongs to another owner; delete or rename it, or rename this resource"
    )
