"""`ArtifactResolved`: whether the registry and the init container have the artifact."""

from collections.abc import Iterator

from inference_operator.api.conditions import ConditionType
from inference_operator.api.reasons import Reason
from inference_operator.planning.status.conditions.inputs import (
    ConditionDraft,
    ConditionInputs,
    still_serving,
    unresolved_sentence,
)
from inference_operator.planning.status.diagnosis import ARTIFACT_REASONS, Stage, load_report
from inference_operator.validation.references import OF_REFERENCES


def artifact_condition(inputs: ConditionInputs) -> Iterator[ConditionDraft]:
    kind = ConditionType.ARTIFACT_RESOLVED
    record, unresolved = inputs.record, inputs.assessment.unresolved
    if unresolved is not None and unresolved.reason not in OF_REFERENCES:
        holds = False if unresolved.is_definite else None
        yield ConditionDraft(
            kind, holds, unresolved.reason, unresolved_sentence(inputs, unresolved)
        )
        return
    if record is None or (inputs.replicas == 0 and inputs.ready == 0):
        return
    if inputs.diagnosis is not None and inputs.diagnosis.reason in ARTIFACT_REASONS:
        message = inputs.diagnosis.message + still_serving(inputs)
        yield ConditionDraft(kind, False, inputs.diagnosis.reason, message)
        return
    report = load_report(inputs.seen.children.pods_of(record.revision))
    artifact = record.resolved or record.summary
    if report is not None or inputs.ready > 0:
        is_pinned = record.sha256 or record.steps
        pinned = "" if is_pinned else "; set spec.model.source.sha256 to pin it"
        contradictions = map(str, inputs.assessment.contradictions)
        message = "; ".join((f"{artifact} was fetched{pinned}", *contradictions))
        yield ConditionDraft(kind, True, Reason.RESOLVED, message)
        return
    wait = inputs.wait
    since = f"; {wait.message}" if wait and wait.stage is not Stage.TRITON else ""
    yield ConditionDraft(kind, None, Reason.FETCHING, f"{artifact} is being fetched{since}")
