"""`Ready`: whether the target revision answers its clients on all replicas."""

from inference_operator.api.conditions import ConditionType
from inference_operator.api.quoting import counted
from inference_operator.api.reasons import FOR_A_PERSON, Reason
from inference_operator.domain.accelerator import Mode
from inference_operator.domain.observed import RevisionRecord
from inference_operator.planning.status.conditions.inputs import (
    ConditionDraft,
    ConditionInputs,
    still_serving,
    unresolved_sentence,
)

# Whatever the pods do meanwhile, a person has the word.
_OF_PEOPLE = FOR_A_PERSON | {Reason.ROLLOUT_ABORTED, Reason.NOT_ALLOWED}


def ready_condition(inputs: ConditionInputs) -> ConditionDraft:
    holds, reason, message = _readiness(inputs)
    choice = inputs.assessment.accelerator
    if choice is not None and choice.fallback_is_off and choice.message not in message:
        message = f"{message}; {choice.message}"
    return ConditionDraft(ConditionType.READY, holds, reason, message)


def _readiness(inputs: ConditionInputs) -> tuple[bool, Reason, str]:
    plan, record = inputs.plan, inputs.record
    if plan.assessment.invalid is not None:
        return (
            False,
            plan.assessment.invalid.reason,
            plan.assessment.invalid.message + still_serving(inputs),
        )
    if inputs.errors:
        return False, Reason.CHILD_REFUSED, "; ".join(inputs.errors) + still_serving(inputs)
    unresolved = plan.assessment.unresolved
    if unresolved is not None and (plan.assessment.unit is None or unresolved.is_definite):
        return False, unresolved.reason, unresolved_sentence(inputs, unresolved)
    if plan.rejected:
        return False, Reason.RECORD_REJECTED, plan.rejected
    return _readiness_of_rollout(inputs, record)


def _readiness_of_rollout(
    inputs: ConditionInputs, record: RevisionRecord | None
) -> tuple[bool, Reason, str]:
    """Return whether the revision to reach serves; the spec is valid and its artifact is known."""
    plan = inputs.plan
    hold = plan.rollout.hold
    if record is None:
        reason, message = (hold.reason, hold.message) if hold else (Reason.PROGRESSING, "")
        return False, reason, message
    if inputs.replicas == 0 and hold is None:
        return True, Reason.SCALED_TO_ZERO, _zero_sentence(inputs, record)
    if hold is not None and hold.reason in _OF_PEOPLE:
        return False, hold.reason, hold.message
    if inputs.serves and hold is None:
        return True, Reason.READY, _serving_sentence(inputs, record)
    return False, *_not_ready(inputs, record)


def _not_ready(inputs: ConditionInputs, record: RevisionRecord) -> tuple[Reason, str]:
    hold = inputs.plan.rollout.hold
    if inputs.diagnosis is not None:
        return inputs.diagnosis.reason, inputs.diagnosis.message + still_serving(inputs)
    since = f"; {inputs.wait.message}" if inputs.wait else ""
    if hold is not None:
        return hold.reason, hold.message + since
    if inputs.ready >= inputs.needed:
        message = f"the Service does not select revision {record.revision} yet"
        return Reason.PROGRESSING, message + still_serving(inputs)
    reason = Reason.SCALING if inputs.promoted else Reason.PROGRESSING
    replicas = counted(inputs.replicas, "replica")
    message = f"revision {record.revision} answers on {inputs.ready} of {replicas}{since}"
    return reason, message + still_serving(inputs)


def _zero_sentence(inputs: ConditionInputs, record: RevisionRecord) -> str:
    sentence = "scaled to zero because spec.replicas is 0"
    if inputs.promoted:
        return sentence
    return f"{sentence}; revision {record.revision} has not answered yet, and starts with replicas"


def _serving_sentence(inputs: ConditionInputs, record: RevisionRecord) -> str:
    sentence = (
        f"model {record.model} version {record.version} (revision {record.revision}) answers on"
        f" {inputs.ready} of {counted(inputs.replicas, 'replica')}"
    )
    accelerator = inputs.assessment.accelerator
    if accelerator is not None and accelerator.mode is Mode.CPU:
        sentence += f"; {accelerator.message}"
    # It serves what it has pinned, which is not all that it refers to.
    broken = [each.message for each in inputs.assessment.references if not each.resolves]
    return "; ".join((sentence, *broken))
