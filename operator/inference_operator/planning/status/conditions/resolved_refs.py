"""`ResolvedRefs`: the outcome of a pipeline's modelRefs."""

from collections.abc import Iterator

from inference_operator.api.conditions import ConditionType
from inference_operator.api.reasons import Reason
from inference_operator.planning.status.conditions.inputs import ConditionDraft, ConditionInputs


def references_condition(inputs: ConditionInputs) -> Iterator[ConditionDraft]:
    found = inputs.plan.references
    if not found:
        return
    broken = [one for one in found if not one.resolves]
    message = "; ".join(one.message for one in broken or found)
    reason = broken[0].reason if broken else Reason.RESOLVED
    yield ConditionDraft(ConditionType.RESOLVED_REFS, not broken, reason, message)
