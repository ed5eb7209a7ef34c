"""Problems of `autoscaling.schedules` that no schema can find: zones and times."""

from collections.abc import Iterator

from inference_operator.api.autoscaling import Autoscaling, Schedule
from inference_operator.api.problem import Problem
from inference_operator.api.quoting import quoted
from inference_operator.api.suggestions import closest
from inference_operator.domain.cron import problem_of_cron
from inference_operator.domain.time_zones import zone_names


def schedule_problems(autoscaling: Autoscaling) -> Iterator[Problem]:
    """Yield the time zones that do not exist, and the cron texts that name no time of a year."""
    for schedule in autoscaling.schedules:
        if (zone := _zone(schedule)) is not None:
            yield zone
        yield from _times(schedule)


def _zone(schedule: Schedule) -> Problem | None:
    name = schedule.time_zone
    if name in zone_names():
        return None
    meant = _meant(name)
    return Problem(
        f"spec.autoscaling.schedules[{schedule.name}].timeZone",
        quoted(name),
        "a name of the time zone database, such as America/New_York",
        f"did you mean {meant}?" if meant else "write the region and a large city, or UTC",
    )


def _meant(name: str) -> str | None:
    """Return the time zone that a name comes nearest to."""
    words = name.casefold()
    region, _, city = words.rpartition("/")
    alike = [
        zone
        for zone in sorted(zone_names())
        if (folded := zone.casefold()).endswith(f"/{city}")
        or folded == words
        or (region and folded.startswith(f"{region}/{city[:1]}"))
    ]
    return closest(name, alike) or (alike[0] if len(alike) == 1 else None)


def _times(schedule: Schedule) -> Iterator[Problem]:
    for field, text in (("start", schedule.start), ("end", schedule.end)):
        if requirement := problem_of_cron(text):
            path = f"spec.autoscaling.schedules[{schedule.name}].{field}"
            yield Problem(path, quoted(text), requirement, "correct the time")
