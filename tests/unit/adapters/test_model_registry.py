"""The watch of the registry: when it asks, and whom it wakes."""

import asyncio

import pytest

from inference_operator.adapters.mlflow.model_registry import VERSIONS_EVERY
from tests.unit.adapters.watched_registry import ALIASES, FX, INTERVAL, Watch, unit


@pytest.fixture
def watch() -> Watch:
    return Watch()


async def test_the_first_answer_comes_with_the_first_round(watch: Watch) -> None:
    assert watch.says(FX) == "nothing yet"
    await watch.asks()
    assert watch.says(FX) == "models:/fx/1"
    assert watch.woken == [FX]


async def test_asking_for_a_resolution_makes_no_request(watch: Watch) -> None:
    for _ in range(3):
        watch.says(FX)
    assert watch.mlflow.requests == []


async def test_a_hundred_units_of_one_model_take_one_request_an_interval(watch: Watch) -> None:
    units = [unit(f"fx-{number}", f"desk-{number % 7}") for number in range(100)]
    for each in units:
        watch.says(each)
    first = await watch.asks()
    assert first.count(ALIASES) == 1
    assert await watch.asks(after=INTERVAL) == [ALIASES]
    assert await watch.asks(after=INTERVAL) == [ALIASES]
    assert {watch.says(each) for each in units} == {"models:/fx/1"}


async def test_within_an_interval_nobody_asks_again(watch: Watch) -> None:
    watch.says(FX)
    await watch.asks()
    assert await watch.asks(after=INTERVAL - 1) == []


async def test_a_person_who_refreshes_an_alias_is_answered_at_once_and_once(watch: Watch) -> None:
    watch.says(FX)
    await watch.asks()
    watch.ground.alias("fx", "champion", 2)
    watch.registry.refresh(FX, "2031-05-06T12:00:01Z")
    assert await watch.asks(after=1) == [], "the last answer is too young"
    assert ALIASES in await watch.asks(after=9)
    assert watch.says(FX) == "models:/fx/2"

    watch.registry.refresh(FX, "2031-05-06T12:00:01Z")
    assert await watch.asks(after=11) == []
    watch.registry.refresh(FX, "2031-05-06T12:00:07Z")
    assert await watch.asks(after=1) == [ALIASES]


async def test_however_often_people_refresh_the_registry_is_asked_seldom(watch: Watch) -> None:
    watch.says(FX)
    await watch.asks()
    requests = 0
    for second in range(60):
        watch.registry.refresh(FX, f"2031-05-06T12:00:{second:02}Z")
        requests += len(await watch.asks(after=1))
    assert requests <= 6


async def test_a_unit_without_a_registry_source_refreshes_nothing(watch: Watch) -> None:
    watch.registry.refresh(unit("fx-local"), "2031-05-06T12:00:01Z")
    assert await watch.asks() == []


async def test_aliases_of_one_model_are_one_request(watch: Watch) -> None:
    watch.ground.alias("fx", "challenger", 2)
    watch.says(FX)
    watch.says(unit("fx-next"), uri="models:/fx@challenger")
    await watch.asks()
    assert await watch.asks(after=INTERVAL) == [ALIASES]
    assert watch.says(unit("fx-next"), uri="models:/fx@challenger") == "models:/fx/2"


async def test_a_moved_alias_wakes_those_it_concerns_and_nobody_else(watch: Watch) -> None:
    watch.ground.alias("fx", "old", 1)
    watch.says(FX)
    watch.says(unit("fx-old"), uri="models:/fx@old")
    await watch.asks()
    watch.woken.clear()
    watch.ground.alias("fx", "champion", 2)
    await watch.asks(after=INTERVAL)
    assert (watch.woken, watch.says(FX)) == ([FX], "models:/fx/2")


async def test_an_answer_that_says_nothing_new_wakes_nobody(watch: Watch) -> None:
    watch.says(FX)
    await watch.asks()
    watch.woken.clear()
    await watch.asks(after=INTERVAL)
    assert watch.woken == []


async def test_a_named_version_is_asked_for_once_and_then_seldom(watch: Watch) -> None:
    watch.says(FX, uri="models:/fx/2")
    rounds = [await watch.asks(after=INTERVAL) for _ in range(2 * VERSIONS_EVERY)]
    asked = [number for number, requests in enumerate(rounds, 1) if requests]
    assert asked == [1, VERSIONS_EVERY, 2 * VERSIONS_EVERY]


async def test_who_asks_no_more_is_forgotten(watch: Watch) -> None:
    watch.says(FX)
    await watch.asks()
    watch.registry.resolutions(FX, {})
    assert await watch.asks(after=INTERVAL) == []


async def test_somebody_who_comes_during_a_round_is_asked_for_next(watch: Watch) -> None:
    watch.says(FX)
    running = asyncio.create_task(watch.registry.ask_due())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert watch.mlflow.requests == [ALIASES]
    watch.says(unit("late"), uri="models:/fx@other")
    await running
    assert await watch.asks() == [ALIASES]
    assert watch.says(unit("late"), uri="models:/fx@other") == "AliasNotFound"


async def test_the_watch_asks_as_soon_as_somebody_comes(watch: Watch) -> None:
    running = asyncio.create_task(watch.registry.run())
    await asyncio.sleep(0)
    watch.says(FX)
    await asyncio.wait_for(watch.answered.wait(), 5.0)
    running.cancel()
    assert watch.says(FX) == "models:/fx/1"


async def test_who_leaves_during_a_request_and_comes_back_is_asked_for(watch: Watch) -> None:
    running = asyncio.create_task(watch.registry.run())
    await asyncio.sleep(0)
    watch.secrets["desk-7", "registry"] = {"token": "dDBrZW4="}
    watch.says(FX, secret="registry")
    await asyncio.wait_for(watch.reading.wait(), 5.0)
    watch.registry.resolutions(FX, {})
    watch.resting.clear()
    await asyncio.wait_for(watch.resting.wait(), 5.0)
    assert not watch.answered.is_set()
    watch.ground.alias("fx", "champion", 2)
    watch.says(FX, secret="registry")
    await asyncio.wait_for(watch.answered.wait(), 5.0)
    running.cancel()
    assert watch.says(FX, secret="registry") == "models:/fx/2"


async def test_versions_of_a_model_that_nobody_asks_for_are_forgotten(watch: Watch) -> None:
    watch.says(FX, uri="models:/fx/2")
    first = await watch.asks()
    watch.registry.resolutions(FX, {})
    await watch.asks()
    watch.says(FX, uri="models:/fx/2")
    assert await watch.asks() == first
