"""Tracks of a unit, with the pods whose requests are counted."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from inference_operator.domain.analysis import MeasuredPod, MeasuredTrack
from inference_operator.domain.measurement import ServiceName
from inference_operator.domain.observed import Observed, Pod

# A pod whose time of readiness cannot be read counts at once.
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_START = timedelta(minutes=10)


def track_of(
    seen: Observed, revision: str | None, service: ServiceName | None = None
) -> MeasuredTrack | None:
    """Return a revision with its ready pods; None if it is not recorded."""
    record = seen.children.revisions.get(revision or "")
    if record is None:
        return None
    return MeasuredTrack(
        revision=record.revision,
        model=record.model,
        version=record.version,
        step_models=tuple(dict.fromkeys(step.model for step in record.steps)),
        pods=measured_pods(seen.children.pods_of(record.revision)),
        service=service,
    )


def measured_pods(pods: Iterable[Pod]) -> tuple[MeasuredPod, ...]:
    """Return those of the pods that are ready, in the order of their names."""
    ready = (pod for pod in pods if pod.ready and not pod.finished)
    return tuple(_measured(pod) for pod in sorted(ready, key=lambda each: each.name))


def _measured(pod: Pod) -> MeasuredPod:
    ready_since = pod.ready_since or pod.created or _LONG_AGO
    has_restarted = pod.triton is not None and pod.triton.restarts > 0
    restarted = pod.triton.running_since if pod.triton and has_restarted else None
    begun = restarted or pod.created or ready_since
    start_time = min(max(ready_since - begun, timedelta()), LONGEST_START)
    return MeasuredPod(pod.name, ready_since, start_time)
