"""The facts of a rollout, as they are observed."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from pydantic import ValidationError

from inference_operator.api.conditions import ConditionStatus, ConditionType
from inference_operator.api.decision_status import DecisionKind
from inference_operator.api.quoting import beginning
from inference_operator.api.reasons import PROSPECTS, Prospect, Reason
from inference_operator.api.rollout import Recreate, Rollout
from inference_operator.domain.artifact import Artifact
from inference_operator.domain.observed import Observed, Pod
from inference_operator.domain.rollout_state import RolloutState, last_decision
from inference_operator.domain.serving_unit import RolloutSettings, ServingUnit
from inference_operator.planning.artifacts import artifact_of_unit
from inference_operator.planning.rollout.facts import RolloutFacts
from inference_operator.validation.assess import Assessment

# Reasons of pods that do not answer; the two others follow from them.
_TROUBLES = frozenset(
    reason for reason, prospect in PROSPECTS.items() if prospect is not Prospect.UNDER_WAY
) - {Reason.ROLLOUT_ABORTED, Reason.PROGRESS_DEADLINE_EXCEEDED}
_LONGEST_TROUBLE = 400
_NEVER = datetime.max.replace(tzinfo=UTC)


def facts_of(
    seen: Observed, assessment: Assessment, state: RolloutState, size: int, now: datetime
) -> RolloutFacts:
    """Return the facts of a unit; `size` is the number of pods that serve all its clients."""
    unit, commands = assessment.unit, seen.inputs.commands
    settings = unit.rollout if unit else _kept_settings(seen, state)
    of_spec = assessment.revision
    rolled_back = commands.rolled_back_to(of_spec, state.handled) if of_spec else None
    target = rolled_back if rolled_back in seen.children.revisions else of_spec
    artifact = artifact_of_unit(seen, unit) if unit and target == of_spec else Artifact()
    is_rollback = target != of_spec or _is_in_window(seen, state, settings, target)
    return RolloutFacts(
        target=target,
        replicas=size,
        answering=seen.children.answering,
        settings=settings,
        now=now,
        traffic=seen.children.traffic,
        is_reported=seen.status.observed_generation is not None,
        artifact=artifact.summary,
        version=artifact.version,
        revision_cause=assessment.revision_cause,
        pods=Counter(pod.revision for pod in _all_pods(seen) if not pod.finished),
        unended=_unended(seen, state) if settings.recreate else (),
        commands=commands,
        rolled_back_from=of_spec if target != of_spec else None,
        gives_way=_gives_way(seen, state),
        goes_back=target != of_spec and target in _promoted(seen),
        keeps_abort=_keeps_abort(seen, state, unit),
        skips_steps=is_rollback,
        alone_since=_alone_since(seen, now),
        analysis=seen.inputs.analysis,
        reported=_reported_trouble(seen),
        gateway_late_since=_gateway_late_since(seen, now),
        baseline_ready=seen.children.baseline_ready_of(state.stable),
        strangers=_strangers(seen, state),
    )


def written_settings(seen: Observed) -> RolloutSettings:
    """Return the spec's rollout settings, or the defaults if they are not readable."""
    given = seen.spec.get("rollout") if isinstance(seen.spec, Mapping) else None
    try:
        return RolloutSettings.of(Rollout.model_validate(given or {}))
    except ValidationError:
        return RolloutSettings()


def _kept_settings(seen: Observed, state: RolloutState) -> RolloutSettings:
    """Return the settings of a spec without a revision to serve. An edit of them that is invalid
    must not give both revisions of a recreation their pods."""
    settings = written_settings(seen)
    if settings.recreate is None and _gives_way(seen, state) and not state.step_hash:
        return replace(settings, recreate=Recreate())
    return settings


def _gives_way(seen: Observed, state: RolloutState) -> bool:
    stable = seen.children.deployments.get(state.stable or "")
    return state.canary is not None and stable is not None and stable.replicas == 0


def _keeps_abort(seen: Observed, state: RolloutState, unit: ServingUnit | None) -> bool:
    """Return whether the aborted revision was made of the same spec as the present one."""
    aborted = seen.children.revisions.get(state.aborted.revision) if state.aborted else None
    return aborted is not None and unit is not None and aborted.spec_hash == unit.spec_hash


def _is_in_window(
    seen: Observed, state: RolloutState, settings: RolloutSettings, target: str | None
) -> bool:
    """Return whether the target is one of the newest revisions before the stable one."""
    window = settings.canary.rollback_window if settings.canary else None
    records = seen.children.revisions
    stable = records.get(state.stable or "")
    if window is None or stable is None or target not in records:
        return False
    if target not in _promoted(seen):
        # It was a canary only.
        return False
    older = sorted(
        (record for record in records.values() if record.number < stable.number),
        key=lambda record: record.number,
        reverse=True,
    )
    return target in {record.revision for record in older[: window.revisions]}


def _promoted(seen: Observed) -> frozenset[str | None]:
    """Return the revisions that served all clients, as far as the decisions tell: also those that
    clients were led away from, since the decision of their own promotion may have gone."""
    promotions = [d for d in seen.status.decisions if d.reason == Reason.PROMOTED]
    return frozenset(name for each in promotions for name in (each.source, each.target))


def _alone_since(seen: Observed, now: datetime) -> datetime | None:
    stable, last = seen.status.stable, last_decision(seen.status, DecisionKind.ROLLOUT)
    if stable is None or stable.ready > 0:
        # It was back in between.
        return None
    # Only an edited status has a time in the future.
    return min(last.time, now) if last and last.reason == Reason.STABLE_UNAVAILABLE else None


def _reported_trouble(seen: Observed) -> str:
    """Return what the last status said of the pods of the rollout: `; ArtifactNotFound: ...`; empty
    if it said that all is under way."""
    ready = seen.status.condition(ConditionType.READY)
    if ready is None or ready.status is ConditionStatus.TRUE or ready.reason not in _TROUBLES:
        return ""
    # The sentence goes on about the stable revision, and so does the one that quotes it.
    cause = beginning(ready.message.partition(" (revision ")[0], _LONGEST_TROUBLE)
    return f"; {ready.reason}: {cause}"


def _unended(seen: Observed, state: RolloutState) -> tuple[Pod, ...]:
    pods = (p for p in _all_pods(seen) if p.revision == state.stable and not p.finished)
    # Those whose end nobody has asked for come last.
    return tuple(sorted(pods, key=lambda pod: (pod.ending_since or _NEVER, pod.name)))


def _gateway_late_since(seen: Observed, now: datetime) -> datetime | None:
    if seen.children.traffic.effective:
        return None
    condition = seen.status.condition(ConditionType.GATEWAY_PROGRAMMED)
    if condition is None or condition.status is ConditionStatus.TRUE:
        return now
    # A time in the future, which only an edited status has, is corrected by the same pass.
    return min(condition.last_transition_time, now)


def _strangers(seen: Observed, state: RolloutState) -> frozenset[str]:
    children = seen.children
    pods = (pod.revision for pod in _all_pods(seen) if not pod.terminating)
    revisions = frozenset({*pods, *children.deployments, *children.baselines})
    return revisions - {state.stable, state.canary}


def _all_pods(seen: Observed) -> tuple[Pod, ...]:
    """Return the pods with those of baselines: clients and GPUs do not tell them apart."""
    return (*seen.children.pods, *seen.children.baseline_pods)
