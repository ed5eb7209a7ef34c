"""The least rate of transfers, with windows that a test can wait for."""

import asyncio

import pytest

from inference_operator.artifact_cache import pace as pace_module
from inference_operator.artifact_cache.pace import TooSlowError, TransferPace


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace_module, "LEAST_SECONDS", 0.05)
    monkeypatch.setattr(pace_module, "LEAST_BYTES", 100)


async def transfer(chunks: int, size: int, longest: float = 10.0) -> None:
    pace = TransferPace()
    for _ in range(chunks):
        async with pace.waiting(longest):
            await asyncio.sleep(0.002)
        pace.moved(size)


async def test_who_sends_a_byte_at_a_time_is_cut() -> None:
    with pytest.raises(TooSlowError, match=r"found \d+ bytes in 0\.05 s, expected 100 or more"):
        await transfer(1000, 1)


async def test_who_is_fast_enough_goes_on_for_as_long_as_it_takes() -> None:
    await transfer(100, 100)


async def test_silence_ends_before_the_window() -> None:
    with pytest.raises(TooSlowError, match=r"received nothing for 0\.001 s"):
        await transfer(1, 1, longest=0.001)


async def test_time_that_the_cache_takes_itself_does_not_count() -> None:
    pace = TransferPace()
    for _ in range(4):
        async with pace.waiting():
            pass
        await asyncio.sleep(0.02)
        pace.moved(1)
