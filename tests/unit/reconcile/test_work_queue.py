"""The work queue: coalescing, never twice at once, delayed, backing off."""

import asyncio
from datetime import timedelta

import pytest

from inference_operator.domain.names import UnitKey
from inference_operator.reconcile.work_queue import (
    FAIRNESS,
    FIRST_DELAY,
    LONGEST_DELAY,
    WorkQueue,
    work,
)

ONE = UnitKey("InferenceModel", "desk-7", "one")
TWO = UnitKey("InferenceModel", "desk-7", "two")


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> WorkQueue:
    return WorkQueue(clock, jitter=lambda: 1.0)


async def waits(queue: WorkQueue) -> bool:
    """Whether nothing is to be done now."""
    task = asyncio.ensure_future(queue.take())
    for _ in range(3):
        await asyncio.sleep(0)
    done = task.done()
    if done:
        queue.done(task.result())
    task.cancel()
    return not done


async def test_many_wakes_make_one_pass(queue: WorkQueue) -> None:
    for _ in range(5):
        queue.wake(ONE)
    assert len(queue) == 1
    queue.done(await queue.take())

    assert await waits(queue)


async def test_keys_come_in_the_order_they_were_woken(queue: WorkQueue) -> None:
    queue.wake(TWO)
    queue.wake(ONE)
    queue.wake(TWO)

    assert [await queue.take(), await queue.take()] == [TWO, ONE]


async def test_urgent_keys_come_first(queue: WorkQueue) -> None:
    queue.wake(TWO)
    queue.wake(ONE, urgent=True)

    assert [await queue.take(), await queue.take()] == [ONE, TWO]


async def test_a_waiting_key_can_become_urgent(queue: WorkQueue) -> None:
    queue.wake(TWO)
    queue.wake(ONE)
    queue.wake(ONE, urgent=True)
    assert len(queue) == 2

    assert await queue.take() == ONE


async def test_an_urgent_key_stays_urgent(queue: WorkQueue) -> None:
    queue.wake(ONE, urgent=True)
    queue.wake(TWO, urgent=True)
    queue.wake(ONE)
    assert len(queue) == 2

    assert await queue.take() == ONE


async def test_a_key_that_turns_urgent_during_its_pass_is_urgent_after_it(
    queue: WorkQueue,
) -> None:
    queue.wake(ONE)
    await queue.take()
    queue.wake(TWO)
    queue.wake(ONE, urgent=True)
    queue.done(ONE)

    assert await queue.take() == ONE


async def test_urgent_keys_never_keep_the_others_waiting_for_ever(queue: WorkQueue) -> None:
    queue.wake(TWO)
    for number in range(100):
        queue.wake(UnitKey("InferenceModel", "desk-7", f"urgent-{number}"), urgent=True)
    taken = [await queue.take() for _ in range(FAIRNESS)]

    assert taken.count(TWO) == 1


async def test_it_is_pressed_while_urgent_keys_wait(queue: WorkQueue) -> None:
    queue.wake(TWO)
    assert not queue.has_urgent
    queue.wake(ONE, urgent=True)
    assert queue.has_urgent
    await queue.take()

    assert not queue.has_urgent


async def test_a_key_is_never_worked_on_twice_at_once(queue: WorkQueue) -> None:
    queue.wake(ONE)
    await queue.take()
    queue.wake(ONE)

    assert await waits(queue)


async def test_woken_during_its_pass_it_goes_round_again(queue: WorkQueue) -> None:
    queue.wake(ONE)
    await queue.take()
    queue.wake(ONE)
    queue.wake(ONE)
    queue.done(ONE)

    assert await queue.take() == ONE
    queue.done(ONE)
    assert await waits(queue)


async def test_another_key_is_taken_meanwhile(queue: WorkQueue) -> None:
    queue.wake(ONE)
    await queue.take()
    queue.wake(TWO)

    assert await queue.take() == TWO


async def test_a_sleeping_worker_is_woken(queue: WorkQueue) -> None:
    task = asyncio.ensure_future(queue.take())
    await asyncio.sleep(0)
    queue.wake(ONE)

    assert await asyncio.wait_for(task, 1) == ONE


