"""Autoscaling of a unit in a pass: last answer, bounds of now, and the pods that there are."""

from datetime import datetime

from inference_operator.domain.autoscaled import Autoscaled
from inference_operator.domain.observed import Observed
from inference_operator.domain.schedules import bounds_at
from inference_operator.planning.measuring.tracks import track_of
from inference_operator.planning.scaling.asking import (
    load_time_of,
    may_divide,
    written_autoscaling,
)
from inference_operator.planning.scaling.question import present_size
from inference_operator.planning.sizing import live_size


def autoscaled(seen: Observed, now: datetime) -> Autoscaled | None:
    """Return what autoscaling says of a unit; None without `spec.autoscaling`, and if that cannot
    be read."""
    settings = written_autoscaling(seen)
    if settings is None:
        return None
    live, answer = live_size(seen, may_divide=may_divide(seen)), seen.inputs.scaling
    bounds, status = bounds_at(settings, now), seen.status.autoscaling
    stable = track_of(seen, seen.status.stable.revision if seen.status.stable else None)
    return Autoscaled(
        present_size(bounds, live, answer),
        (status.desired_replicas if status else None) or live,
        settings,
        bounds,
        now,
        seen.inputs.is_measured,
        answer,
        load_time_of(seen, stable),
    )
