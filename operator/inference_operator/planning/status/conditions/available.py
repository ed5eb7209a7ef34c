"""`Available`: whether clients get responses."""

from collections.abc import Iterator

from inference_operator.api.conditions import ConditionType
from inference_operator.api.reasons import Reason
from inference_operator.planning.status.conditions.inputs import ConditionDraft, ConditionInputs


def available_condition(inputs: ConditionInputs) -> Iterator[ConditionDraft]:
    serving = inputs.plan.rollout.state.serving
    if serving is None or inputs.replicas == 0:
        return
    ready = inputs.seen.children.ready_of(serving)
    if inputs.plan.has_no_service:
        conflicts = "; ".join(inputs.plan.blocked_by_conflicts.values())
        message = f"clients cannot reach revision {serving}: {conflicts}"
        yield ConditionDraft(ConditionType.AVAILABLE, False, Reason.CHILD_REFUSED, message)
    elif ready > 0:
        message = f"revision {serving} answers its clients"
        yield ConditionDraft(
            ConditionType.AVAILABLE, True, Reason.MINIMUM_REPLICAS_AVAILABLE, message
        )
    else:
        message = f"no pod of revision {serving} answers"
        yield ConditionDraft(ConditionType.AVAILABLE, False, Reason.NO_PODS_READY, message)
