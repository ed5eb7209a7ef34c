"""`Reconciling`: whether the operator still works towards Ready."""

from inference_operator.api.conditions import ConditionType
from inference_operator.planning.status.conditions.inputs import ConditionDraft


def reconciling_condition(ready: ConditionDraft) -> ConditionDraft | None:
    if ready.holds is True:
        return None
    return ConditionDraft(ConditionType.RECONCILING, True, ready.reason, ready.message)
