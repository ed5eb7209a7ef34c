"""`CanaryHealthy` and `MetricsAvailable`: what the metrics say of a canary, and whether there are
any."""

from collections.abc import Iterator, Mapping

from inference_operator.api.analysis_status import Verdict
from inference_operator.api.conditions import ConditionType
from inference_operator.api.reasons import Reason
from inference_operator.domain.analysis import AnalysisResult
from inference_operator.planning.judgement_texts import NO_PROMETHEUS, NOT_JUDGED
from inference_operator.planning.status.conditions.former import (
    KNOWN,
    former,
    with_former_message,
)
from inference_operator.planning.status.conditions.inputs import ConditionDraft, ConditionInputs

REASON_OF: Mapping[Verdict, Reason] = {
    Verdict.PASS: Reason.ANALYSIS_PASSED,
    Verdict.FAIL: Reason.ANALYSIS_FAILED,
    Verdict.NO_DATA: Reason.NO_DATA,
    Verdict.LOW_TRAFFIC: Reason.LOW_TRAFFIC,
    Verdict.INCOMPARABLE: Reason.INCOMPARABLE,
    Verdict.ERROR: Reason.METRICS_UNAVAILABLE,
}
_HOLDS = {Verdict.PASS: True, Verdict.FAIL: False}


def analysis_conditions(inputs: ConditionInputs) -> Iterator[ConditionDraft]:
    """Yield both conditions, for a unit with `rollout.canary.analysis`."""
    unit = inputs.assessment.unit
    canary = unit.rollout.canary if unit is not None else None
    if canary is None or canary.analysis is None:
        return
    state = inputs.plan.rollout.state
    if state.canary is not None and state.stable is not None and state.step_hash:
        yield _canary_healthy(inputs)
    yield from _metrics_available(inputs)


def _canary_healthy(inputs: ConditionInputs) -> ConditionDraft:
    kind, record = ConditionType.CANARY_HEALTHY, inputs.plan.rollout.state.analysis
    if record is None:
        is_asked = inputs.plan.measured is not None
        reason = Reason.NO_DATA if is_asked else Reason.ANALYSIS_UNAVAILABLE
        return ConditionDraft(kind, None, reason, NOT_JUDGED if is_asked else NO_PROMETHEUS)
    holds, reason = _HOLDS.get(record.verdict), REASON_OF[record.verdict]
    return ConditionDraft(kind, holds, reason, record.message or NOT_JUDGED)


def _metrics_available(inputs: ConditionInputs) -> Iterator[ConditionDraft]:
    kind, result = ConditionType.METRICS_AVAILABLE, inputs.plan.measured
    if inputs.seen.status.stable is None:
        # Nothing is asked before the first revision serves.
        return
    if result is None:
        yield ConditionDraft(kind, False, Reason.ANALYSIS_UNAVAILABLE, NO_PROMETHEUS)
        return
    was = inputs.seen.status.condition(kind)
    if result.at is None and result.outage is None:
        # The operator has just started: what its predecessor found may still hold.
        if (draft := former(kind, was)) is not None:
            yield draft
        return
    yield with_former_message(ConditionDraft(kind, *_availability(result)), was)


def _availability(result: AnalysisResult) -> tuple[bool, Reason, str]:
    if result.outage is not None:
        return False, Reason(result.outage.value), result.unavailable_message
    if result.unavailable:
        is_known = result.unavailable in KNOWN
        reason = Reason(result.unavailable) if is_known else Reason.METRICS_UNAVAILABLE
        return False, reason, result.unavailable_message
    return True, Reason.AVAILABLE, "Prometheus has values of the pods"
