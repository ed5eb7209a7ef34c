"""Targets that no number of pods can keep, and loads that only look like one."""

from dataclasses import replace

import pytest

from inference_operator.api.reasons import Reason
from inference_operator.domain.scaling import ScalingDecision
from inference_operator.domain.scaling_memory import Attempt
from tests.unit.planning.scaling.load_cases import (
    AT_ONCE,
    PENDING,
    given_of,
    load_of,
    run,
    settings,
    settled,
)

LATENCY = {"type": "Latency", "statistic": "mean", "target": "5ms"}
RULES = settings(LATENCY, maxReplicas=100, behavior=AT_ONCE)


def grown(*sweeps: tuple[int, float, float]) -> list[ScalingDecision]:
    """Decide once a minute: (ready pods, latency in ms, requests a second)."""
    inputs = [
        (60.0 * i, given_of(RULES, load_of(value, pods), rate=rate))
        for i, (pods, value, rate) in enumerate(sweeps)
    ]
    return run(settled(sweeps[0][0]), inputs)[1]


def test_two_scale_ups_without_gain_are_the_last() -> None:
    decisions = grown((2, 8.0, 100), (4, 8.0, 100), (7, 7.9, 100), (7, 8.0, 100))

    assert [each.size for each in decisions] == [4, 7, 7, 7]
    assert decisions[-1].reason is Reason.INEFFECTIVE
    assert decisions[-1].limited is not None
    assert decisions[-1].limited.message == (
        "latency mean was 8ms before the last pods were added and is 8ms: 12 pods would not reach"
        " 5ms either; raise the target, or make the model faster"
    )


@pytest.mark.parametrize(
    "third",
    [
        # A tenth faster, or a tenth more requests: the pods were of use.
        (7, 7.1, 100),
        (7, 8.0, 111),
    ],
)
def test_pods_with_an_effect_are_followed_by_more(third: tuple[int, float, float]) -> None:
    decisions = grown((2, 8.0, 100), (4, 8.0, 100), third)

    assert decisions[-1].size > 7


def test_pods_that_were_not_seen_yet_are_not_judged() -> None:
    decisions = grown((2, 8.0, 100), (2, 12.0, 100), (2, 15.0, 100), (2, 18.0, 100))

    assert [each.size for each in decisions] == [4, 5, 6, 8]


def test_another_load_ends_it() -> None:
    decisions = grown((2, 8.0, 100), (4, 8.0, 100), (7, 8.0, 100), (7, 8.0, 150), (12, 8.0, 150))

    assert [each.size for each in decisions] == [4, 7, 7, 12, 20]


def test_a_value_within_the_target_ends_it() -> None:
    decisions = grown((2, 8.0, 100), (4, 8.0, 100), (7, 8.0, 100), (7, 5.0, 100), (7, 8.0, 100))

    assert [each.size for each in decisions] == [4, 7, 7, 7, 12]


def test_another_metric_still_adds_pods() -> None:
    rules = settings(LATENCY, PENDING, maxReplicas=100, behavior=AT_ONCE)
    inputs = [
        (60.0 * i, given_of(rules, load_of(8.0, pods), load_of(pending, pods)))
        for i, (pods, pending) in enumerate([(2, 4.0), (4, 4.0), (7, 4.0), (7, 5.0)])
    ]
    decisions = run(settled(2), inputs)[1]

    assert [each.size for each in decisions] == [4, 7, 7, 9]
    assert "pending requests 5 > 4" in decisions[-1].message


def test_pods_that_were_removed_are_no_longer_judged() -> None:
    """7 pods had no effect and there are 3: the old attempt must not keep the unit small."""
    attempt = Attempt(8.0, 100.0, 4, 7, failures=2)
    memory = replace(settled(3), attempts={"QueueTime": attempt})
    decisions = run(memory, [(0.0, given_of(RULES, load_of(8.0, 3), rate=100.0))])[1]

    assert [each.size for each in decisions] == [5]
