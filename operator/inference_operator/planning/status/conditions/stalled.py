"""`Stalled`: why the unit does not become Ready by itself."""

from inference_operator.api.conditions import ConditionType
from inference_operator.api.reasons import Reason
from inference_operator.planning.status.conditions.inputs import (
    ConditionDraft,
    ConditionInputs,
    unresolved_sentence,
)


def stalled_condition(inputs: ConditionInputs) -> ConditionDraft | None:
    plan, kind = inputs.plan, ConditionType.STALLED
    invalid, unresolved = plan.assessment.invalid, plan.assessment.unresolved
    if invalid is not None:
        return ConditionDraft(kind, True, invalid.reason, invalid.message)
    if inputs.errors:
        return ConditionDraft(kind, True, Reason.CHILD_REFUSED, "; ".join(inputs.errors))
    if unresolved is not None and unresolved.is_definite:
        message = unresolved_sentence(inputs, unresolved)
        return ConditionDraft(kind, True, unresolved.reason, message)
    if plan.rejected:
        return ConditionDraft(kind, True, Reason.RECORD_REJECTED, plan.rejected)
    # A pause ends with a word of the person who asked for it: nothing is wrong.
    if plan.rollout.blocked_reason and not plan.rollout.paused:
        message = plan.rollout.blocked_reason + (
            f": {inputs.diagnosis.message}" if inputs.diagnosis else ""
        )
        return ConditionDraft(kind, True, Reason.PROGRESS_DEADLINE_EXCEEDED, message)
    return None