async def test_a_delayed_key_waits_its_time(queue: WorkQueue, clock: Clock) -> None:
    queue.wake_after(ONE, 30)
    assert await waits(queue)
    clock.now += 29.9
    assert await waits(queue)
    clock.now += 0.1

    assert await queue.take() == ONE


async def test_the_earliest_of_several_wishes_counts(queue: WorkQueue, clock: Clock) -> None:
    queue.wake_after(ONE, 30)
    queue.wake_after(ONE, 5)
    queue.wake_after(ONE, 60)
    clock.now += 5
    queue.done(await queue.take())
    clock.now += 100

    assert await waits(queue), "the later wishes went with the earlier"


async def test_failures_come_again_later_each_time(queue: WorkQueue, clock: Clock) -> None:
    delays = []
    queue.wake(ONE)
    for _ in range(12):
        await queue.take()
        queue.done(ONE, failed=True)
        began = clock.now
        clock.now = queue._later[0][0]
        delays.append(clock.now - began)

    assert delays[:4] == [pytest.approx(FIRST_DELAY * n) for n in (1, 2, 4, 8)]
    assert delays[-1] == pytest.approx(LONGEST_DELAY)


async def test_success_forgets_the_failures(queue: WorkQueue, clock: Clock) -> None:
    queue.wake(ONE)
    for failed in (True, True, True, False, True):
        await queue.take()
        queue.done(ONE, failed=failed)
        clock.now += LONGEST_DELAY
        queue.wake(ONE)
    queue.done(await queue.take(), failed=True)

    due = queue._later[-1][0] - clock.now
    assert due == pytest.approx(FIRST_DELAY * 2)


@pytest.mark.parametrize(("drawn", "share"), [(0.0, 0.5), (0.5, 0.75), (1.0, 1.0)])
async def test_jitter_takes_at_most_half(clock: Clock, drawn: float, share: float) -> None:
    queue = WorkQueue(clock, jitter=lambda: drawn)
    queue.wake(ONE)
    queue.done(await queue.take(), failed=True)

    assert queue._later[0][0] - clock.now == pytest.approx(FIRST_DELAY * share)


async def test_a_failed_key_that_is_woken_does_not_wait(queue: WorkQueue) -> None:
    queue.wake(ONE)
    queue.done(await queue.take(), failed=True)
    queue.wake(ONE)

    assert await asyncio.wait_for(queue.take(), 1) == ONE


async def run_once(queue: WorkQueue, one_pass: object, failures: list[Exception]) -> None:
    def note(key: UnitKey, error: Exception) -> None:
        failures.append(error)

    worker = asyncio.ensure_future(work(queue, one_pass, note))  # type: ignore[arg-type]
    for _ in range(5):
        await asyncio.sleep(0)
    worker.cancel()


async def test_a_worker_survives_a_failing_pass(queue: WorkQueue) -> None:
    seen: list[UnitKey] = []
    failures: list[Exception] = []

    async def one_pass(key: UnitKey, under_load: bool) -> None:
        seen.append(key)
        if key == ONE:
            raise ValueError("broken")

    queue.wake(ONE)
    queue.wake(TWO)
    await run_once(queue, one_pass, failures)

    assert seen == [ONE, TWO]
    assert [str(e) for e in failures] == ["broken"]
    assert [key for _, _, key in queue._later] == [ONE]


async def test_a_pass_says_when_to_look_again(queue: WorkQueue, clock: Clock) -> None:
    async def one_pass(key: UnitKey, under_load: bool) -> timedelta:
        return timedelta(seconds=30)

    queue.wake(ONE)
    await run_once(queue, one_pass, [])

    assert queue._later[0][0] == clock.now + 30


async def test_workers_are_in_haste_while_urgent_keys_wait(queue: WorkQueue) -> None:
    seen: list[tuple[UnitKey, bool]] = []

    async def one_pass(key: UnitKey, under_load: bool) -> None:
        seen.append((key, under_load))

    queue.wake(ONE, urgent=True)
    queue.wake(TWO, urgent=True)
    await run_once(queue, one_pass, [])

    assert seen == [(ONE, True), (TWO, False)]
