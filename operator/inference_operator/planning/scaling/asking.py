"""The question of a unit about its number of pods: its settings, its tracks and what limits it."""

import re
import statistics
from collections.abc import Mapping

from pydantic import ValidationError

from inference_operator.api.autoscaling import Autoscaling
from inference_operator.api.autoscaling_metric import ScalingMetricType
from inference_operator.api.base import parse_duration
from inference_operator.api.conditions import ConditionStatus, ConditionType
from inference_operator.api.reasons import FOR_A_PERSON, Reason
from inference_operator.api.status import UnitStatus
from inference_operator.domain.analysis import MeasuredTrack
from inference_operator.domain.observed import Observed
from inference_operator.domain.scaling import CanaryState, Surroundings
from inference_operator.domain.scaling_question import ScalingQuestion
from inference_operator.planning.measuring.tracks import LONGEST_START, track_of
from inference_operator.planning.scaling.room import capacity_of
from inference_operator.planning.scaling.shares import shares_of
from inference_operator.planning.sizing import live_size

_BATCH = re.compile(r"^max_batch_size: ([0-9]{1,9})$", re.MULTILINE | re.ASCII)


def written_autoscaling(seen: Observed) -> Autoscaling | None:
    """Return `spec.autoscaling`; None without it, or if it cannot be read."""
    given = seen.spec.get("autoscaling") if isinstance(seen.spec, Mapping) else None
    if given is None:
        return None
    try:
        return Autoscaling.model_validate(given)
    except ValidationError:
        # An invalid edit changes nothing that serves, and asks nothing.
        return None


def question_of(seen: Observed) -> ScalingQuestion | None:
    """Return what a pass asks about its unit; None without `spec.autoscaling`, and while the spec
    is invalid: then the unit keeps its size, and nothing is decided that would not be done."""
    settings = written_autoscaling(seen)
    if settings is None or seen.deleting or _is_invalid(seen.status):
        return None
    stable, canary = _revisions(seen)
    tracks = [track_of(seen, stable), track_of(seen, canary) if canary != stable else None]
    return ScalingQuestion(
        unit=seen.owner.key,
        uid=seen.owner.uid,
        settings=settings,
        size=live_size(seen, may_divide=may_divide(seen)),
        tracks=tuple(each for each in tracks if each is not None),
        max_batch_size=_max_batch_size(seen, settings, stable or canary),
        is_divided=is_divided(seen),
        shares=shares_of(seen, is_divided=is_divided(seen)),
        surroundings=Surroundings(
            load_time_of(seen, tracks[0]),
            capacity_of(
                seen,
                stable or canary,
                canary if stable not in ("", canary) else "",
                is_divided=is_divided(seen),
            ),
            _canary_state(seen),
        ),
    )


def load_time_of(seen: Observed, stable: MeasuredTrack | None) -> float | None:
    """Return the seconds from the start of a pod to its first answer: the median of the pods that
    are ready, since one that was ready before is not told from a slow one; without any, what the
    status says; None if nobody knows."""
    times = [pod.start_time.total_seconds() for pod in stable.pods] if stable else []
    if times:
        return statistics.median(times)
    reported = seen.status.autoscaling.load_time if seen.status.autoscaling else None
    if reported is None:
        return None
    try:
        return min(parse_duration(reported), LONGEST_START).total_seconds()
    except ValueError:
        # The status was edited.
        return None


def _revisions(seen: Observed) -> tuple[str, str]:
    """Return the stable revision and the canary, as they were reported."""
    stable, canary = seen.status.stable, seen.status.canary
    return stable.revision if stable else "", canary.revision if canary else ""


def _is_invalid(status: UnitStatus) -> bool:
    valid = status.condition(ConditionType.SPEC_VALID)
    if valid is None or valid.status is not ConditionStatus.FALSE:
        return False
    return valid.reason != Reason.NOT_ALLOWED


def _canary_state(seen: Observed) -> CanaryState:
    rollout, canary = seen.status.rollout, seen.status.canary
    if canary is None or rollout is None or rollout.current_step_hash is None:
        # Without steps, clients move at once, and no share depends on the pods.
        return CanaryState.NONE
    reconciling = seen.status.condition(ConditionType.RECONCILING)
    if reconciling is not None and reconciling.reason in FOR_A_PERSON:
        return CanaryState.WAITING
    return CanaryState.RUNNING


def may_divide(seen: Observed) -> bool:
    """Return whether a canary may take pods from the stable revision, by the spec."""
    rollout = seen.spec.get("rollout") if isinstance(seen.spec, Mapping) else None
    canary = rollout.get("canary") if isinstance(rollout, Mapping) else None
    given = canary.get("dynamicStableScale") if isinstance(canary, Mapping) else None
    return given == "WhenWeighted"


def is_divided(seen: Observed) -> bool:
    """Return whether a canary and the stable revision divide the unit's pods."""
    return seen.status.canary is not None and may_divide(seen)


def _max_batch_size(seen: Observed, settings: Autoscaling, revision: str) -> int:
    """Return the largest batch of the revision's models, as its `config.pbtxt` has it; 0 without
    batches, and where no metric asks."""
    record = seen.children.revisions.get(revision)
    is_asked = any(metric.type is ScalingMetricType.BATCH_SIZE for metric in settings.metrics)
    if record is None or not is_asked:
        return 0
    texts = (text for name, text in record.repository.items() if name.endswith("config.pbtxt"))
    return max((int(number) for text in texts for number in _BATCH.findall(text)), default=0)
