"""Bounds of a number of pods at a moment, by the schedules of a spec."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from inference_operator.api.autoscaling import Autoscaling, Schedule
from inference_operator.domain.cron import last_moment, next_moment, problem_of_cron
from inference_operator.domain.time_zones import zone_of


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of a number of pods, and how long they hold."""

    minimum: int
    maximum: int
    schedules: tuple[str, ...] = ()
    """Names of the schedules in force, in the order of the spec."""

    until: datetime | None = None
    """The next moment at which a schedule starts or ends, in UTC; until then nothing has to be
    computed again. None: never."""


def bounds_at(autoscaling: Autoscaling, moment: datetime) -> Bounds:
    """Return the bounds at a moment. Of several schedules in force, the largest minimum and the
    largest maximum hold. The spec must have no problem: of a bad schedule, nothing holds."""
    in_force = [s for s in autoscaling.schedules if is_in_force(s, moment)]
    changes = [change for s in autoscaling.schedules if (change := next_change(s, moment))]
    return Bounds(
        max((s.min_replicas or autoscaling.min_replicas for s in in_force), default=None)
        or autoscaling.min_replicas,
        max((s.max_replicas or autoscaling.max_replicas for s in in_force), default=None)
        or autoscaling.max_replicas,
        tuple(s.name for s in in_force),
        min(changes, default=None),
    )


def is_in_force(schedule: Schedule, moment: datetime) -> bool:
    """Return whether the schedule's last start is not followed by an end. If both are at one
    moment, the schedule starts."""
    zone = _zone(schedule)
    if zone is None or (start := last_moment(schedule.start, zone, moment)) is None:
        return False
    end = last_moment(schedule.end, zone, moment)
    return end is None or end <= start


def next_change(schedule: Schedule, moment: datetime) -> datetime | None:
    """Return the next moment, in UTC, that the schedule's start or end names; None if there is
    none."""
    zone = _zone(schedule)
    if zone is None:
        return None
    moments = (next_moment(text, zone, moment) for text in (schedule.start, schedule.end))
    return min((m for m in moments if m), default=None)


def _zone(schedule: Schedule) -> ZoneInfo | None:
    """Return the schedule's time zone; None for a bad schedule."""
    texts = (schedule.start, schedule.end)
    return None if any(map(problem_of_cron, texts)) else zone_of(schedule.time_zone)
