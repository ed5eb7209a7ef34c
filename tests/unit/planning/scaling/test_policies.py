"""Policies and windows, by the rules that Kubernetes documents for a HorizontalPodAutoscaler."""

from typing import Any

import pytest

from inference_operator.api.autoscaling_behavior import Behavior, ScaleDown, ScaleUp
from inference_operator.domain.scaling_memory import (
    MOST_REMEMBERED,
    Recommendation,
    ScaleEvent,
    ScalingMemory,
)
from inference_operator.planning.scaling.policies import highest, lowest
from inference_operator.planning.scaling.stabilise import stabilised


def policy(kind: str, value: int, period: int = 60) -> dict[str, Any]:
    return {"type": kind, "value": value, "periodSeconds": period}


DOCUMENTED = [policy("Pods", 4), policy("Percent", 10)]


@pytest.mark.parametrize(
    ("select", "current", "size"),
    [
        # "If there are 80 replicas and the target has to be scaled down to 10 replicas then during
        # the first step 8 replicas will be reduced. In the next iteration when the number of
        # replicas is 72, 10% of the pods is 7.2 but the number is rounded up to 8."
        ("Max", 80, 72),
        ("Max", 72, 64),
        # "When the number of pods is 40 or less, the first policy": 4 a minute.
        ("Max", 40, 36),
        ("Max", 20, 16),
        ("Max", 3, 0),
        ("Min", 80, 76),
        ("Min", 20, 18),
        ("Disabled", 80, 80),
    ],
)
def test_the_documented_example_of_scaling_down(select: str, current: int, size: int) -> None:
    rules = ScaleDown.model_validate({"selectPolicy": select, "policies": DOCUMENTED})

    assert lowest(rules, current, (), 0.0) == size


@pytest.mark.parametrize(
    ("select", "current", "size"),
    [
        # The default: "4 pods or 100 % of the currently running replicas every 15 seconds".
        ("Max", 1, 5),
        ("Max", 4, 8),
        ("Max", 10, 20),
        ("Min", 1, 2),
        ("Min", 10, 14),
        ("Disabled", 10, 10),
    ],
)
def test_the_documented_default_of_scaling_up(select: str, current: int, size: int) -> None:
    assert highest(ScaleUp.model_validate({"selectPolicy": select}), current, (), 0.0) == size


@pytest.mark.parametrize(
    ("event", "up", "down"),
    [
        # Counted from the 10 pods at the start of the period, either way.
        (ScaleEvent(100.0, added=5), 20, 7),
        (ScaleEvent(100.0, removed=5), 40, 15),
        (ScaleEvent(40.0, added=5), 30, 11),
        (ScaleEvent(40.1, added=5), 20, 7),
    ],
)
def test_a_change_within_the_period_counts(event: ScaleEvent, up: int, down: int) -> None:
    current = 15
    rules = {"policies": [policy("Percent", 100)]}
    less = {"policies": [policy("Percent", 25)]}

    assert highest(ScaleUp(**rules), current, (event,), 100.0) == up
    assert lowest(ScaleDown(**less), current, (event,), 100.0) == min(down, current)


def test_a_percentage_adds_a_pod_to_a_single_one() -> None:
    assert highest(ScaleUp(policies=[policy("Percent", 10)]), 1, (), 0.0) == 2


@pytest.mark.parametrize(
    ("recommended", "size", "stable"),
    [
        # "The highest recommendation of the window" for fewer pods, the lowest for more.
        ([(0.0, 8)], 3, 8),
        ([(-300.0, 8)], 3, 3),
        ([(0.0, 4), (10.0, 6)], 3, 6),
        ([(0.0, 8)], 12, 12),
        ([(0.0, 12)], 3, 8),
    ],
)
def test_the_most_careful_recommendation_rules(
    recommended: list[tuple[float, int]], size: int, stable: int
) -> None:
    items = tuple(Recommendation(at, number, number) for at, number in recommended)
    memory = ScalingMemory(8, 0.0, 0.0, 0.0, items)

    assert stabilised(Behavior(), memory, size, 0.0) == stable


def test_a_window_for_more_pods_takes_the_smallest() -> None:
    behavior = Behavior.model_validate({"scaleUp": {"stabilizationWindowSeconds": 60}})
    memory = ScalingMemory(8, 0.0, 0.0, 0.0, (Recommendation(0.0, 9, 9),))

    sizes = [stabilised(behavior, memory, 12, now) for now in (59.0, 60.0)]

    assert sizes == [9, 12]


def test_a_memory_has_a_bound_and_forgets_nothing_early() -> None:
    memory = ScalingMemory.beginning(1, 0.0).recommending(9, 1.0, 3600.0)
    for second in range(2, 4000):
        memory = memory.recommending(2, float(second), 3600.0)
        memory = memory.resized(1 + second % 2, float(second), 1800.0)
        if second == 3500:
            assert max(each.highest for each in memory.recommendations) == 9

    assert len(memory.recommendations) <= MOST_REMEMBERED + 2
    assert len(memory.events) <= MOST_REMEMBERED + 2
    assert max(each.highest for each in memory.recommendations) == 2
    assert sum(each.added for each in memory.events) == pytest.approx(900, abs=8)


def test_by_default_a_service_of_eight_pods_is_at_two_after_three_minutes() -> None:
    # docs/autoscaling.md says so.
    sizes, events = [8], list[ScaleEvent]()
    for minute in range(4):
        sizes.append(max(lowest(ScaleDown(), sizes[-1], events, 60.0 * minute), 2))
        events.append(ScaleEvent(60.0 * minute, removed=sizes[-2] - sizes[-1]))
    assert sizes == [8, 6, 4, 3, 2]
