"""Answers to passes: which wake them, and which size holds before and between them."""

from dataclasses import replace
from datetime import UTC, datetime

from inference_operator.api.reasons import Reason
from inference_operator.domain.scaling import Limit, ScalingDecision
from inference_operator.domain.scaling_question import ScalingAnswer
from inference_operator.domain.schedules import bounds_at
from inference_operator.planning.scaling.question import (
    is_other_size,
    is_told_otherwise,
    present_size,
)
from tests.unit.planning.scaling.load_cases import AT_ONCE
from tests.unit.planning.scaling.scaling_bench import NOON, QUEUE, Bench, rules_of

HELD = Limit(Reason.SCALING_HELD, "no series")
DECISION = ScalingDecision(4, 4, Reason.VALID_METRIC_FOUND, "4 pods: queue time 5ms = 5ms")
ANSWER = ScalingAnswer(DECISION)


def test_another_size_wakes_a_pass_and_another_sentence_does_not() -> None:
    words = ScalingAnswer(replace(DECISION, message="5.1ms > 5ms"))

    assert is_other_size(None, ANSWER)
    assert is_other_size(ANSWER, ScalingAnswer(replace(DECISION, size=5)))
    assert not is_other_size(ANSWER, words)
    assert not is_told_otherwise(ANSWER, words)


def test_missing_data_and_limits_are_told_when_they_begin_and_end() -> None:
    held = ScalingAnswer(replace(DECISION, holds=HELD))
    stale = ScalingAnswer(replace(DECISION, holds=replace(HELD, message="stale")))
    scheduled = ScalingAnswer(replace(DECISION, holds=replace(HELD, reason=Reason.SCHEDULE_HELD)))
    limited = ScalingAnswer(replace(DECISION, limited=Limit(Reason.GPU_CAPACITY, "no GPU")))

    assert is_told_otherwise(ANSWER, held)
    assert is_told_otherwise(held, ANSWER)
    assert not is_told_otherwise(held, stale)
    assert is_told_otherwise(held, scheduled)
    assert is_told_otherwise(ANSWER, limited)
    assert is_told_otherwise(limited, ANSWER)
    # The first answer is a size that no pass has read.
    assert not is_told_otherwise(None, held)


def test_bounds_hold_before_the_first_answer_and_after_an_edit() -> None:
    bounds = bounds_at(rules_of(minReplicas=2, maxReplicas=3), NOON)

    assert present_size(bounds, 1, None) == 2
    assert present_size(bounds, 8, None) == 3
    assert present_size(bounds, 2, ANSWER) == 3


def test_autoscaling_starts_from_the_pods_that_there_are() -> None:
    bench = Bench(rules_of(minReplicas=1, maxReplicas=10))

    assert bench.pass_time().size == 3


def test_a_size_by_hand_is_put_back_to_the_decided_one() -> None:
    bench = Bench(rules_of(behavior=AT_ONCE))
    bench.run(8, queue_ms=9.0)
    bench.servers = bench.servers[:1]

    # The Deployment has 1 pod now; the unit still needs 6.
    assert bench.run(1, queue_ms=5.0).size == 6


def test_another_object_of_the_same_name_starts_anew() -> None:
    bench = Bench(rules_of(behavior=AT_ONCE))
    bench.run(8, queue_ms=9.0)
    assert bench.memory is not None
    bench.memory = replace(bench.memory, uid="other")

    assert bench.run(1, queue_ms=9.0).size == 3


def test_a_schedule_s_bounds_follow_the_sweep_s_time() -> None:
    open_hours = {
        "name": "open",
        "timeZone": "UTC",
        "start": "0 13 * * *",
        "end": "0 14 * * *",
        "minReplicas": 5,
    }
    bench = Bench(rules_of(QUEUE, schedules=[open_hours]))
    bench.run(6, queue_ms=5.0)
    bench.at = datetime(2031, 5, 6, 13, tzinfo=UTC)
    decision = bench.run(1, queue_ms=5.0)

    assert (decision.size, decision.reason) == (5, Reason.SCALED_UP)
    assert decision.message == "3 -> 5: 3 pods would do, at least 5 (schedule open)"
    assert bench.memory is not None
    assert bench.memory.bounds.until == datetime(2031, 5, 6, 14, tzinfo=UTC)


def test_pods_that_have_ended_are_forgotten() -> None:
    bench = Bench()
    bench.run(3)
    bench.servers = bench.servers[1:]
    bench.run(1)
    assert bench.memory is not None

    assert set(bench.memory.pods) == {"pod-1", "pod-2"}
