"""Rule of capacity: one pod waits for a node, and what more of them wait is taken back."""

from inference_operator.api.reasons import Reason
from inference_operator.domain.scaling import CanaryState, Capacity, ScalingInput, Surroundings
from inference_operator.domain.scaling_memory import ScalingMemory
from tests.unit.planning.scaling.load_cases import (
    AT_ONCE,
    given_of,
    load_of,
    run,
    settings,
    settled,
)

GPU = "nvidia.com/gpu"
RULES = settings(behavior=AT_ONCE, maxReplicas=30)
MISSING = load_of(None, 3, 0, reason="NoSeries")
FULL = Capacity(3, 4, GPU, 2, waiting=4)
"""Three pods have a node and four found none, though four seemed to have room."""


def needs(
    pods: int, capacity: Capacity, ready: int = 3, canary: CanaryState = CanaryState.NONE
) -> ScalingInput:
    """Return the input of a sweep where the metrics ask for so many pods."""
    load = load_of(5.0 * pods / ready, ready)
    return given_of(RULES, load, surroundings=Surroundings(None, capacity, canary))


def grown(size: int = 3, to: int = 8) -> ScalingMemory:
    """Return the memory of a unit that has just grown by what seemed to be free."""
    memory, _ = run(settled(size), [(0.0, needs(to, Capacity(size, to - size, GPU, 2), size))])
    assert memory.size == to
    return memory


def test_one_pod_waits_for_a_gpu_and_no_more() -> None:
    _, (decision,) = run(settled(3), [(0.0, needs(8, Capacity(3, 1, GPU, 2)))])

    assert decision.size == 5
    assert decision.limited is not None
    assert decision.limited.reason is Reason.GPU_CAPACITY
    assert decision.limited.message == (
        "8 pods needed; the 2 nodes that may have them have nvidia.com/gpu for 4,"
        " and one more pod may wait for a node"
    )


def test_pods_that_have_a_node_stay_whatever_the_nodes_have() -> None:
    _, (decision,) = run(settled(8), [(0.0, needs(20, Capacity(4, 0, GPU, 2), 8))])

    assert decision.size == 8


def test_the_minimum_holds_whatever_the_nodes_have() -> None:
    rules = settings(minReplicas=4, behavior=AT_ONCE)
    surroundings = Surroundings(capacity=Capacity(1, 0, GPU, 1, waiting=3))
    given = given_of(rules, load_of(5.0, 1), surroundings=surroundings)
    _, decisions = run(settled(1), [(0.0, given), (10.0, given)])

    assert [each.size for each in decisions] == [4, 4]


def test_of_the_pods_that_found_no_node_one_stays() -> None:
    memory, decisions = run(grown(), [(10.0, needs(8, FULL)), (20.0, needs(8, FULL))])

    assert [each.size for each in decisions] == [4, 4]
    assert decisions[0].reason is Reason.SCALED_DOWN
    assert decisions[0].message.startswith("8 -> 4: ")
    assert "nvidia.com/gpu for 3, and one more pod may wait" in decisions[0].message
    assert decisions[1].limited is not None
    assert decisions[1].limited.reason is Reason.GPU_CAPACITY
    assert memory.carried == 3


def test_no_pod_is_taken_back_that_once_had_a_node() -> None:
    """Its node has failed: the pods come back with it, whatever the metrics say then."""
    lost = Capacity(1, 0, GPU, 1, waiting=4)
    memory, decisions = run(settled(5), [(0.0, needs(8, lost, 1)), (10.0, needs(8, lost, 1))])

    assert [each.size for each in decisions] == [5, 5]
    assert memory.carried == 5


def test_what_grew_onto_nodes_stays_after_they_fail() -> None:
    lost = Capacity(2, 0, GPU, 1, waiting=6)
    _, decisions = run(
        grown(), [(10.0, needs(8, Capacity(8, 0, GPU, 2), 8)), (20.0, needs(8, lost, 2))]
    )

    assert [each.size for each in decisions] == [8, 8]


def test_none_is_taken_back_while_metrics_are_missing() -> None:
    gone = given_of(RULES, MISSING, surroundings=Surroundings(capacity=FULL))
    _, decisions = run(grown(), [(10.0, gone), (20.0, needs(8, FULL))])

    assert [each.size for each in decisions] == [8, 4]


def test_none_is_taken_back_inside_a_step_of_a_canary() -> None:
    inside = needs(8, FULL, canary=CanaryState.RUNNING)
    _, decisions = run(grown(), [(10.0, inside), (20.0, needs(8, FULL))])

    assert [each.size for each in decisions] == [8, 4]


def test_room_that_others_have_is_not_asked_for_again_when_one_pod_finds_a_node() -> None:
    memory, _ = run(grown(), [(10.0, needs(8, FULL))])
    # The waiting pod has found a node; three more still seem to be free.
    _, decisions = run(
        memory,
        [
            (20.0, needs(8, Capacity(4, 3, GPU, 2), 4)),
            (320.0, needs(8, Capacity(5, 3, GPU, 2), 5)),
        ],
    )

    assert [each.size for each in decisions] == [5, 8]


def test_new_nodes_count_at_once() -> None:
    memory, _ = run(grown(), [(10.0, needs(8, FULL))])
    _, (decision,) = run(memory, [(20.0, needs(12, Capacity(4, 9, GPU, 3), 4))])

    # Nine are free, of which four were refused.
    assert decision.size == 10


def test_a_new_pod_is_no_pod_that_waits() -> None:
    starting = Capacity(3, 0, GPU, 2, new=5)
    memory, decisions = run(grown(), [(10.0, needs(12, starting))])

    assert [each.size for each in decisions] == [9]
    assert memory.carried == 3
