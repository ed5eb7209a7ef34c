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
    if inputs.plan.assessment.invalid is not None:
        message = inputs.plan.assessment.invalid.message + still_serving(inputs)
        return ConditionDraft(
            ConditionType.SPEC_VALID, False, inputs.plan.assessment.invalid.reason, message
        )
    if inputs.plan.assessment.unit is None and inputs.plan.assessment.unresolved is not None:
        message = (
            "the spec will be checked when its model versions and references have been resolved"
        )
        return ConditionDraft(
            ConditionType.SPEC_VALID, None, inputs.plan.assessment.unresolved.reason, message
        )
    message = "the spec can be served"
    if inputs.plan.assessment.outside:
        outside = joined(inputs.plan.assessment.outside)
        message = (
            f"the running revision continues to serve, but a new one would be refused: {outside}"
        )
    return ConditionDraft(ConditionType.SPEC_VALID, True, Reason.VALID, message)
