"""`ResolvedRefs`: the outcomes of a pipeline's modelRefs."""

from collections.abc import Iterator

from inference_operator.api.conditions import ConditionType
from inference_operator.api.reasons import Reason
from inference_operator.planning.status.conditions.inputs import ConditionDraft, ConditionInputs


def references_condition(inputs: ConditionInputs) -> Iterator[ConditionDraft]:
    outcomes = inputs.assessment.references
    if not outcomes:
        return
    broken = [outcome for outcome in outcomes if not outcome.resolves]
    message = "; ".join(outcome.message for outcome in broken or outcomes)
    reason = broken[0].reason if broken else Reason.RESOLVED
    yield ConditionDraft(ConditionType.RESOLVED_REFS, not broken, reason, message)
