"""The planner: computes the plan of one pass over one unit, without IO or a clock."""

from dataclasses import replace
from datetime import datetime, timedelta

from inference_operator.api.decision_status import DecisionKind
from inference_operator.api.reasons import Reason
from inference_operator.domain.autoscaled import Autoscaled
from inference_operator.domain.delays import earliest
from inference_operator.domain.gateway import Routing, section_of
from inference_operator.domain.observed import Observed
from inference_operator.domain.rollout_state import Decision, RolloutState, last_decision
from inference_operator.domain.serving_unit import RolloutSettings
from inference_operator.domain.sizes import Pair, Sizes
from inference_operator.domain.tracks import Tracks
from inference_operator.planning.artifacts import with_artifacts
from inference_operator.planning.autoscaled import autoscaled
from inference_operator.planning.children.conflicts import blocked_by_conflicts
from inference_operator.planning.children.desired import DesiredState, writes
from inference_operator.planning.children.headless import has_headless
from inference_operator.planning.children.recording import Recording, recorded
from inference_operator.planning.children.rejected_records import deletion, paced, rejections
from inference_operator.planning.plan import Plan
from inference_operator.planning.rollout.baseline import may_grow
from inference_operator.planning.rollout.facts import RolloutFacts
from inference_operator.planning.rollout.freezes import keeps_edited_steps
from inference_operator.planning.rollout.history import history
from inference_operator.planning.rollout.position import completed, rollout_state_of
from inference_operator.planning.rollout.recreation import recreated_pair
from inference_operator.planning.rollout.state_machine import advance
from inference_operator.planning.rollout.steps import held, pair_at, weight_at
from inference_operator.planning.rollout_facts import facts_of
from inference_operator.planning.sizing import (
    baseline_size,
    is_illegible,
    last_pair,
    sizes,
    unit_size,
)
from inference_operator.planning.status.diagnosis import next_look
from inference_operator.planning.traffic.order import next_routing
from inference_operator.planning.transition import Transition
from inference_operator.validation.assess import Assessment, assess
from inference_operator.validation.defaults import Defaults
from inference_operator.validation.freeze import why_frozen


def plan(seen: Observed, defaults: Defaults, now: datetime) -> Plan:
    """Decide what to write for the unit now.

    Without a unit to reach, what serves is kept up, at the last size while the spec is invalid.
    """
    before = rollout_state_of(seen)
    assessment = assess(seen, before, defaults)
    seen = _with_usable_gateway(seen, assessment)
    seen = _with_allowed_rollback(seen, assessment.revision, before, defaults)
    state = completed(seen, before, assessment.revision)
    scaled = autoscaled(seen, now)
    size = unit_size(seen, state, assessment.invalid, scaled)
    facts = facts_of(seen, assessment, state, size, now)
    if not facts.goes_back:
        facts = replace(facts, freeze=why_frozen(seen, defaults))
    step = advance(state, facts)
    recording = recorded(seen, assessment.unit, step.state)
    numbers = _sizes(seen, step, facts, scaled)
    goal = DesiredState(
        records=recording.written,
        tracks=step.tracks,
        sizes=numbers,
        kept=_kept(recording, step, facts.settings),
        split=facts.settings.split if facts.target else facts.traffic.split,
        headless=has_headless(seen, assessment.unit),
        before=before,
        routing=_routing(seen, step.tracks),
        keeps_routes=assessment.invalid is not None,
    )
    replaced = recording.replaced
    made = Plan(
        key=seen.owner.key,
        assessment=replace(assessment, unit=recording.unit),
        target=facts.target,
        rollout=step,
        sizes=numbers,
        records=recording.shown,
        actions=(*(deletion(seen, replaced) if replaced else ()), *writes(seen, goal)),
        decisions=(
            *rejections(seen, step.state, replaced),
            *(
                _autoscaling(assessment, scaled)
                if scaled
                else _scaling(seen, assessment, step.state, size)
            ),
            *with_artifacts(seen, step.decisions, recording.shown),
        ),
        blocked_by_conflicts=blocked_by_conflicts(seen, size),
        rejected=recording.rejected,
        autoscaled=scaled,
        measured=facts.analysis,
        wake_after=earliest(
            step.wake_after,
            _next_look(seen, assessment, state, now),
            scaled.next_look if scaled else None,
        ),
    )
    return paced(seen, made, now)


