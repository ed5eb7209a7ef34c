"""Decisions of the chain: which rule has the last word, and the sentence that says so."""

from typing import Any

import pytest

from inference_operator.api.reasons import Reason
from inference_operator.domain.scaling import CanaryState, ScalingDecision, Surroundings
from inference_operator.domain.scaling_memory import ScalingMemory
from inference_operator.domain.schedules import Bounds
from inference_operator.planning.scaling.chain import RULES, decide
from tests.unit.planning.scaling.load_cases import (
    AT_ONCE,
    PENDING,
    QUEUE,
    given_of,
    load_of,
    run,
    settings,
    settled,
)

MISSING = load_of(None, 3, seen=0, reason="NoSeries", message="no series of 3 pods")


def once(size: int, *loads: Any, rules: Any = None, **more: Any) -> ScalingDecision:
    """Decide once, long after all data were there."""
    given = given_of(rules or settings(behavior=AT_ONCE), *loads, **more)
    return decide(settled(size), given, 0.0)[1]


def test_the_order_of_the_rules_is_the_policy() -> None:
    names = ["bounds", "missing", "desired", "effect", "stabilise", "policies", "capacity"]

    assert [name for name, _ in RULES] == [*names, "canary", "fallback"]


def test_a_decision_carries_its_numbers() -> None:
    decision = once(3, load_of(9.1), surroundings=Surroundings(load_time=9.4))

    assert decision.reason is Reason.SCALED_UP
    assert decision.message == ("3 -> 6: queue time 9.1ms > 5ms on 3 of 3 pods (load time 9s)")
    (view,) = decision.metrics
    assert (view.value, view.target, view.desired) == ("9.1ms", "5ms", 6)


def test_the_metric_that_asks_for_the_most_rules() -> None:
    rules = settings(QUEUE, PENDING, behavior=AT_ONCE)
    decision = once(3, load_of(1.0), load_of(8.0, label="PendingRequests"), rules=rules)

    assert decision.size == 6
    assert "pending requests 8 > 4 on 3 of 3 pods" in decision.message
    assert [view.desired for view in decision.metrics] == [1, 6]


def test_all_metrics_must_allow_fewer_pods() -> None:
    rules = settings(QUEUE, PENDING, behavior=AT_ONCE)
    partly = once(3, load_of(1.0), MISSING, rules=rules)
    both = once(3, load_of(1.0), load_of(1.0), rules=rules)

    assert (partly.size, partly.reason) == (3, Reason.SCALING_HELD)
    assert (both.size, both.reason) == (1, Reason.SCALED_DOWN)


def test_pods_are_added_while_another_metric_is_missing() -> None:
    decision = once(3, MISSING, load_of(8.0), rules=settings(QUEUE, PENDING, behavior=AT_ONCE))

    assert (decision.size, decision.reason) == (6, Reason.SCALED_UP)
    assert decision.holds is not None
    assert "no series of 3 pods" in decision.holds.message


@pytest.mark.parametrize(
    "load",
    [
        MISSING,
        load_of(1.0, 4, seen=2),
        load_of(1.0, 4, can_shrink=False, reason="SharedGPU"),
        load_of(None, 4, seen=0, young=4, reason="Young"),
        load_of(None, 0),
    ],
)
def test_bad_data_keep_the_pods_for_ever(load: Any) -> None:
    given = given_of(settings(behavior=AT_ONCE), load)
    _, decisions = run(settled(4), ((now, given) for now in range(0, 86_400, 600)))

    assert {each.size for each in decisions} == {4}
    assert decisions[-1].reason is Reason.SCALING_HELD


def test_silence_is_not_absence() -> None:
    quiet = given_of(settings(), load_of(None, 3, is_idle=True))
    _, decisions = run(settled(3), ((15.0 * i, quiet) for i in range(20)))

    # 25 % a minute, rounded up, once the window of 5 minutes has passed.
    assert decisions[0].message == "3 -> 2: queue time: no requests on 3 of 3 pods"
    assert [each.size for each in decisions if each.has_changed] == [2, 1]
    assert decisions[-1].reason is Reason.IDLE


def test_after_an_outage_pods_stay_for_a_full_window() -> None:
    rules = settings()
    low, gone = given_of(rules, load_of(1.0)), given_of(rules, MISSING)
    memory, decisions = run(settled(3), [(0.0, gone), (15.0, low), (299.0, low), (314.0, low)])
    _, after = run(memory, [(315.0, low)])

    assert [each.size for each in decisions] == [3, 3, 3, 3]
    assert after[0].size == 2


def test_a_window_of_zero_still_waits_for_the_metric_s_own_window() -> None:
    rules = settings(behavior=AT_ONCE)
    low, gone = given_of(rules, load_of(1.0)), given_of(rules, MISSING)
    _, decisions = run(settled(3), [(0.0, gone), (15.0, low), (74.0, low), (75.0, low)])

    assert [each.size for each in decisions] == [3, 3, 3, 1]


def test_bounds_hold_at_once() -> None:
    lowered = once(8, load_of(5.0, 8), rules=settings(maxReplicas=5))
    raised = once(2, load_of(5.0, 2), rules=settings(minReplicas=4))

    assert (lowered.size, raised.size) == (5, 4)
    assert lowered.message == "8 -> 5: 8 pods asked for, at most 5: raise maxReplicas"
    assert raised.message == "2 -> 4: 2 pods would do, at least 4"


