"""Bounds by schedules: which are in force, and until when."""

from datetime import UTC, datetime
from typing import Any

import pytest

from inference_operator.api.autoscaling import Autoscaling
from inference_operator.domain.schedules import Bounds, bounds_at

OPEN = {
    "name": "open",
    "timeZone": "America/New_York",
    "start": "0 9 * * 1-5",
    "end": "30 16 * * *",
    "minReplicas": 4,
    "maxReplicas": 12,
}
EVENING = {"name": "evening", "timeZone": "UTC", "start": "0 20 * * *", "end": "0 21 * * *"}


def at(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def settings(*schedules: dict[str, Any]) -> Autoscaling:
    return Autoscaling.model_validate(
        {
            "minReplicas": 2,
            "maxReplicas": 8,
            "metrics": [{"type": "PendingRequests", "target": "4"}],
            "schedules": schedules,
        }
    )


def test_without_schedules_the_bounds_of_the_spec_hold_for_ever() -> None:
    assert bounds_at(settings(), at(6, 1, 12)) == Bounds(2, 8, (), None)


@pytest.mark.parametrize(
    ("moment", "is_open", "until"),
    [
        # A Monday in summer: 09:00 in New York is 13:00 UTC.
        (at(6, 1, 12, 59), False, at(6, 1, 13)),
        (at(6, 1, 13), True, at(6, 1, 20, 30)),
        (at(6, 1, 20, 29), True, at(6, 1, 20, 30)),
        (at(6, 1, 20, 30), False, at(6, 2, 13)),
        # In winter it is 14:00 UTC.
        (at(12, 1, 13, 59), False, at(12, 1, 14)),
        (at(12, 1, 14), True, at(12, 1, 21, 30)),
        # The Friday before, and the Monday after clocks are put forward.
        (at(3, 6, 14), True, at(3, 6, 21, 30)),
        (at(3, 9, 12, 59), False, at(3, 9, 13)),
        (at(3, 9, 13), True, at(3, 9, 20, 30)),
        # The Monday after clocks are put back.
        (at(11, 2, 13), False, at(11, 2, 14)),
        # A Saturday: it ends without having started.
        (at(6, 6, 15), False, at(6, 6, 20, 30)),
    ],
)
def test_a_schedule_is_in_force_from_its_start_to_its_end(
    moment: datetime, is_open: bool, until: datetime
) -> None:
    expected = Bounds(4, 12, ("open",), until) if is_open else Bounds(2, 8, (), until)
    assert bounds_at(settings(OPEN), moment) == expected


def test_of_several_schedules_the_largest_bounds_hold() -> None:
    evening = EVENING | {"minReplicas": 6, "maxReplicas": 7}
    assert bounds_at(settings(OPEN, evening), at(6, 1, 20, 15)) == Bounds(
        6, 12, ("open", "evening"), at(6, 1, 20, 30)
    )
    assert bounds_at(settings(OPEN, evening), at(6, 1, 20, 45)) == Bounds(
        6, 7, ("evening",), at(6, 1, 21)
    )


@pytest.mark.parametrize(
    ("bound", "expected"), [({"minReplicas": 5}, (5, 8)), ({"maxReplicas": 3}, (2, 3))]
)
def test_a_bound_that_a_schedule_lacks_is_that_of_the_spec(
    bound: dict[str, int], expected: tuple[int, int]
) -> None:
    bounds = bounds_at(settings(EVENING | bound), at(6, 1, 20))
    assert (bounds.minimum, bounds.maximum) == expected


def test_a_start_at_the_moment_of_an_end_goes_on() -> None:
    days = EVENING | {"start": "0 8 * * *", "end": "0 8 * * 1", "minReplicas": 5}
    assert bounds_at(settings(days), at(6, 1, 8)).schedules == ("evening",)


def test_a_schedule_over_midnight_is_in_force_on_both_days() -> None:
    night = EVENING | {"start": "0 22 * * *", "end": "0 6 * * *", "minReplicas": 5}
    hours = [hour for hour in range(24) if bounds_at(settings(night), at(6, 1, hour)).schedules]
    assert hours == [0, 1, 2, 3, 4, 5, 22, 23]


def test_of_a_schedule_with_a_zone_that_does_not_exist_nothing_holds() -> None:
    bad = OPEN | {"timeZone": "Mars/Base"}
    assert bounds_at(settings(bad), at(6, 1, 15)) == Bounds(2, 8, (), None)
