"""The planner: computes the plan of one pass over one unit, without IO or a clock."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from pydantic import ValidationError

from inference_operator.api.reasons import Reason
from inference_operator.api.rollout import Rollout
from inference_operator.domain.observed import Observed, RejectedRecord, RevisionRecord
from inference_operator.domain.rollout_state import Decision, RolloutState, kind_of
from inference_operator.domain.serving_unit import RolloutSettings, ServingUnit
from inference_operator.planning.children.desired import DesiredState, blocked_by_conflicts, stages
from inference_operator.planning.children.rejected_records import (
    deletion,
    describe,
    may_replace,
    paced,
    rejections,
    stays,
)
from inference_operator.planning.plan import Plan
from inference_operator.planning.rollout.history import history
from inference_operator.planning.rollout.position import rollout_state_of
from inference_operator.planning.rollout.state_machine import (
    RolloutFacts,
    Transition,
    advance,
    confirm,
    scale_down,
    traffic_of,
)
from inference_operator.planning.sizing import last_size, sizes
from inference_operator.resources.controller_revision import MOST_REVISIONS, new_record
from inference_operator.validation.assess import Assessment, assess
from inference_operator.validation.defaults import Defaults


def plan(seen: Observed, defaults: Defaults, now: datetime) -> Plan:
    """Decide what to write for the unit now."""
    state = rollout_state_of(seen)
    assessment = assess(seen, state, defaults)
    if assessment.unit is None:
        return paced(seen, _keep_up(seen, state, assessment, now), now)
    return paced(seen, _towards(seen, state, assessment, assessment.unit, now), now)


def _towards(
    seen: Observed, state: RolloutState, assessment: Assessment, unit: ServingUnit, now: datetime
) -> Plan:
    facts = RolloutFacts(
        target=unit.revision,
        replicas=unit.replicas,
        answering=seen.answering,
        settings=unit.rollout,
        now=now,
        served=seen.served_revision,
        artifact=_describe_artifact(unit),
        revision_cause=assessment.revision_cause,
    )
    announced = _with_first_promotion(seen, state, unit.revision)
    step = advance(_kept_serving(seen, announced, unit.revision), facts)
    records = dict(seen.revisions)
    recorded = records.get(unit.revision)
    number = _next_number(records, seen, unit.revision)
    unit = unit.numbered(recorded.version if recorded else number)
    fresh = None
    if recorded is None and unit.revision in step.state.live:
        fresh = new_record(unit, number)
    made = _recorded(seen, step, unit, fresh)
    return replace(
        made,
        accelerator=assessment.accelerator,
        unresolved=assessment.unresolved,
        references=assessment.references,
        contradictions=assessment.contradictions,
        outdated_default_reason=assessment.outdated_default_reason,
        wants_slot=assessment.wants_slot,
        outside=assessment.outside,
    )


def _recorded(
    seen: Observed, step: Transition, unit: ServingUnit, fresh: RevisionRecord | None
) -> Plan:
    """Plan with the record of the target revision, or with a new record if there is none.

    A new record replaces a rejected one only if that restarts no pod. Until then nothing of the
    revision is written, and its pods stay.
    """
    rejected = seen.rejected_of(unit.revision) if fresh is not None else None
    if fresh is None or rejected is None:
        added = {fresh.revision: fresh} if fresh is not None else {}
        return _plan(seen, step, {**seen.revisions, **added}, unit)
    if not may_replace(seen, fresh):
        sentence = f"{describe(rejected)}; {stays(unit.revision)}"
        return replace(_plan(seen, step, seen.revisions, unit), rejected=sentence)
    made = _plan(seen, step, seen.revisions, unit, rejected)
    first, *others = made.stages
    return replace(
        made,
        stages=((*first, *deletion(seen, rejected)), *others),
        records={**seen.revisions, fresh.revision: fresh},
    )


def _describe_artifact(unit: ServingUnit) -> str:
    """Describe the revision's artifact in decisions: the registry's version, or the steps."""
    if unit.steps:
        return ", ".join(step.summary for step in unit.steps)
    return str(unit.entry_model.resolved or "")


def _with_first_promotion(seen: Observed, state: RolloutState, target: str) -> RolloutState:
    """Let a revision that became ready before the first status be promoted and recorded."""
    if seen.status.observed_generation is None and state.stable == target:
        return replace(state, stable=None)
    return state


def _kept_serving(seen: Observed, state: RolloutState, target: str) -> RolloutState:
    """Treat a first revision with clients as stable until the next one is ready."""
    first = state.canary
    has_clients = first == seen.served_revision and seen.ready_of(first) > 0
    if state.stable is not None or first in (None, target) or not has_clients:
        return state
    return replace(state, stable=first, canary=None, since=None, progress=0)


def _plan(
    seen: Observed,
    step: Transition,
    records: Mapping[str, RevisionRecord],
    unit: ServingUnit,
    replaced: RejectedRecord | None = None,
) -> Plan:
    kept = history(records, step.state, unit.rollout.history_limit)
    numbers = sizes(seen, step.state, unit.replicas)
    goal = DesiredState(records, step.state, step.traffic, numbers, kept)
    return Plan(
        key=seen.owner.key,
        stages=stages(seen, goal),
        state=step.state,
        traffic=step.traffic,
        decisions=_new_decisions(
            seen,
            (
                *rejections(seen, step.state, replaced),
                *_scaling(seen, step.state, unit.replicas),
                *step.decisions,
            ),
        ),
        unit=unit,
        records=records,
        replicas=unit.replicas,
        blocked_reason=step.blocked_reason,
        paused=step.paused,
        blocked_by_conflicts=blocked_by_conflicts(seen, unit.replicas),
        wake_after=step.wake_after,
    )


def _scaling(seen: Observed, state: RolloutState, replicas: int) -> tuple[Decision, ...]:
    # Compare with the reported number: a Deployment that was scaled by hand is drift. A missing one
    # was reported too, without an edit of the spec.
    stable = seen.status.stable
    if stable is None or stable.revision != state.stable or stable.replicas == replicas:
        return ()
    if seen.status.observed_generation == seen.generation:
        return ()
    message = f"spec.replicas changed from {stable.replicas} to {replicas}"
    return (Decision(Reason.SCALED, message, str(stable.replicas), str(replicas)),)


def _new_decisions(seen: Observed, decisions: tuple[Decision, ...]) -> tuple[Decision, ...]:
    """Drop a decision that was the last of its kind: its writes are only tried again."""
    latest = {
        last.kind or kind_of(last.reason): (last.reason, last.source, last.target)
        for last in seen.status.decisions
        if last.reason != Reason.RECORD_REJECTED
    }
    return tuple(d for d in decisions if (d.reason, d.source, d.target) != latest.get(d.kind))


def _keep_up(seen: Observed, state: RolloutState, assessment: Assessment, now: datetime) -> Plan:
    """Keep the serving revisions, at the last size while the spec is invalid."""
    rollout = _rollout_settings(seen)
    state, wake_after = scale_down(state, rollout, now)
    invalid = assessment.invalid
    # What the allow-lists refuse is well-formed: its size is meant.
    is_illegible = invalid is not None and invalid.reason is not Reason.NOT_ALLOWED
    replicas = last_size(seen, state) if is_illegible else seen.spec.get("replicas", 1)
    facts = RolloutFacts("", replicas, seen.answering, rollout, now, seen.served_revision)
    moved = confirm(state, facts)
    state, traffic = moved.state, traffic_of(moved.state, facts)
    kept = frozenset(seen.revisions)
    numbers = sizes(seen, state, replicas)
    goal = DesiredState(seen.revisions, state, traffic, numbers, kept)
    return Plan(
        key=seen.owner.key,
        stages=stages(seen, goal),
        state=state,
        traffic=traffic,
        decisions=(*rejections(seen, state), *moved.decisions),
        invalid=invalid,
        unresolved=assessment.unresolved,
        references=assessment.references,
        records=seen.revisions,
        replicas=replicas,
        blocked_reason=invalid.message if invalid else "",
        blocked_by_conflicts=blocked_by_conflicts(seen, replicas),
        wake_after=wake_after,
    )


def _rollout_settings(seen: Observed) -> RolloutSettings:
    """Return the spec's rollout settings, or the defaults if they are not readable."""
    given = seen.spec.get("rollout") if isinstance(seen.spec, Mapping) else None
    try:
        return RolloutSettings.of(Rollout.model_validate(given or {}))
    except ValidationError:
        return RolloutSettings()


def _next_number(records: Mapping[str, RevisionRecord], seen: Observed, revision: str) -> int:
    """Return a number that no other revision has, in accepted or rejected records."""
    own = seen.rejected_of(revision)
    rejected = (record.number for record in seen.rejected.values() if record is not own)
    highest = max((*(record.number for record in records.values()), *rejected), default=0)
    return min(1 + highest, MOST_REVISIONS)