def test_more_than_the_maximum_is_said() -> None:
    decision = once(10, load_of(50.0, 10))

    assert decision.limited is not None
    assert decision.limited.reason is Reason.TOO_MANY_REPLICAS
    assert "100 pods asked for, at most 10" in decision.limited.message


def test_a_lower_minimum_of_a_schedule_removes_no_pods_without_metrics() -> None:
    rules = settings(behavior=AT_ONCE)
    day, night = Bounds(3, 4, ("open",)), Bounds(1, 4)
    low = load_of(1.0)
    memory, _ = run(settled(3), [(0.0, given_of(rules, low, bounds=day))])
    _, (held, *_, free) = run(
        memory,
        [
            (60.0, given_of(rules, MISSING, bounds=night)),
            (75.0, given_of(rules, low, bounds=night)),
            (135.0, given_of(rules, low, bounds=night)),
        ],
    )

    assert (held.size, held.reason) == (3, Reason.SCHEDULE_HELD)
    assert "3 pods stay, though the minimum is 1 now" in held.message
    assert free.size == 1


def test_a_lower_maximum_of_a_schedule_holds_without_metrics() -> None:
    rules = settings(behavior=AT_ONCE)
    memory, _ = run(settled(6), [(0.0, given_of(rules, load_of(5.0, 6), bounds=Bounds(1, 8)))])
    _, (lowered,) = run(memory, [(60.0, given_of(rules, MISSING, bounds=Bounds(1, 4, ("night",))))])

    assert (lowered.size, lowered.reason) == (4, Reason.SCALED_DOWN)


def test_a_second_scale_up_waits_for_the_load_of_the_first() -> None:
    given = given_of(settings(behavior=AT_ONCE), load_of(9.0), surroundings=Surroundings(300.0))
    more = given_of(settings(behavior=AT_ONCE), load_of(15.0), surroundings=Surroundings(300.0))
    _, decisions = run(settled(3), [(0.0, given), (60.0, more), (299.0, more), (300.0, more)])

    assert [each.size for each in decisions] == [6, 6, 6, 9]


@pytest.mark.parametrize(
    ("canary", "size"),
    [(CanaryState.NONE, 1), (CanaryState.RUNNING, 3), (CanaryState.WAITING, 1)],
)
def test_no_pod_is_removed_inside_a_canary_s_step(canary: CanaryState, size: int) -> None:
    assert once(3, load_of(1.0), surroundings=Surroundings(canary=canary)).size == size


def test_both_tracks_grow_in_a_canary_s_step() -> None:
    assert once(3, load_of(9.0), surroundings=Surroundings(canary=CanaryState.RUNNING)).size == 6


def test_the_fallback_is_reached_and_left_the_ordinary_way() -> None:
    rules = settings(fallback={"after": "3m", "replicas": 6}, behavior=AT_ONCE)
    gone, low = given_of(rules, MISSING), given_of(rules, load_of(1.0, 6))
    memory, decisions = run(settled(4), [(0.0, gone), (179.0, gone), (180.0, gone), (195.0, gone)])
    _, back = run(memory, [(200.0, low), (259.0, low), (260.0, low)])

    assert [each.size for each in decisions] == [4, 4, 6, 6]
    assert decisions[2].reason is Reason.FALLBACK_REACHED
    assert decisions[2].message == "4 -> 6: QueueTime missing for 3m"
    assert [each.size for each in back] == [6, 6, 2]


def test_the_fallback_is_never_fewer_pods() -> None:
    rules = settings(fallback={"after": "3m", "replicas": 2})
    gone = given_of(rules, MISSING)
    _, decisions = run(settled(8), [(0.0, gone), (3600.0, gone)])

    assert [each.size for each in decisions] == [8, 8]


def test_the_last_known_value_is_shown_with_its_age() -> None:
    rules = settings()
    valued, gone = given_of(rules, load_of(4.8)), given_of(rules, MISSING)
    _, decisions = run(settled(3), [(0.0, valued), (240.0, gone)])

    (view,) = decisions[-1].metrics
    assert (view.value, view.age, view.desired) == ("4.8ms", "4m", None)
    assert view.reason == "NoSeries: no series of 3 pods"


def test_a_restart_begins_with_the_size_there_is() -> None:
    low = given_of(settings(behavior=AT_ONCE), load_of(1.0, 5))
    _, decisions = run(ScalingMemory.beginning(5, 0.0), [(0.0, low), (59.0, low), (60.0, low)])

    assert [each.size for each in decisions] == [5, 5, 1]


def test_a_restart_waits_for_the_period_of_a_policy_it_has_forgotten() -> None:
    policies = [{"type": "Pods", "value": 1, "periodSeconds": 1800}]
    behavior = {"scaleDown": {"stabilizationWindowSeconds": 0, "policies": policies}}
    low = given_of(settings(behavior=behavior), load_of(1.0, 5))
    _, decisions = run(ScalingMemory.beginning(5, 0.0), [(1799.0, low), (1800.0, low)])

    assert [each.size for each in decisions] == [5, 4]


def test_metrics_that_never_remove_pods_keep_them() -> None:
    memory = {"type": "GPUMemory", "target": "80%"}
    alone = once(4, load_of(0.2, 4), rules=settings(memory, behavior=AT_ONCE))
    beside = once(
        4, load_of(0.2, 4), load_of(1.0, 4), rules=settings(memory, QUEUE, behavior=AT_ONCE)
    )
    grown = once(4, load_of(0.95, 4), rules=settings(memory, behavior=AT_ONCE))

    assert (alone.size, beside.size, grown.size) == (4, 1, 5)
