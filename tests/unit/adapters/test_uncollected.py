"""No garbage is collected while a sweep is asked, read and judged, and it is afterwards."""

import asyncio
import contextlib
import gc
from collections.abc import Iterator

import pytest

from inference_operator.adapters.uncollected import uncollected, uncollected_at_most
from inference_operator.domain.analysis import AnalysisQuestion, AnalysisResult
from tests.unit.adapters.questions import question
from tests.unit.adapters.sweep_bench import PASS, sweep_bench


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    was_enabled = gc.isenabled()
    gc.enable()
    yield
    (gc.enable if was_enabled else gc.disable)()


def test_it_is_collected_again_after_an_error_and_by_the_outer_one_alone() -> None:
    with uncollected():
        with contextlib.suppress(ValueError), uncollected():
            raise ValueError("broken")
        assert not gc.isenabled(), "the inner one does not end the outer one"

    assert gc.isenabled()


def test_it_stays_off_where_it_was_off() -> None:
    gc.disable()
    with uncollected():
        pass

    assert not gc.isenabled()


async def test_work_that_does_not_end_keeps_it_off_for_a_limited_time() -> None:
    async with uncollected_at_most(0.02):
        assert not gc.isenabled()
        await asyncio.sleep(0.05)
        assert gc.isenabled(), "before the work has ended"

    gc.disable()
    async with uncollected_at_most(0.02):
        await asyncio.sleep(0.05)
        assert not gc.isenabled(), "it was off before"


async def test_work_that_ends_leaves_no_timer_behind() -> None:
    async with uncollected_at_most(0.02):
        pass
    gc.disable()
    await asyncio.sleep(0.05)

    assert not gc.isenabled()


async def test_a_sweep_is_judged_without_a_pass_of_the_collector() -> None:
    seen: list[bool] = []

    def verdict(_: AnalysisQuestion) -> AnalysisResult:
        seen.append(gc.isenabled())
        return PASS

    async with sweep_bench() as bench:
        bench.verdict = verdict
        bench.sweeper.measure(question())
        await bench.sweeper.sweep()

    assert seen == [False]
    assert gc.isenabled()


async def test_a_sweep_that_is_cancelled_leaves_the_collector_on() -> None:
    async with sweep_bench() as bench:
        bench.server.delay = 5
        bench.sweeper.measure(question())
        task = asyncio.create_task(bench.sweeper.sweep())
        await asyncio.sleep(0.05)
        assert not gc.isenabled()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert gc.isenabled()
