"""The planner: computes the plan of one pass over one unit, without IO or a clock."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from pydantic import ValidationError

from inference_operator.api.decision_status import DecisionKind
from inference_operator.api.reasons import Reason
from inference_operator.api.rollout import Rollout
from inference_operator.domain.observed import Observed
from inference_operator.domain.rollout_state import Decision, RolloutState, last_decision
from inference_operator.domain.serving_unit import RolloutSettings
from inference_operator.planning.artifacts import artifact_of_unit, with_artifacts
from inference_operator.planning.children.desired import (
    DesiredState,
    blocked_by_conflicts,
    writes,
)
from inference_operator.planning.children.headless import has_headless
from inference_operator.planning.children.recording import Recording, recorded
from inference_operator.planning.children.rejected_records import deletion, paced, rejections
from inference_operator.planning.plan import Plan
from inference_operator.planning.rollout.facts import RolloutFacts
from inference_operator.planning.rollout.history import history
from inference_operator.planning.rollout.position import completed, rollout_state_of
from inference_operator.planning.rollout.state_machine import advance
from inference_operator.planning.sizing import is_illegible, sizes, unit_size
from inference_operator.planning.status.diagnosis import next_look
from inference_operator.planning.transition import Transition
from inference_operator.validation.assess import Assessment, assess
from inference_operator.validation.defaults import Defaults


def plan(seen: Observed, defaults: Defaults, now: datetime) -> Plan:
    """Decide what to write for the unit now.

    Without a unit to reach, what serves is kept up, at the last size while the spec is invalid.
    """
    before = rollout_state_of(seen)
    assessment = assess(seen, before, defaults)
    state = completed(seen, before, assessment.revision)
    size = unit_size(seen, state, assessment.invalid)
    settings = assessment.unit.rollout if assessment.unit else _rollout_settings(seen)
    facts = _facts(seen, assessment, settings, size, now)
    step = advance(state, facts)
    recording = recorded(seen, assessment.unit, step.state)
    numbers = sizes(seen, step.tracks, size)
    goal = DesiredState(
        records=recording.written,
        tracks=step.tracks,
        sizes=numbers,
        kept=_kept(recording, step, settings),
        headless=has_headless(seen, assessment.unit),
        before=before,
    )
    replaced = recording.replaced
    made = Plan(
        key=seen.owner.key,
        assessment=replace(assessment, unit=recording.unit),
        rollout=step,
        sizes=numbers,
        records=recording.shown,
        actions=(*(deletion(seen, replaced) if replaced else ()), *writes(seen, goal)),
        decisions=(
            *rejections(seen, step.state, replaced),
            *_scaling(seen, assessment, step.state, size),
            *with_artifacts(seen, step.decisions, recording.shown),
        ),
        blocked_by_conflicts=blocked_by_conflicts(seen, size),
        rejected=recording.rejected,
        wake_after=_earliest(step.wake_after, _next_look(seen, assessment, state, now)),
    )
    return paced(seen, made, now)


def _next_look(
    seen: Observed, assessment: Assessment, state: RolloutState, now: datetime
) -> timedelta | None:
    """Return when the status will have to say what a pod takes long for."""
    target = assessment.revision or state.serving
    return next_look(seen.children.pods_of(target), now) if target else None


def _earliest(*delays: timedelta | None) -> timedelta | None:
    return min((delay for delay in delays if delay is not None), default=None)


def _facts(
    seen: Observed, assessment: Assessment, settings: RolloutSettings, size: int, now: datetime
) -> RolloutFacts:
    unit = assessment.unit
    return RolloutFacts(
        target=assessment.revision,
        replicas=size,
        answering=seen.children.answering,
        settings=settings,
        now=now,
        traffic=seen.children.traffic,
        is_reported=seen.status.observed_generation is not None,
        artifact=artifact_of_unit(seen, unit).summary if unit else "",
        revision_cause=assessment.revision_cause,
    )


def _kept(recording: Recording, step: Transition, settings: RolloutSettings) -> frozenset[str]:
    """Return the revisions that keep their record; all, while the spec names no revision."""
    records = recording.written
    if recording.unit is None:
        return frozenset(records)
    return history(records, step.state, settings.history_limit)


def _scaling(
    seen: Observed, assessment: Assessment, state: RolloutState, replicas: int
) -> tuple[Decision, ...]:
    # Compare with the reported number: a Deployment that was scaled by hand is drift. A missing one
    # was reported too, without an edit of the spec.
    stable, status = seen.status.stable, seen.status
    if stable is None or stable.revision != state.stable or stable.replicas == replicas:
        return ()
    if status.observed_generation == seen.generation or is_illegible(assessment.invalid):
        return ()
    last = last_decision(status, DecisionKind.SCALING)
    if last is not None and last.target == str(replicas):
        # Its write is only tried again.
        return ()
    message = f"spec.replicas changed from {stable.replicas} to {replicas}"
    return (Decision(Reason.SCALED, message, str(stable.replicas), str(replicas)),)


def _rollout_settings(seen: Observed) -> RolloutSettings:
    """Return the spec's rollout settings, or the defaults if they are not readable."""
    given = seen.spec.get("rollout") if isinstance(seen.spec, Mapping) else None
    try:
        return RolloutSettings.of(Rollout.model_validate(given or {}))
    except ValidationError:
        return RolloutSettings()
