"""The question of a unit: its tracks and their pods, the present step, and the record."""

from collections.abc import Mapping
from dataclasses import replace

from pydantic import ValidationError

from inference_operator.api.analysis import Analysis
from inference_operator.api.canary import Canary
from inference_operator.domain.analysis import (
    AnalysisQuestion,
    MeasuredTrack,
    StepQuestion,
)
from inference_operator.domain.measurement import ServiceName
from inference_operator.domain.names import Backend, track_service_name
from inference_operator.domain.observed import Observed
from inference_operator.planning.measuring.tracks import measured_pods, track_of


def question_of(seen: Observed) -> AnalysisQuestion | None:
    """Return what a pass asks about its unit; None without `rollout.canary.analysis`, and before
    a first revision is stable."""
    settings = _settings(seen)
    if settings is None or seen.deleting:
        return None
    canary_settings, analysis = settings
    status = seen.status
    services = _services(seen, canary_settings)
    stable = track_of(
        seen, status.stable.revision if status.stable else None, services.get(Backend.STABLE)
    )
    if stable is None:
        return None
    canary = track_of(
        seen, status.canary.revision if status.canary else None, services.get(Backend.CANARY)
    )
    is_other = canary is not None and canary.revision != stable.revision
    is_late = status.baseline is not None and status.baseline.late_at is not None
    has_baseline = is_other and analysis.has_baseline
    return AnalysisQuestion(
        unit=seen.owner.key,
        uid=seen.owner.uid,
        settings=analysis,
        stable=_baseline(seen, stable) if has_baseline and not is_late else stable,
        lacks_baseline=has_baseline and is_late,
        canary=canary if is_other else None,
        step=_step(seen, canary_settings, analysis) if is_other else None,
        record=status.analysis,
    )


def _settings(seen: Observed) -> tuple[Canary, Analysis] | None:
    rollout = seen.spec.get("rollout") if isinstance(seen.spec, Mapping) else None
    given = rollout.get("canary") if isinstance(rollout, Mapping) else None
    if not isinstance(given, Mapping) or given.get("analysis") is None:
        return None
    try:
        canary = Canary.model_validate(given)
    except ValidationError:
        # An invalid edit changes nothing that serves, and asks nothing.
        return None
    return (canary, canary.analysis) if canary.analysis is not None else None


def _services(seen: Observed, canary: Canary) -> Mapping[Backend, ServiceName]:
    """Return the Services of the tracks; none without a gateway."""
    if canary.gateway is None:
        return {}
    key = seen.owner.key
    return {
        each: ServiceName(key.namespace, track_service_name(key.name, each)) for each in Backend
    }


def _baseline(seen: Observed, stable: MeasuredTrack) -> MeasuredTrack:
    """Return the track with the pods of its baseline alone; with none before one answers."""
    pods = (
        pod
        for pod in seen.children.baseline_pods
        if pod.revision == stable.revision and not pod.terminating
    )
    return replace(stable, pods=measured_pods(pods), is_baseline=True)


def _step(seen: Observed, canary: Canary, analysis: Analysis) -> StepQuestion | None:
    """Return the analysis step that the rollout is at, if it is at one."""
    rollout = seen.status.rollout
    if rollout is None or rollout.step_since is None or rollout.current_step_index is None:
        return None
    if rollout.current_step_index >= len(canary.steps):
        return None
    asked = canary.steps[rollout.current_step_index].analysis
    if asked is None:
        return None
    names = asked.metrics or tuple(metric.name for metric in analysis.metrics)
    return StepQuestion(rollout.step_since, frozenset(names), asked.count)