def _with_usable_gateway(seen: Observed, assessment: Assessment) -> Observed:
    """Return the observation, while the spec is invalid with the routes as they are: an invalid
    edit must not change where clients are led."""
    view, children = seen.children.gateway, seen.children
    if view is None:
        return seen
    if assessment.invalid is not None and view.exists:
        kept = replace(view, spec=None, rivals={})
        return replace(seen, children=replace(children, gateway=kept))
    is_meant = assessment.invalid is None and section_of(seen.spec) is not None
    if is_meant:
        return seen
    # An invalid edit adds a gateway, or a valid one has removed it.
    traffic = replace(children.traffic, effective=True, trouble="", unreported="")
    return replace(seen, children=replace(children, gateway=None, traffic=traffic))


def _with_allowed_rollback(
    seen: Observed, target: str | None, before: RolloutState, defaults: Defaults
) -> Observed:
    """Return the observation, without a rollback that would start pods of a recorded revision: the
    allow-lists read specs, and records may be older than the lists."""
    commands = seen.inputs.commands
    revision = commands.rolled_back_to(target, before.handled) if target else None
    is_restricted = defaults.allowed.restricts_pods
    has_pods = revision is None or revision in seen.children.deployments
    if revision is None or not is_restricted or has_pods:
        return seen
    kept = replace(seen.inputs, commands=commands.without_rollback(revision))
    return replace(seen, inputs=kept)


def _routing(seen: Observed, tracks: Tracks) -> Routing | None:
    view = seen.children.gateway
    return next_routing(tracks, view, seen.children.answering) if view is not None else None


def _next_look(
    seen: Observed, assessment: Assessment, state: RolloutState, now: datetime
) -> timedelta | None:
    """Return when the status will have to say what a pod takes long for."""
    target = assessment.revision or state.serving
    return next_look(seen.children.pods_of(target), now) if target else None


def _pair(seen: Observed, state: RolloutState, facts: RolloutFacts) -> Pair | None:
    """Return the pods of both revisions; those of before while the spec does not say how many, or
    what it says must wait."""
    if (facts.target is None and state.step_hash) or keeps_edited_steps(state, facts):
        last = last_pair(seen, state, facts.replicas)
        return held(last, state, facts) if last else None
    return recreated_pair(state, facts) or pair_at(state, facts)


def _sizes(
    seen: Observed, step: Transition, facts: RolloutFacts, scaled: Autoscaled | None
) -> Sizes:
    size, weight = facts.replicas, weight_at(facts.steps, step.state.step)
    numbers = sizes(seen, step.tracks, size, _pair(seen, step.state, facts), weight)
    baseline = _baseline(seen, step.state, facts, numbers)
    least = min(scaled.bounds.minimum, size) if scaled else None
    return replace(numbers, baseline=baseline, least=least)


def _baseline(seen: Observed, state: RolloutState, facts: RolloutFacts, numbers: Sizes) -> int:
    canary = numbers.of.get(state.canary or "", 0)
    return baseline_size(seen, state, canary, may_grow=may_grow(state, facts))


def _kept(recording: Recording, step: Transition, settings: RolloutSettings) -> frozenset[str]:
    """Return the revisions that keep their record; all, while the spec names no revision."""
    records = recording.written
    if recording.unit is None:
        return frozenset(records)
    return history(records, step.state, settings.history_limit)


def _autoscaling(assessment: Assessment, scaled: Autoscaled) -> tuple[Decision, ...]:
    made = None if is_illegible(assessment.invalid) else scaled.decision
    return (made,) if made else ()


def _scaling(
    seen: Observed, assessment: Assessment, state: RolloutState, replicas: int
) -> tuple[Decision, ...]:
    # Compare with the reported number: a Deployment that was scaled by hand is drift. A missing one
    # was reported too, without an edit of the spec.
    stable, status = seen.status.stable, seen.status
    if stable is None or stable.revision != state.stable or stable.replicas == replicas:
        return ()
    has_steps = status.rollout is not None and status.rollout.current_step_hash is not None
    if status.canary is not None and (has_steps or stable.replicas == 0):
        # A rollout may take pods from it.
        return ()
    if status.observed_generation == seen.generation or is_illegible(assessment.invalid):
        return ()
    last = last_decision(status, DecisionKind.SCALING)
    if last is not None and last.target == str(replicas):
        # Its write is only tried again.
        return ()
    message = f"spec.replicas changed from {stable.replicas} to {replicas}"
    return (Decision(Reason.SCALED, message, str(stable.replicas), str(replicas)),)
