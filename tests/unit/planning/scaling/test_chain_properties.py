"""Properties of the chain, over generated loads, settings, bounds and memories."""

from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from inference_operator.api.autoscaling import Autoscaling
from inference_operator.domain.scaling import (
    CanaryState,
    Capacity,
    MetricLoad,
    ScalingInput,
    Surroundings,
)
from inference_operator.domain.scaling_memory import (
    Attempt,
    Recommendation,
    Refusal,
    ScaleEvent,
    ScalingMemory,
)
from inference_operator.planning.scaling.chain import decide
from inference_operator.planning.scaling.policies import highest, lowest
from tests.unit.planning.scaling.load_cases import (
    LONG_BEFORE,
    PENDING,
    QUEUE,
    given_of,
    load_of,
    run,
)
from tests.unit.planning.scaling.load_cases import settings as rules_of

FEW = settings(max_examples=25, deadline=None)
VALUES = st.one_of(st.floats(0, 100), st.sampled_from([0.0, 4.5, 5.0, 5.5, 1e300]))
RANDOM = Random(19)


def direction() -> dict[str, Any]:
    policies = [
        {
            "type": RANDOM.choice(["Percent", "Pods"]),
            "value": RANDOM.randint(1, 100),
            "periodSeconds": RANDOM.choice([1, 15, 60, 1800]),
        }
        for _ in range(RANDOM.randint(1, 3))
    ]
    return {
        "stabilizationWindowSeconds": RANDOM.choice([0, 60, 300]),
        "selectPolicy": RANDOM.choice(["Max", "Min", "Disabled"]),
        "policies": policies,
    }


def some_rules() -> Autoscaling:
    minimum = RANDOM.randint(1, 10)
    maximum = minimum + RANDOM.randint(0, 20)
    changes: dict[str, Any] = {"behavior": {"scaleUp": direction(), "scaleDown": direction()}}
    if RANDOM.random() < 0.5:
        changes["fallback"] = {"after": "30s", "replicas": RANDOM.randint(1, maximum)}
    return rules_of(QUEUE, PENDING, minReplicas=minimum, maxReplicas=maximum, **changes)


# To build one takes longer than to decide by it.
RULES = [rules_of(QUEUE, PENDING), *(some_rules() for _ in range(40))]
SIZES = st.integers(1, 30)


@st.composite
def loads(draw: st.DrawFn, *, whole: bool = False, label: str = "QueueTime") -> MetricLoad:
    pods = draw(st.integers(1, 30))
    seen = pods if whole else draw(st.integers(0, pods))
    young = draw(st.integers(0, pods - seen))
    kind = draw(st.sampled_from(["value", "idle"] if whole else ["value", "idle", "none"]))
    if kind == "idle":
        return load_of(None, pods, seen, is_idle=True, label=label)
    if kind == "none" or not seen:
        return load_of(None, pods, 0, young=young, reason="NoSeries", label=label)
    can_shrink = whole or draw(st.booleans())
    return load_of(draw(VALUES), pods, seen, young=young, can_shrink=can_shrink, label=label)


def capacities() -> st.SearchStrategy[Capacity]:
    number = st.integers(0, 20)
    return st.builds(Capacity, number, number, st.just("gpu"), st.just(2), number, number)


@st.composite
def inputs(draw: st.DrawFn, *, whole: bool = False) -> ScalingInput:
    surroundings = Surroundings(
        draw(st.none() | st.floats(0, 900)),
        draw(st.none() | capacities()),
        draw(st.sampled_from(CanaryState)),
    )
    rules = draw(st.sampled_from(RULES))
    pair = draw(loads(whole=whole)), draw(loads(whole=whole, label="PendingRequests"))
    return given_of(rules, *pair, surroundings=surroundings, rate=draw(st.none() | st.floats(0, 9)))


@st.composite
def memories(draw: st.DrawFn) -> ScalingMemory:
    """Any memory, also those that no decisions lead to."""
    times = st.floats(LONG_BEFORE, 1000)
    number = st.integers(0, 100_000)
    return ScalingMemory(
        size=draw(number),
        began=draw(times),
        whole_since=draw(st.none() | times),
        decided_at=draw(times),
        recommendations=tuple(
            draw(st.lists(st.builds(Recommendation, times, number, number), max_size=4))
        ),
        events=tuple(draw(st.lists(st.builds(ScaleEvent, times, number, number), max_size=4))),
        last_up=draw(st.none() | times),
        missing_since=draw(st.none() | times),
        minimum=draw(number),
        carried=draw(number),
        refused=draw(st.none() | st.builds(Refusal, times, number)),
        attempts=draw(
            st.dictionaries(
                st.sampled_from(["QueueTime", "Latency"]),
                st.builds(Attempt, VALUES, st.none() | st.floats(0, 9), number, number, number),
            )
        ),
    )


def settled(size: int) -> ScalingMemory:
    return ScalingMemory.beginning(size, LONG_BEFORE)


