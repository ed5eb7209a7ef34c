"""When a subject is asked about again."""

import asyncio

import pytest

from inference_operator.adapters.polling.poll_schedule import LONGEST_SECONDS, SPREAD, PollSchedule

INTERVAL = 30.0


class Clock:
    """A clock that only the test moves, and what comes from the random source."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.drawn = 0.5
        self.pace = PollSchedule(INTERVAL, lambda: self.now, lambda: self.drawn)

    def waits(self) -> float:
        """Seconds until fx is due, moving the clock there."""
        began = self.now
        while not self.pace.is_due("fx"):
            self.now += 0.25
        return self.now - began


def test_what_was_never_asked_about_is_due() -> None:
    assert Clock().pace.is_due("fx")


def test_an_answer_holds_for_an_interval() -> None:
    clock = Clock()
    clock.pace.answered("fx")
    assert clock.waits() == INTERVAL


@pytest.mark.parametrize(("drawn", "factor"), [(0.0, 1 - SPREAD), (1.0, 1 + SPREAD)])
def test_intervals_differ_so_that_subjects_get_out_of_step(drawn: float, factor: float) -> None:
    clock = Clock()
    clock.drawn = drawn
    clock.pace.answered("fx")
    assert clock.waits() == pytest.approx(INTERVAL * factor, abs=0.25)


def test_one_failure_is_tried_again_soon_and_many_ever_later() -> None:
    clock = Clock()
    clock.drawn = 1.0
    waits = []
    for times in range(1, 9):
        clock.pace.failed("fx", times)
        waits.append(clock.waits())
    assert waits == [7.5, 15, 30, 60, 120, 240, 480, LONGEST_SECONDS]


def test_the_longest_wait_is_no_number_that_overflows() -> None:
    clock = Clock()
    clock.drawn = 1.0
    clock.pace.failed("fx", 1_000_000)
    assert clock.waits() == LONGEST_SECONDS


def test_somebody_new_need_not_wait() -> None:
    clock = Clock()
    clock.pace.failed("fx", 9)
    clock.pace.make_due("fx")
    assert clock.pace.is_due("fx")


def test_what_nobody_asks_about_is_forgotten() -> None:
    clock = Clock()
    clock.pace.answered("fx")
    clock.pace.keep(["other"])
    assert clock.pace.is_due("fx")


async def test_rest_ends_with_news() -> None:
    clock, news = Clock(), asyncio.Event()
    clock.pace.answered("fx")
    resting = asyncio.create_task(clock.pace.wait_until_due(news, ["fx"]))
    await asyncio.sleep(0)
    assert not resting.done()
    news.set()
    await resting


async def test_rest_ends_when_something_is_due() -> None:
    clock = Clock()
    clock.pace.answered("fx")
    await clock.pace.wait_until_due(asyncio.Event(), ["fx", "never asked"])
