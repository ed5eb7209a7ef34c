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
    kind, assessment = ConditionType.SPEC_VALID, inputs.assessment
    if assessment.invalid is not None:
        message = assessment.invalid.message + still_serving(inputs)
        return ConditionDraft(kind, False, assessment.invalid.reason, message)
    if assessment.unit is None and assessment.unresolved is not None:
        message = (
            "the spec will be checked when its model versions and references have been resolved"
        )
        return ConditionDraft(kind, None, assessment.unresolved.reason, message)
    message = "the spec can be served"
    if assessment.outside:
        outside = joined(assessment.outside)
        message = (
            f"the running revision continues to serve, but a new one would be refused: {outside}"
        )
    return ConditionDraft(kind, True, Reason.VALID, message)
