"""A few units at once get new defaults; the rest wait in order."""

from inference_operator.domain.names import UnitKey
from inference_operator.reconcile.rollout_slots import RolloutSlots

ONE, TWO, THREE, FOUR = (
    UnitKey("InferenceModel", "desk-7", name) for name in ("one", "two", "three", "four")
)


class Queue:
    """Turns, and who was woken."""

    def __init__(self, limit: int, *rolling: UnitKey) -> None:
        self.woken: list[UnitKey] = []
        self.slots = RolloutSlots(limit, lambda: rolling, self.woken.append)


def test_no_more_than_the_limit_hold_a_turn() -> None:
    slots = Queue(2).slots

    assert [slots.acquire(key) for key in (ONE, TWO, THREE)] == [True, True, False]
    assert slots.acquire(ONE), "it has its turn already"


def test_a_turn_given_back_goes_to_who_waits_longest() -> None:
    queue = Queue(1)
    for key in (ONE, TWO, THREE, TWO):
        queue.slots.acquire(key)
    queue.slots.release(ONE)

    assert queue.woken == [TWO]
    assert queue.slots.acquire(TWO)
    assert not queue.slots.acquire(THREE)


def test_who_goes_while_waiting_is_not_woken() -> None:
    queue = Queue(1)
    for key in (ONE, TWO, THREE):
        queue.slots.acquire(key)
    queue.slots.release(TWO)
    queue.slots.release(ONE)

    assert queue.woken == [THREE]


def test_giving_back_what_one_does_not_hold_wakes_nobody() -> None:
    queue = Queue(1)
    queue.slots.acquire(ONE)
    queue.slots.acquire(TWO)
    queue.slots.release(THREE)

    assert queue.woken == []


def test_a_free_turn_that_its_next_one_does_not_want_goes_to_the_one_after() -> None:
    queue = Queue(1)
    for key in (ONE, TWO, THREE):
        queue.slots.acquire(key)
    queue.slots.release(ONE)
    queue.slots.release(TWO)

    assert queue.woken == [TWO, THREE]


def test_a_new_process_counts_those_in_the_middle_of_a_rollout() -> None:
    queue = Queue(2, ONE, TWO)

    assert not queue.slots.acquire(THREE)
    assert queue.slots.holds(ONE)
    queue.slots.release(TWO)
    assert queue.woken == [THREE]


def test_more_in_the_middle_than_allowed_lets_nobody_in_before_they_are_few() -> None:
    queue = Queue(1, ONE, TWO)
    queue.slots.acquire(THREE)
    queue.slots.release(ONE)
    assert queue.woken == []
    queue.slots.release(TWO)

    assert queue.woken == [THREE]


def test_without_stages_nobody_has_a_turn() -> None:
    queue = Queue(0, ONE)

    assert not queue.slots.holds(ONE)
    assert not queue.slots.acquire(TWO)
