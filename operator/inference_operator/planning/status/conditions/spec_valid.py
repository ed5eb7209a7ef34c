"""`SpecValid`: whether the spec can be served."""

from inference_operator.api.conditions import ConditionType
from inference_operator.api.problem import joined
from inference_operator.api.reasons import Reason
from inference_operator.planning.status.conditions.inputs import (
    ConditionDraft,
    ConditionInputs,
    still_serving,
)


def spec_valid_condition(inputs: ConditionInputs) -> ConditionDraft:
    if inputs.plan.invalid is not None:
        message = inputs.plan.invalid.message + still_serving(inputs)
        return ConditionDraft(ConditionType.SPEC_VALID, False, inputs.plan.invalid.reason, message)
    if inputs.plan.unit is None and inputs.plan.unresolved is not None:
        message = "the spec is checked once all that it leaves to others is known"
        return ConditionDraft(
            ConditionType.SPEC_VALID, None, inputs.plan.unresolved.reason, message
        )
    message = "the spec can be served"
    if inputs.plan.outside:
        outside = joined(inputs.plan.outside)
        message = f"what runs goes on, but a new revision of this spec would be refused: {outside}"
    return ConditionDraft(ConditionType.SPEC_VALID, True, Reason.VALID, message)
