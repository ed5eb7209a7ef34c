"""Conditions, computed by one summariser from what was seen and decided."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from inference_operator.api.conditions import (
    MESSAGE_LENGTH,
    Condition,
    ConditionStatus,
    ConditionType,
    format_time,
)
from inference_operator.api.problem import joined
from inference_operator.api.reasons import Reason
from inference_operator.domain.accelerator import Mode
from inference_operator.domain.message_limits import truncate
from inference_operator.domain.observed import Observed, RevisionRecord
from inference_operator.domain.resolution import Unresolved
from inference_operator.planning.plan import Plan
from inference_operator.planning.status.pod_health import (
    ARTIFACT_REASONS,
    Diagnosis,
    diagnose,
    load_report,
)
from inference_operator.validation.references import OF_REFERENCES


@dataclass(frozen=True, slots=True)
class ConditionDraft:
    """A condition before it has its time: its type, whether it holds, and why."""

    type: ConditionType
    holds: bool | None
    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class ConditionInputs:
    """What all conditions are computed from."""

    seen: Observed
    plan: Plan
    errors: tuple[str, ...]
    """Sentences of children that the API server refused in this pass."""

    record: RevisionRecord | None
    """The revision that the spec wants, or, while it is invalid, the one that serves."""

    diagnosis: Diagnosis | None
    ready: int
    """Pods of `record` in which the model answers."""

    @property
    def wanted(self) -> int:
        return self.plan.replicas

    @property
    def promoted(self) -> bool:
        return self.record is not None and self.plan.position.stable == self.record.revision

    @property
    def serves(self) -> bool:
        """Whether clients are answered by this very revision, on all wanted replicas."""
        return self.promoted and self.reached and self.ready >= self.wanted

    @property
    def reached(self) -> bool:
        """Whether the Service leads to it: its write may have failed."""
        return self.record is not None and self.seen.served_revision == self.record.revision


def condition_inputs(seen: Observed, plan: Plan, errors: tuple[str, ...]) -> ConditionInputs:
    """Gather once what every condition looks at."""
    target = plan.unit.revision if plan.unit else plan.position.serving
    record = plan.records.get(target) if target else None
    diagnosis = None
    if record is not None:
        pods = seen.pods_of(record.revision)
        way_out = plan.accelerator.way_out if plan.accelerator else ""
        diagnosis = diagnose(record, seen.deployments.get(record.revision), pods, way_out)
    return ConditionInputs(seen, plan, errors, record, diagnosis, seen.ready_of(target))


def condition_drafts(view: ConditionInputs) -> Iterator[ConditionDraft]:
    """All conditions that apply."""
    yield _spec_valid(view)
    yield from _references(view)
    yield from _artifact(view)
    yield from _model_loaded(view)
    yield from _available(view)
    if view.plan.behind:
        reason = Reason.WAITING_FOR_ROLLOUT_SLOT if view.plan.wants_slot else Reason.PAUSED
        yield ConditionDraft(ConditionType.DEFAULTS_CURRENT, False, reason, view.plan.behind)
    ready = _ready(view)
    yield ready
    stalled = _stalled(view)
    if stalled is not None:
        yield stalled
    elif ready.holds is not True:
        yield ConditionDraft(ConditionType.RECONCILING, True, ready.reason, ready.message)


def _spec_valid(view: ConditionInputs) -> ConditionDraft:
    if view.plan.invalid is not None:
        message = view.plan.invalid.message + _still_serving(view)
        return ConditionDraft(ConditionType.SPEC_VALID, False, view.plan.invalid.reason, message)
    if view.plan.unit is None and view.plan.unresolved is not None:
        message = "the spec is checked once all that it leaves to others is known"
        return ConditionDraft(ConditionType.SPEC_VALID, None, view.plan.unresolved.reason, message)
    message = "the spec can be served"
    if view.plan.outside:
        outside = joined(view.plan.outside)
        message = f"what runs goes on, but a new revision of this spec would be refused: {outside}"
    return ConditionDraft(ConditionType.SPEC_VALID, True, Reason.VALID, message)


def _references(view: ConditionInputs) -> Iterator[ConditionDraft]:
    found = view.plan.references
    if not found:
        return
    broken = [one for one in found if not one.resolves]
    message = "; ".join(one.message for one in broken or found)
    reason = broken[0].reason if broken else Reason.RESOLVED
    yield ConditionDraft(ConditionType.RESOLVED_REFS, not broken, reason, message)


def _artifact(view: ConditionInputs) -> Iterator[ConditionDraft]:
    kind = ConditionType.ARTIFACT_RESOLVED
    record, unresolved = view.record, view.plan.unresolved
    if unresolved is not None and unresolved.reason not in OF_REFERENCES:
        holds = False if unresolved.is_definite else None
        yield ConditionDraft(kind, holds, unresolved.reason, _unresolved(view, unresolved))
        return
    if record is None or (view.wanted == 0 and view.ready == 0):
        return
    if view.diagnosis is not None and view.diagnosis.reason in ARTIFACT_REASONS:
        message = view.diagnosis.message + _still_serving(view)
        yield ConditionDraft(kind, False, view.diagnosis.reason, message)
        return
    report, words = load_report(view.seen.pods_of(record.revision)), record.resolved or record.words
    if report is not None or view.ready > 0:
        is_pinned = record.sha256 or record.steps
        pinned = "" if is_pinned else "; set spec.model.source.sha256 to pin it"
        message = "; ".join((f"{words} is loaded{pinned}", *map(str, view.plan.contradictions)))
        yield ConditionDraft(kind, True, Reason.RESOLVED, message)
        return
    yield ConditionDraft(kind, None, Reason.FETCHING, f"{words} is being fetched")


def _unresolved(view: ConditionInputs, unresolved: Unresolved) -> str:
    since = f" (since {format_time(unresolved.since)})" if unresolved.since else ""
    unit = view.plan.unit
    standing = unit.standing if unit else ""
    kept = f"; {standing} stands until then" if standing else ""
    return f"{unresolved.message}{since}{kept}{_still_serving(view)}"


def _model_loaded(view: ConditionInputs) -> Iterator[ConditionDraft]:
    kind = ConditionType.MODEL_LOADED
    record = view.record
    if record is None or (view.wanted == 0 and view.ready == 0):
        return
    if view.ready > 0:
        message = f"model {record.model} version {record.version} answers"
        yield ConditionDraft(kind, True, Reason.LOADED, message)
    elif view.diagnosis is not None:
        yield ConditionDraft(kind, False, view.diagnosis.reason, view.diagnosis.message)
    else:
        message = f"model {record.model} version {record.version} does not answer yet"
        yield ConditionDraft(kind, False, Reason.LOADING, message)


def _available(view: ConditionInputs) -> Iterator[ConditionDraft]:
    serving = view.plan.position.serving
    if serving is None or view.wanted == 0:
        return
    ready = view.seen.ready_of(serving)
    if view.plan.has_no_service:
        message = f"no client reaches revision {serving}: {'; '.join(view.plan.blocked)}"
        yield ConditionDraft(ConditionType.AVAILABLE, False, Reason.CHILD_REFUSED, message)
    elif ready > 0:
        message = f"revision {serving} answers its clients"
        yield ConditionDraft(
            ConditionType.AVAILABLE, True, Reason.MINIMUM_REPLICAS_AVAILABLE, message
        )
    else:
        message = f"no pod of revision {serving} answers"
        yield ConditionDraft(ConditionType.AVAILABLE, False, Reason.NO_PODS_READY, message)


def _ready(view: ConditionInputs) -> ConditionDraft:
    holds, reason, message = _readiness(view)
    choice = view.plan.accelerator
    if choice is not None and choice.fallback_is_off and choice.message not in message:
        message = f"{message}; {choice.message}"
    return ConditionDraft(ConditionType.READY, holds, reason, message)


def _readiness(view: ConditionInputs) -> tuple[bool, Reason, str]:
    plan, record = view.plan, view.record
    if plan.invalid is not None:
        return False, plan.invalid.reason, plan.invalid.message + _still_serving(view)
    if view.errors:
        return False, Reason.CHILD_REFUSED, "; ".join(view.errors) + _still_serving(view)
    unresolved = plan.unresolved
    if unresolved is not None and (plan.unit is None or unresolved.is_definite):
        return False, unresolved.reason, _unresolved(view, unresolved)
    if plan.rejected:
        return False, Reason.RECORD_REJECTED, plan.rejected
    if record is None:
        return False, Reason.PAUSED, plan.stuck
    if view.serves:
        if view.wanted == 0:
            return True, Reason.SCALED_TO_ZERO, "scaled to zero, as spec.replicas asks"
        return True, Reason.READY, _serving_sentence(view, record)
    return False, *_not_ready(view, record)


def _not_ready(view: ConditionInputs, record: RevisionRecord) -> tuple[Reason, str]:
    plan = view.plan
    if plan.paused:
        return Reason.PAUSED, plan.stuck
    if view.diagnosis is not None:
        return view.diagnosis.reason, view.diagnosis.message + _still_serving(view)
    if plan.stuck:
        return Reason.PROGRESS_DEADLINE_EXCEEDED, plan.stuck
    if view.ready >= view.wanted:
        message = f"clients are not sent to revision {record.revision} yet"
        return Reason.PROGRESSING, message + _still_serving(view)
    reason = Reason.SCALING if view.promoted else Reason.PROGRESSING
    message = f"revision {record.revision} answers on {view.ready} of {view.wanted} replicas"
    return reason, message + _still_serving(view)


def _serving_sentence(view: ConditionInputs, record: RevisionRecord) -> str:
    sentence = (
        f"model {record.model} version {record.version} (revision {record.revision}) answers on"
        f" {view.ready} of {view.wanted} replicas"
    )
    choice = view.plan.accelerator
    if choice is not None and choice.mode is Mode.CPU:
        sentence += f"; {choice.message}"
    return sentence


def _still_serving(view: ConditionInputs) -> str:
    stable = view.plan.position.stable
    target = view.plan.unit.revision if view.plan.unit else None
    if stable is None or stable == target or view.seen.ready_of(stable) == 0:
        return ""
    return f" (revision {stable} goes on serving on {view.seen.ready_of(stable)} replicas)"


def _stalled(view: ConditionInputs) -> ConditionDraft | None:
    plan = view.plan
    kind = ConditionType.STALLED
    if plan.invalid is not None:
        return ConditionDraft(kind, True, plan.invalid.reason, plan.invalid.message)
    if view.errors:
        return ConditionDraft(kind, True, Reason.CHILD_REFUSED, "; ".join(view.errors))
    if plan.unresolved is not None and plan.unresolved.is_definite:
        message = _unresolved(view, plan.unresolved)
        return ConditionDraft(kind, True, plan.unresolved.reason, message)
    if plan.rejected:
        return ConditionDraft(kind, True, Reason.RECORD_REJECTED, plan.rejected)
    if plan.paused and not view.serves:
        return ConditionDraft(kind, True, Reason.PAUSED, plan.stuck)
    if plan.stuck:
        because = f": {view.diagnosis.message}" if view.diagnosis else ""
        return ConditionDraft(kind, True, Reason.PROGRESS_DEADLINE_EXCEEDED, plan.stuck + because)
    return None


def conditions(
    found: Sequence[ConditionDraft], before: Sequence[Condition], generation: int, now: datetime
) -> tuple[Condition, ...]:
    """Findings as conditions; the transition time moves only when the status does."""
    old = {condition.type: condition for condition in before}
    return tuple(_condition(finding, old, generation, now) for finding in found)


_STATUS = {True: ConditionStatus.TRUE, False: ConditionStatus.FALSE, None: ConditionStatus.UNKNOWN}


def _condition(
    finding: ConditionDraft, old: dict[str, Condition], generation: int, now: datetime
) -> Condition:
    status = _STATUS[finding.holds]
    previous = old.get(finding.type)
    unchanged = previous is not None and previous.status == status
    return Condition(
        type=finding.type,
        status=status,
        observed_generation=generation,
        last_transition_time=previous.last_transition_time if previous and unchanged else now,
        reason=finding.reason,
        message=truncate(finding.message, MESSAGE_LENGTH),
    )
