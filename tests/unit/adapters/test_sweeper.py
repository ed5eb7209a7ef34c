"""The sweeper measures all units at once, and wakes only those that changed."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from inference_operator.adapters.prometheus.questions import STEADY_SWEEPS
from inference_operator.adapters.prometheus.sweep import AT_ONCE
from inference_operator.api.analysis_status import Verdict
from inference_operator.domain.analysis import (
    MetricResult,
    StepQuestion,
)
from inference_operator.domain.measurement import (
    Family,
    FamilySamples,
    Outage,
    PodName,
)
from tests.unit.adapters.questions import ERRORS, NOON, question, user_metric
from tests.unit.adapters.sweep_bench import PASS, Bench, sweep_bench


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with sweep_bench() as bench:
        yield bench


async def test_before_the_first_sweep_nothing_is_known(bench: Bench) -> None:
    answer = bench.sweeper.measure(question())
    assert (answer.verdict, answer.at) == (Verdict.NO_DATA, None)
    assert (answer.canary, answer.stable) == ("canary", "stable")


async def test_a_unit_is_woken_by_its_first_verdict_and_reads_it(bench: Bench) -> None:
    asked = question()
    bench.sweeper.measure(asked)
    assert await bench.sweeper.sweep() == "answered"
    assert bench.woken == [asked.unit]
    assert bench.sweeper.measure(asked) is PASS


async def test_a_canary_that_is_retried_before_the_next_sweep_has_no_old_evidence(
    bench: Bench,
) -> None:
    bench.verdict = lambda _: replace(PASS, verdict=Verdict.FAIL)
    bench.sweeper.measure(question())
    await bench.sweeper.sweep()
    assert bench.sweeper.measure(question()).verdict is Verdict.FAIL

    bench.sweeper.measure(question(canary=None))
    assert bench.sweeper.measure(question()).at is None
    await bench.sweeper.sweep()
    remembered = bench.memories[-1]
    assert remembered is not None
    assert remembered.closed is not None
    assert remembered.canary is None


async def test_what_is_measured_comes_from_one_time_and_one_request_a_family(bench: Bench) -> None:
    bench.server.answer_rows(lambda _: [({"namespace": "shop", "pod": "price-canary"}, 7)])
    bench.sweeper.measure(question())
    await bench.sweeper.sweep()

    (sweep,) = bench.sweeps
    assert set(sweep.families) == {
        Family.REQUESTS,
        Family.FAILURES,
        Family.FRESHNESS,
        Family.PROBES,
    }
    assert len(bench.server.forms) == 4
    assert {form["time"] for form in bench.server.forms} == {f"{NOON.timestamp() - 1:.3f}"}
    assert {form["partial_response"] for form in bench.server.forms} == {"false"}
    assert set(sweep.by_pod) == {PodName("shop", "price-canary")}
    assert sweep.by_pod[PodName("shop", "price-canary")][Family.FRESHNESS][0].value == 7


async def test_pods_of_others_are_not_in_the_index(bench: Bench) -> None:
    bench.server.answer_rows(lambda _: [({"namespace": "other", "pod": "price-canary"}, 7)])
    bench.sweeper.measure(question())
    await bench.sweeper.sweep()
    (sweep,) = bench.sweeps
    assert not sweep.by_pod
    fresh = sweep.families[Family.FRESHNESS]
    assert isinstance(fresh, FamilySamples)
    assert len(fresh.samples) == 1


@pytest.mark.parametrize("units", [10, 1000])
async def test_the_number_of_requests_does_not_depend_on_that_of_units(
    bench: Bench, units: int
) -> None:
    metrics = [user_metric("max(slippage)"), user_metric("min(slippage)", "low")]
    for number in range(units):
        bench.sweeper.measure(question(f"unit-{number}", *metrics))
    await bench.sweeper.sweep()
    assert len(bench.server.forms) == 3 + len(metrics)
    assert bench.server.most_at_once <= AT_ONCE


async def test_a_sweep_that_changes_nothing_wakes_nobody(bench: Bench) -> None:
    units = [question(f"unit-{number}") for number in range(1000)]
    for asked in units:
        bench.sweeper.measure(asked)
    await bench.sweeper.sweep()
    for asked in units:
        bench.sweeper.measure(asked)
    bench.woken.clear()

    bench.verdict = lambda _: replace(PASS, message="1 of 300 failed", at=NOON, evidence=())
    for _ in range(3):
        await bench.sweeper.sweep()
    assert bench.woken == []
    assert bench.memories[-1] is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"verdict": Verdict.FAIL},
        {"outage": Outage.TIMED_OUT},
        {"is_away": True},
        {"unavailable": "NoSeries"},
        {"metrics": (MetricResult("errors", Verdict.PASS, "Enforce", ""),)},
    ],
)
async def test_what_wakes(bench: Bench, changes: dict[str, Any]) -> None:
    asked = question()
    bench.sweeper.measure(asked)
    await bench.sweeper.sweep()
    bench.sweeper.measure(asked)
    bench.woken.clear()

    bench.verdict = lambda _: replace(PASS, **changes)
    await bench.sweeper.sweep()
    assert bench.woken == [asked.unit]


async def test_passes_of_a_step_wake_up_to_its_count(bench: Bench) -> None:
    asked = replace(question(), step=StepQuestion(NOON, frozenset(), count=2))
    passes = iter((0, 1, 2, 3))
    bench.verdict = lambda _: replace(PASS, step_since=NOON, step_passes=next(passes))
    bench.sweeper.measure(asked)
    await bench.sweeper.sweep()
    bench.sweeper.measure(asked)
    bench.woken.clear()

    for _ in range(3):
        await bench.sweeper.sweep()
        bench.sweeper.measure(asked)
    assert bench.woken == [asked.unit] * 2


async def test_an_answer_to_an_earlier_question_is_not_told(bench: Bench) -> None:
    bench.sweeper.measure(question())
    await bench.sweeper.sweep()
    other = replace(question(), canary=replace(question().stable, revision="third"))
    answer = bench.sweeper.measure(other)
    assert (answer.canary, answer.verdict, answer.at) == ("third", Verdict.NO_DATA, None)


async def test_an_answer_by_other_limits_is_not_told(bench: Bench) -> None:
    bench.sweeper.measure(question())
    await bench.sweeper.sweep()
    edited = question("price", ERRORS.model_copy(update={"max": "2%"}))
    assert bench.sweeper.measure(edited).at is None
    assert bench.sweeper.measure(edited).canary == "canary"

    bench.woken.clear()
    await bench.sweeper.sweep()
    assert bench.woken == [edited.unit]
    assert bench.sweeper.measure(edited) is PASS


async def test_an_answer_is_by_the_limits_of_its_sweep(bench: Bench) -> None:
    bench.sweeper.measure(question())
    bench.server.delay = 0.1
    sweep = asyncio.create_task(bench.sweeper.sweep())
    await asyncio.sleep(0.05)
    edited = question("price", ERRORS.model_copy(update={"max": "2%"}))
    bench.sweeper.measure(edited)
    await sweep
    assert bench.sweeper.measure(edited) is PASS, "the edit came before anything was judged"


async def test_a_unit_without_a_canary_is_woken_by_outages_only(bench: Bench) -> None:
    asked = question(canary=None)
    alone = replace(PASS, canary=None)
    results = iter([alone, replace(alone, verdict=Verdict.LOW_TRAFFIC)])
    bench.verdict = lambda _: next(results, replace(alone, outage=Outage.UNREACHABLE))
    bench.sweeper.measure(asked)
    await bench.sweeper.sweep()
    await bench.sweeper.sweep()
    for _ in range(STEADY_SWEEPS - 1):
        await bench.sweeper.sweep()
        assert bench.sweeper.measure(asked).outage is None
    assert bench.woken == []
    await bench.sweeper.sweep()
    assert bench.woken == [asked.unit]
    assert bench.sweeper.measure(asked).outage is Outage.UNREACHABLE


async def test_a_prometheus_that_fails_now_and_then_wakes_no_unit_without_a_canary(
    bench: Bench,
) -> None:
    asked = [question(f"unit-{number}", canary=None) for number in range(20)]
    alone = replace(PASS, canary=None)
    for each in asked:
        bench.sweeper.measure(each)
    for number in range(8):
        outage = Outage.TIMED_OUT if number % 2 else None
        bench.verdict = lambda _, outage=outage: replace(alone, outage=outage)  # type: ignore[misc]
        await bench.sweeper.sweep()
        for each in asked:
            bench.sweeper.measure(each)
    assert bench.woken == []


async def test_a_unit_that_is_created_again_remembers_nothing(bench: Bench) -> None:
    bench.sweeper.measure(question(uid="u1"))
    await bench.sweeper.sweep()
    assert bench.sweeper.measure(question(uid="u2")).at is None
    await bench.sweeper.sweep()
    assert bench.memories == [None, None]


async def test_a_unit_is_forgotten_also_during_a_sweep(bench: Bench) -> None:
    asked = question()
    bench.sweeper.measure(asked)
    bench.server.delay = 0.1
    sweep = asyncio.create_task(bench.sweeper.sweep())
    await asyncio.sleep(0.05)
    bench.sweeper.forget(asked.unit)
    await sweep
    assert bench.woken == []
    assert bench.sweeper.measure(asked).at is None
