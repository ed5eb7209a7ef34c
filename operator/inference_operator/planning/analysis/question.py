"""The question of a unit: its tracks and their pods, the present step, and the record."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pydantic import ValidationError

from inference_operator.api.analysis import Analysis
from inference_operator.api.canary import Canary
from inference_operator.domain.analysis import (
    AnalysisQuestion,
    MeasuredPod,
    MeasuredTrack,
    StepQuestion,
)
from inference_operator.domain.measurement import ServiceName
from inference_operator.domain.names import Backend, track_service_name
from inference_operator.domain.observed import Observed, Pod

# A pod whose time of readiness cannot be read counts at once.
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_START = timedelta(minutes=10)


def question_of(seen: Observed) -> AnalysisQuestion | None:
    """Return what a pass asks about its unit; None without `rollout.canary.analysis`, and before
    a first revision is stable."""
    settings = _settings(seen)
    if settings is None or seen.deleting:
        return None
    canary_settings, analysis = settings
    status = seen.status
    services = _services(seen, canary_settings)
    stable = _track(
        seen, status.stable.revision if status.stable else None, services.get(Backend.STABLE)
    )
    if stable is None:
        return None
    canary = _track(
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


def _track(
    seen: Observed, revision: str | None, service: ServiceName | None
) -> MeasuredTrack | None:
    record = seen.children.revisions.get(revision or "")
    if record is None:
        return None
    return MeasuredTrack(
        revision=record.revision,
        model=record.model,
        version=record.version,
        step_models=tuple(dict.fromkeys(step.model for step in record.steps)),
        pods=_measured_pods(seen.children.pods_of(record.revision)),
        service=service,
    )


def _baseline(seen: Observed, stable: MeasuredTrack) -> MeasuredTrack:
    """Return the track with the pods of its baseline alone; with none before one answers."""
    pods = (
        pod
        for pod in seen.children.baseline_pods
        if pod.revision == stable.revision and not pod.terminating
    )
    return replace(stable, pods=_measured_pods(pods), is_baseline=True)


def _measured_pods(pods: Iterable[Pod]) -> tuple[MeasuredPod, ...]:
    ready = (pod for pod in pods if pod.ready and not pod.finished)
    return tuple(_measured(pod) for pod in sorted(ready, key=lambda each: each.name))


def _measured(pod: Pod) -> MeasuredPod:
    ready_since = pod.ready_since or pod.created or _LONG_AGO
    has_restarted = pod.triton is not None and pod.triton.restarts > 0
    restarted = pod.triton.running_since if pod.triton and has_restarted else None
    begun = restarted or pod.created or ready_since
    start_time = min(max(ready_since - begun, timedelta()), LONGEST_START)
    return MeasuredPod(pod.name, ready_since, start_time)


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
