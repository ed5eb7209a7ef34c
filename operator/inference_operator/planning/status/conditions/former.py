"""Conditions as they were: before the first sweep of a process, and while only numbers change."""

from dataclasses import replace

from inference_operator.api.conditions import Condition, ConditionStatus, ConditionType
from inference_operator.api.reasons import Reason
from inference_operator.planning.status.conditions.inputs import ConditionDraft

KNOWN = frozenset(map(str, Reason))
_HOLDS_OF = {
    ConditionStatus.TRUE: True,
    ConditionStatus.FALSE: False,
    ConditionStatus.UNKNOWN: None,
}


def former(kind: ConditionType, was: Condition | None) -> ConditionDraft | None:
    """Return the condition as it was; None if there was none, or one with a reason that no operator
    writes."""
    if was is None or was.reason not in KNOWN:
        return None
    return ConditionDraft(kind, _HOLDS_OF[was.status], Reason(was.reason), was.message)


def with_former_message(draft: ConditionDraft, was: Condition | None) -> ConditionDraft:
    """Return the condition with its former message while status and reason stay: the numbers in a
    message change with each sweep, and each change would be a write."""
    if was is None or (_HOLDS_OF[was.status], was.reason) != (draft.holds, draft.reason):
        return draft
    return replace(draft, message=was.message)
