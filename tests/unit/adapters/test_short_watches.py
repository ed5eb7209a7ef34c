"""Watches that end by themselves are opened again, but never in a tight loop."""

import asyncio

import pytest

from inference_operator.adapters.kubernetes import reflector as reflector_module
from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.adapters.kubernetes.reflector import FIRST_DELAY, Reflector

from .scripted_watch import POD, Event, Script, Told, page, pod


async def pauses_between(
    monkeypatch: pytest.MonkeyPatch, watches: list[list[Event | ApiError]], lasting: float
) -> list[float]:
    """Return the pauses between watches that end by themselves after so many seconds."""
    pauses: list[float] = []
    real, now = asyncio.sleep, 0.0

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        await real(0)

    def clock() -> float:
        nonlocal now
        now += lasting
        return now

    monkeypatch.setattr(reflector_module.asyncio, "sleep", sleep)
    monkeypatch.setattr(reflector_module, "monotonic", clock)
    script = Script()
    script.lists, script.watches = [[page(7)]], list(watches)
    reflector = Reflector(script, POD, Told(), asyncio.Semaphore(1), lambda: 1.0)
    task = asyncio.create_task(reflector.run())
    for _ in range(100):
        await real(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert script.asked == ["list", *script.asked[1:]]
    assert len(script.asked) == 2 + len(watches)
    return [seconds for seconds in pauses if seconds]


async def test_a_watch_that_ends_at_once_is_opened_again_ever_more_seldom(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits = await pauses_between(monkeypatch, [[]] * 5, 0.01)

    assert waits == [FIRST_DELAY * n for n in (1, 2, 4, 8, 16)]


async def test_a_watch_that_ends_after_each_event_is_not_opened_again_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watches = [[("ADDED", pod("a", 8 + number))] for number in range(3)]

    assert await pauses_between(monkeypatch, watches, 0.01) == [FIRST_DELAY] * 3


async def test_a_watch_that_the_api_server_ends_after_its_time_is_opened_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert await pauses_between(monkeypatch, [[]] * 3, 300.0) == []
