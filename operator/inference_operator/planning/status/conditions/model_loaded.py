"""`ModelLoaded`: whether Triton has loaded the model."""

from collections.abc import Iterator

from inference_operator.api.conditions import ConditionType
from inference_operator.api.reasons import Reason
from inference_operator.planning.status.conditions.inputs import ConditionDraft, ConditionInputs


def model_loaded_condition(inputs: ConditionInputs) -> Iterator[ConditionDraft]:
    kind = ConditionType.MODEL_LOADED
    record = inputs.record
    if record is None or (inputs.replicas == 0 and inputs.ready == 0):
        return
    if inputs.ready > 0:
        message = f"model {record.model} version {record.version} answers"
        yield ConditionDraft(kind, True, Reason.LOADED, message)
    elif inputs.diagnosis is not None:
        yield ConditionDraft(kind, False, inputs.diagnosis.reason, inputs.diagnosis.message)
    else:
        since = f"; {inputs.wait.message}" if inputs.wait else ""
        message = f"model {record.model} version {record.version} does not answer yet{since}"
        yield ConditionDraft(kind, False, Reason.LOADING, message)
