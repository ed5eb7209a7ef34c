"""The Events of a pass: one per decision, and per change of state that needs a person."""

from dataclasses import dataclass
from enum import StrEnum

from inference_operator.api.analysis_status import Verdict
from inference_operator.api.conditions import Condition, ConditionStatus, ConditionType
from inference_operator.api.reasons import FOR_A_PERSON, UNDER_WAY, Reason
from inference_operator.api.status import UnitStatus
from inference_operator.domain.rollout_state import Decision
from inference_operator.planning.plan import Plan
from inference_operator.planning.status.conditions.analysed import REASON_OF

_WARNINGS = frozenset(
    {
        Reason.RECORD_REJECTED,
        Reason.ROLLOUT_ABORTED,
        Reason.STABLE_UNAVAILABLE,
        Reason.BASELINE_LATE,
    }
)
"""Decisions after which a person must look."""


class Severity(StrEnum):
    """Type of an Event."""

    NORMAL = "Normal"
    WARNING = "Warning"


@dataclass(frozen=True, slots=True)
class EventDraft:
    """An Event before it is sent."""

    severity: Severity
    reason: str
    message: str


def events_for(
    before: UnitStatus,
    after: UnitStatus,
    plan: Plan,
    repaired: tuple[str, ...] = (),
) -> tuple[EventDraft, ...]:
    """Return the Events of a pass; `repaired` are the children that were restored.

    The first revision of a unit gets no Event of its own, only its promotion does.
    """
    is_new = before.observed_generation is None
    was = before.condition(ConditionType.READY)
    now = after.condition(ConditionType.READY)
    promoted = any(decision.reason is Reason.PROMOTED for decision in plan.decisions)
    of_ready = _ready_event(was, now) if now is not None and not promoted else []
    made = [
        EventDraft(_severity(decision.reason), decision.reason, decision.message)
        for decision in plan.decisions
        if not (is_new and decision.reason is Reason.REVISION_CREATED)
        and not any(_repeats(draft, decision) for draft in of_ready)
    ]
    if repaired and before.observed_generation == after.observed_generation:
        message = f"restored after a change by another client: {'; '.join(repaired)}"
        made.append(EventDraft(Severity.NORMAL, Reason.DRIFT_REPAIRED, message))
    made.extend(of_ready)
    made.extend(_verdict_event(before, after))
    return (*made, *_stalled(before, after), *_lost_references(before, after))


def _repeats(draft: EventDraft, decision: Decision) -> bool:
    """Return whether an Event says what a decision does, and maybe what to do about it."""
    return draft.reason == decision.reason and draft.message.startswith(decision.message)


def _stalled(before: UnitStatus, after: UnitStatus) -> list[EventDraft]:
    """Report a new reason of Stalled, unless the Event about Ready has reported it."""
    was, now = (s.condition(ConditionType.STALLED) for s in (before, after))
    ready = after.condition(ConditionType.READY)
    if now is None or (was is not None and was.reason == now.reason):
        return []
    is_reported = ready is not None and ready.reason == now.reason and now.reason not in UNDER_WAY
    return [] if is_reported else [EventDraft(Severity.WARNING, now.reason, now.message)]


def _severity(reason: Reason) -> Severity:
    return Severity.WARNING if reason in _WARNINGS else Severity.NORMAL


def _lost_references(before: UnitStatus, after: UnitStatus) -> list[EventDraft]:
    """Report that a pipeline serves without a resource that it refers to."""
    was, now = (s.condition(ConditionType.RESOLVED_REFS) for s in (before, after))
    if was is None or now is None or now.status is not ConditionStatus.FALSE:
        return []
    ready = after.condition(ConditionType.READY)
    is_reported = ready is not None and ready.reason == now.reason
    if is_reported or (was.status, was.reason) == (now.status, now.reason):
        return []
    return [EventDraft(Severity.WARNING, now.reason, now.message)]


def _ready_event(was: Condition | None, now: Condition) -> list[EventDraft]:
    if was is not None and (was.status, was.reason) == (now.status, now.reason):
        return []
    if now.reason in {*UNDER_WAY, Reason.RECORD_REJECTED}:  # The decisions report it.
        return []
    if now.status is ConditionStatus.TRUE:
        return [EventDraft(Severity.NORMAL, now.reason, now.message)]
    severity = Severity.NORMAL if now.reason in FOR_A_PERSON else Severity.WARNING
    return [EventDraft(severity, now.reason, now.message)]


def _verdict_event(before: UnitStatus, after: UnitStatus) -> list[EventDraft]:
    """Report another verdict on the same canary. A failing one ends the rollout, which is a
    decision."""
    was, now = before.analysis, after.analysis
    if was is None or now is None or was.revision != now.revision or was.verdict == now.verdict:
        return []
    is_missing = now.verdict in (Verdict.NO_DATA, Verdict.ERROR)
    severity = Severity.WARNING if is_missing else Severity.NORMAL
    return [EventDraft(severity, REASON_OF[now.verdict], now.message or now.verdict)]
