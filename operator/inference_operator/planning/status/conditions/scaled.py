"""`ScalingActive` and `ScalingLimited`: whether the number of pods follows its metrics, and what
keeps it from what they ask for."""

from collections.abc import Iterator

from inference_operator.api.conditions import ConditionType
from inference_operator.api.quoting import counted
from inference_operator.api.reasons import Reason
from inference_operator.domain.scaling import ScalingDecision
from inference_operator.planning.sizing import is_illegible
from inference_operator.planning.status.conditions.former import former, with_former_message
from inference_operator.planning.status.conditions.inputs import ConditionDraft, ConditionInputs

NO_PROMETHEUS = (
    "this operator has no Prometheus (INFERENCE_OPERATOR_PROMETHEUS_URL), so the number of pods"
    " follows minReplicas, maxReplicas and schedules only"
)


def scaling_conditions(inputs: ConditionInputs) -> Iterator[ConditionDraft]:
    """Yield the conditions of a unit with `spec.autoscaling`."""
    scaled = inputs.plan.autoscaled
    if scaled is None or is_illegible(inputs.assessment.invalid):
        return
    active = ConditionType.SCALING_ACTIVE
    if not scaled.is_measured:
        yield ConditionDraft(active, False, Reason.METRICS_UNAVAILABLE, NO_PROMETHEUS)
    elif scaled.answer is None:
        yield from _kept(inputs, active)
        yield from _kept(inputs, ConditionType.SCALING_LIMITED)
    else:
        decision = scaled.answer.decision
        yield _steady(inputs, _active(decision))
        if decision.limited is not None:
            limit = decision.limited
            draft = ConditionDraft(ConditionType.SCALING_LIMITED, True, limit.reason, limit.message)
            yield _steady(inputs, draft)


def _active(decision: ScalingDecision) -> ConditionDraft:
    kind = ConditionType.SCALING_ACTIVE
    if decision.holds is not None:
        reason = Reason.FALLBACK_REACHED if decision.has_fallen_back else decision.holds.reason
        return ConditionDraft(kind, False, reason, decision.holds.message)
    reason = Reason.IDLE if decision.is_idle else Reason.VALID_METRIC_FOUND
    return ConditionDraft(kind, True, reason, decision.message)


def _kept(inputs: ConditionInputs, kind: ConditionType) -> Iterator[ConditionDraft]:
    """Yield the condition as it was before the operator started; the one about metrics also
    before there was any."""
    draft = former(kind, inputs.seen.status.condition(kind))
    if draft is not None:
        yield draft
    elif kind is ConditionType.SCALING_ACTIVE:
        pods = counted(inputs.plan.sizes.unit, "pod")
        message = f"{pods}: the metrics were not asked for yet"
        yield ConditionDraft(kind, None, Reason.NO_DATA, message)


def _steady(inputs: ConditionInputs, draft: ConditionDraft) -> ConditionDraft:
    """Return the condition, while the number of pods stays with its former message."""
    before = inputs.seen.status.autoscaling
    if before is None or before.desired_replicas != inputs.plan.sizes.unit:
        return draft
    return with_former_message(draft, inputs.seen.status.condition(draft.type))
