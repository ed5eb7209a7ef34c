"""`Reconciling`: whether the operator still works towards Ready."""

from collections.abc import Iterator

from inference_operator.api.conditions import ConditionType
from inference_operator.planning.status.conditions.inputs import ConditionDraft


def reconciling_condition(ready: ConditionDraft) -> Iterator[ConditionDraft]:
    if ready.holds is not True:
        yield ConditionDraft(ConditionType.RECONCILING, True, ready.reason, ready.message)
