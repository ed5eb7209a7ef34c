"""`DefaultsCurrent`: whether the unit runs with the operator's default image of today."""

from collections.abc import Iterator

from inference_operator.api.conditions import ConditionType
from inference_operator.api.reasons import Reason
from inference_operator.planning.status.conditions.inputs import ConditionDraft, ConditionInputs


def defaults_current_condition(inputs: ConditionInputs) -> Iterator[ConditionDraft]:
    assessment = inputs.assessment
    if assessment.outdated_default_reason:
        reason = Reason.WAITING_FOR_ROLLOUT_SLOT if assessment.wants_slot else Reason.PAUSED
        kind = ConditionType.DEFAULTS_CURRENT
        yield ConditionDraft(kind, False, reason, assessment.outdated_default_reason)