@FEW
@given(memories(), inputs())
def test_a_size_is_within_the_bounds_after_any_memory(
    memory: ScalingMemory, each: ScalingInput
) -> None:
    after, decision = decide(memory, each, 0.0)

    assert each.bounds.minimum <= decision.size <= each.bounds.maximum
    assert after.size == decision.size
    assert 0 < len(decision.message) <= 512


@FEW
@given(memories(), inputs())
def test_missing_data_never_remove_a_pod(memory: ScalingMemory, each: ScalingInput) -> None:
    _, decision = decide(memory, each, 0.0)

    if not all(load.is_whole for load in each.load.metrics):
        assert decision.size >= min(memory.size, each.bounds.maximum)


@FEW
@given(memories(), inputs(whole=True), VALUES, VALUES)
def test_a_larger_value_never_asks_for_fewer_pods(
    memory: ScalingMemory, each: ScalingInput, first: float, second: float
) -> None:
    # Whether pods have an effect is a question about a fall of the value.
    memory = replace(memory, attempts={})
    sizes = []
    for value in sorted((first, second)):
        load = load_of(value, each.load.metrics[0].pods)
        changed = replace(each, load=replace(each.load, metrics=(load, each.load.metrics[1])))
        sizes.append(decide(memory, changed, 0.0)[1].size)

    assert sizes == sorted(sizes)


@FEW
@given(SIZES, inputs())
def test_a_decision_that_is_made_again_is_the_same(size: int, each: ScalingInput) -> None:
    memory, first = decide(settled(size), each, 0.0)
    again, second = decide(memory, each, 0.0)

    assert second.size == first.size
    assert again.size == memory.size


@FEW
@given(SIZES, inputs())
def test_equal_inputs_never_scale_both_ways(size: int, each: ScalingInput) -> None:
    start = min(max(size, each.bounds.minimum), each.bounds.maximum)
    _, decisions = run(settled(start), ((61.0 * i, each) for i in range(12)))
    sizes = [start, *(decision.size for decision in decisions)]

    assert sizes in (sorted(sizes), sorted(sizes, reverse=True))


@FEW
@given(SIZES, st.lists(inputs(whole=True), min_size=3, max_size=6))
def test_each_step_is_within_the_policies(size: int, each: list[ScalingInput]) -> None:
    rules = each[0].settings
    memory = settled(min(max(size, each[0].bounds.minimum), each[0].bounds.maximum))
    for i, given_input in enumerate(each):
        now = 30.0 * i
        same = replace(given_input, settings=rules, bounds=each[0].bounds)
        before = memory
        memory, decision = decide(before, same, now)
        up, down = rules.behavior.scale_up, rules.behavior.scale_down
        assert decision.size <= highest(up, before.size, before.events, now)
        slowest = lowest(down, before.size, before.events, now)
        # Pods that never had a node are taken back at once.
        assert decision.size >= min(slowest, before.carried)


@FEW
@given(memories(), SIZES)
def test_good_data_lead_anywhere_back(memory: ScalingMemory, pods: int) -> None:
    """So much load that `pods` pods are at the target, from any memory."""
    rules = rules_of(QUEUE, maxReplicas=40)
    for i in range(40):
        ready = max(memory.size, 1)
        each = given_of(rules, load_of(5.0 * pods / ready, ready))
        memory, decision = decide(memory, each, 2000.0 + 61.0 * i)

    assert pods / 1.1 <= decision.size <= pods / 0.9 + 1


@FEW
@given(st.lists(st.floats(0, 5), min_size=20, max_size=25), st.integers(1, 8), SIZES)
def test_restarts_never_remove_pods_faster(falls: list[float], every: int, size: int) -> None:
    """An hour of falling load, with and without restarts, each of which keeps only the size.

    Without a tolerance: with one, 13 pods may stay where the same load makes 12 of 16.
    """
    size = max(size, 4)
    exact = {"scaleUp": {"tolerance": "0"}, "scaleDown": {"tolerance": "0"}}
    rules = rules_of(QUEUE, maxReplicas=30, behavior=exact)
    plain = restarted = settled(size)
    for i, value in enumerate(sorted(falls, reverse=True)):
        now = 90.0 * i
        if i % every == 0:
            restarted = ScalingMemory.beginning(restarted.size, now)
        # The load of all pods: fewer pods have more of it each.
        pair = []
        for memory in (plain, restarted):
            each = given_of(rules, load_of(value * size / memory.size, memory.size))
            pair.append(decide(memory, each, now)[0])
        assert pair[1].size >= min(pair[0].size, restarted.size)
        plain, restarted = pair


def test_restarts_every_half_minute_remove_no_pod() -> None:
    memory = settled(8)
    for i in range(120):
        memory = ScalingMemory.beginning(memory.size, 30.0 * i)
        memory, decision = decide(memory, given_of(rules_of(QUEUE), load_of(1.0, 8)), 30.0 * i)
        assert decision.size == 8
