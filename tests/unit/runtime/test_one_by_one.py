"""All objects of a page come at once, and others run in between."""

import asyncio

import pytest

from inference_operator.adapters.kubernetes.loop_yielder import HELD_SECONDS, LoopYielder
from inference_operator.runtime import kopf_watch as registry
from inference_operator.runtime.kopf_watch import OneByOne


async def test_events_that_come_at_once_are_taken_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    monkeypatch.setattr(registry, "LoopYielder", lambda: LoopYielder(lambda: now))
    turns, taken, seen = OneByOne(), list[int](), list[int]()

    async def event(number: int) -> None:
        nonlocal now
        async with turns.turn():
            now += 2 * HELD_SECONDS
            taken.append(number)

    async def others() -> None:
        while len(taken) < 250:
            seen.append(len(taken))
            await asyncio.sleep(0)

    await asyncio.gather(others(), *(event(number) for number in range(250)))

    assert taken == list(range(250))
    # Those behind the first wait for it, so no round of the event loop takes two.
    assert set(range(2, 250)) <= {*seen, 0, 1}


async def test_one_that_is_cancelled_keeps_nobody_waiting() -> None:
    turns = OneByOne()
    async with turns.turn():
        waits = asyncio.create_task(turns.turn().__aenter__())
        await asyncio.sleep(0)
        waits.cancel()
    async with asyncio.timeout(1), turns.turn():
        pass
