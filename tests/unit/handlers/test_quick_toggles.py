"""Kopf's start waits for all objects, at a cost that grows with their number and no faster."""

import asyncio

from kopf._cogs.aiokits import aiotoggles
from kopf._core.reactor import orchestration

from inference_operator.handlers.quick_toggles import QuickToggleSet, install


async def test_who_waits_goes_on_when_the_last_toggle_is_dropped() -> None:
    toggles = QuickToggleSet(all)
    first, last = await toggles.make_toggle(), await toggles.make_toggle()
    waiting = asyncio.create_task(toggles.wait_for(True))
    await toggles.drop_toggle(first)
    await asyncio.sleep(0)
    assert not waiting.done()

    await toggles.drop_toggle(last)
    await waiting


async def test_a_toggle_made_in_the_meantime_is_waited_for_too() -> None:
    toggles = QuickToggleSet(all)
    first = await toggles.make_toggle()
    waiting = asyncio.create_task(toggles.wait_for(True))
    await asyncio.sleep(0)
    await toggles.drop_toggle(first)
    late = await toggles.make_toggle()
    await asyncio.sleep(0)
    assert not waiting.done()

    await toggles.drop_toggles([late])
    await waiting


async def test_an_empty_set_holds_nobody() -> None:
    await QuickToggleSet(all).wait_for(True)


async def test_a_set_of_pauses_behaves_as_before() -> None:
    pauses = QuickToggleSet(any)
    pause = await pauses.make_toggle()
    waiting = asyncio.create_task(pauses.wait_for(True))
    await asyncio.sleep(0)
    assert not waiting.done()

    await pause.turn_to(True)
    await waiting


async def test_ten_thousand_objects_wake_those_who_wait_once() -> None:
    toggles = QuickToggleSet(all)
    made = [await toggles.make_toggle() for _ in range(10_000)]
    waiting = [asyncio.create_task(toggles.wait_for(True)) for _ in made]
    await asyncio.sleep(0)
    for toggle in made:
        await toggles.drop_toggle(toggle)

    async with asyncio.timeout(5):
        await asyncio.gather(*waiting)


def test_kopf_makes_its_sets_where_ours_are_put() -> None:
    install()

    assert aiotoggles.ToggleSet is QuickToggleSet
    assert orchestration.aiotoggles is aiotoggles
