"""Sweeps are bounded, fair, and counted; what fails is an answer too."""

import asyncio
import math
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from inference_operator.adapters.prometheus.needs import MOST_QUERIES
from inference_operator.adapters.prometheus.sweep import AT_ONCE
from inference_operator.api.analysis import AnalysisMetric, MetricMode, MetricType, Statistic
from inference_operator.api.analysis_status import EvidenceStatus, Verdict
from inference_operator.domain.analysis import (
    AnalysisQuestion,
    AnalysisResult,
    MetricResult,
)
from inference_operator.domain.measurement import (
    NoAnswer,
    Outage,
    ServiceName,
)
from model_builders.statistics.evidence import FACTORS
from tests.unit.adapters.questions import question, user_metric
from tests.unit.adapters.sweep_bench import PASS, TIMEOUT, Bench, sweep_bench, until


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with sweep_bench() as bench:
        yield bench


async def test_without_questions_nothing_is_asked(bench: Bench) -> None:
    asked = question()
    task = asyncio.create_task(bench.sweeper.run())
    await asyncio.sleep(0.1)
    assert not bench.server.forms
    bench.sweeper.measure(asked)
    await until(lambda: len(bench.sweeps) >= 2)
    bench.sweeper.forget(asked.unit)
    await asyncio.sleep(0.1)
    before = len(bench.server.forms)
    await asyncio.sleep(0.15)
    assert len(bench.server.forms) == before
    task.cancel()


@pytest.mark.parametrize("units", [10, 1000])
async def test_a_sweep_takes_at_most_12_requests_whatever_is_measured(
    bench: Bench, units: int
) -> None:
    every = [
        AnalysisMetric(name="errors", type=MetricType.ERROR_RATE, max="1%"),
        AnalysisMetric(name="p95", type=MetricType.LATENCY, statistic=Statistic.P95, max="9ms"),
        AnalysisMetric(name="mean", type=MetricType.LATENCY, statistic=Statistic.MEAN, max="9ms"),
        AnalysisMetric(name="queue", type=MetricType.QUEUE_TIME, max="9ms"),
        AnalysisMetric(name="gpu", type=MetricType.GPU_UTILIZATION, max="90%"),
    ]
    for number in range(units):
        asked = question(f"unit-{number}", *every)
        service = ServiceName("shop", f"unit-{number}")
        bench.sweeper.measure(replace(asked, stable=replace(asked.stable, service=service)))
    await bench.sweeper.sweep()
    assert len(bench.server.forms) == 10


async def test_sweeps_do_not_overlap(bench: Bench) -> None:
    bench.server.delay = 0.1
    # A query with a wrong name is not asked, so there are fewer requests than places for them.
    bench.sweeper.measure(question("price", user_metric("max(a{b=$wrong})")))
    task = asyncio.create_task(bench.sweeper.run())
    await until(lambda: len(bench.sweeps) >= 3)
    assert bench.server.most_at_once == 3
    task.cancel()


async def test_one_unit_that_cannot_be_judged_does_not_end_the_others(bench: Bench) -> None:
    def verdict(asked: AnalysisQuestion) -> AnalysisResult:
        if asked.unit.name == "bad":
            raise ZeroDivisionError
        return PASS

    bench.verdict = verdict
    bad, good = question("bad"), question("good")
    bench.sweeper.measure(bad)
    bench.sweeper.measure(good)
    await bench.sweeper.sweep()
    assert bench.sweeper.measure(good) is PASS
    assert bench.sweeper.measure(bad).verdict is Verdict.ERROR


async def test_a_server_that_is_down_is_an_answer_of_no_family(bench: Bench) -> None:
    bench.server.answer_status(500, "<html>oops</html>")
    bench.sweeper.measure(question())
    assert await bench.sweeper.sweep() == "unanswered"
    (sweep,) = bench.sweeps
    for answer in sweep.families.values():
        assert isinstance(answer, NoAnswer)
        assert answer.outage is Outage.REFUSED
        assert answer.message.startswith(f"Prometheus at {bench.server.uri} answered 500 (<html>")


async def test_a_slow_server_ends_the_sweep_in_a_bounded_time(bench: Bench) -> None:
    bench.server.delay = 60
    queries = [user_metric(f"metric_{number}", f"m{number}") for number in range(10)]
    for number in range(3):
        bench.sweeper.measure(question(f"unit-{number}", *queries))
    async with asyncio.timeout(10):
        assert await bench.sweeper.sweep() == "unanswered"
    answers = bench.sweeps[0].families.values()
    assert {answer.outage for answer in answers if isinstance(answer, NoAnswer)} == {
        Outage.TIMED_OUT
    }


async def test_slow_queries_of_users_delay_the_judgement_of_everybody_by_one_limit(
    bench: Bench,
) -> None:
    # The pods' metrics are quick.
    bench.server.slow["slow"] = 0.6 * TIMEOUT
    for number in range(5):
        slow = [user_metric(f"slow_{number}_{each}", f"m{each}") for each in range(10)]
        bench.sweeper.measure(question(f"unit-{number}", *slow))
    assert await bench.sweeper.sweep() == "answered"
    assert sum(query.startswith("slow") for query in bench.server.queries) <= 2 * AT_ONCE
    unasked = [each for each in bench.sweeps[0].queries.values() if isinstance(each, NoAnswer)]
    assert "was not asked" in unasked[-1].message


async def test_queries_are_bounded_and_each_namespace_has_its_turn(bench: Bench) -> None:
    greedy = [
        question(f"unit-{unit}", *(user_metric(f"m_{unit}_{n}", f"m{n}") for n in range(10)))
        for unit in range(10)
    ]
    # It is the number that bounds them here, however busy the machine is.
    patient = Bench(bench.server, bench.thread, timeout=30.0)
    for asked in (*greedy, question("modest", user_metric("modest"), namespace="lab")):
        patient.sweeper.measure(asked)
    await patient.sweeper.sweep()
    await patient.prometheus.close()

    assert len(bench.server.forms) == 3 + MOST_QUERIES
    answers = patient.sweeps[0].queries
    assert not isinstance(answers["modest"], NoAnswer)
    unasked = [each for each in answers.values() if isinstance(each, NoAnswer)]
    assert len(unasked) == 101 - MOST_QUERIES
    assert "more than 50 distinct queries" in unasked[0].message


async def test_queries_that_are_switched_off_are_not_asked(bench: Bench) -> None:
    off = Bench(bench.server, bench.thread, allows_queries=False)
    off.sweeper.measure(question("unit", user_metric("up")))
    await off.sweeper.sweep()
    await off.prometheus.close()
    assert "up" not in bench.server.queries
    answer = off.sweeps[0].queries["up"]
    assert isinstance(answer, NoAnswer)
    assert "PROMETHEUS_QUERIES is Disabled" in answer.message


async def test_the_operator_s_own_metrics(bench: Bench) -> None:
    assert bench.sweeper.age == 0
    bench.sweeper.measure(question())
    bench.verdict = lambda _: replace(PASS, verdict=Verdict.FAIL)
    task = asyncio.create_task(bench.sweeper.run())
    await until(lambda: len(bench.sweeps) == 2)
    task.cancel()
    assert '{outcome="answered"} 8.0' in bench.counted("inference_operator_sweep_requests_total")
    changes = bench.counted("inference_operator_verdict_changes_total")
    assert changes == {'{verdict="Fail"} 1.0'}
    assert 0 < bench.sweeper.age < 5


def evidence(metric: str, above: float, below: float) -> EvidenceStatus:
    ratios = len(FACTORS)
    return EvidenceStatus(
        metric=metric, limit="max", above=(above,) * ratios, below=(below,) * ratios, inflation=1
    )


async def test_a_canary_s_verdict_and_numbers_are_among_the_operator_s_own_metrics(
    bench: Bench,
) -> None:
    errors = MetricResult("errors", Verdict.PASS, MetricMode.ENFORCE, "", samples=310)
    shown = replace(
        PASS,
        metrics=(errors,),
        evidence=(evidence("errors", math.log(0.1), math.log(1000)),),
    )
    bench.verdict = lambda _: shown
    asked = question()
    bench.sweeper.measure(asked)
    before = bench.counted("inference_operator_canary_")
    await bench.sweeper.sweep()
    unit = f'kind="{asked.unit.kind}",name="{asked.unit.name}",namespace="{asked.unit.namespace}"'

    def lines(name: str) -> set[str]:
        return bench.counted(f"inference_operator_canary_{name}")

    assert before == set()
    assert lines("verdict") == {f'{{{unit},verdict="Pass"}} 1.0'}
    of_metric = unit.replace("name=", 'metric="errors",name=', 1)
    assert lines("metric_verdict") == {f'{{{of_metric},verdict="Pass"}} 1.0'}
    assert lines("metric_samples") == {f"{{{of_metric}}} 310.0"}
    values = {
        line.partition('claim="')[2].partition('"')[0]: float(line.split()[-1])
        for line in lines("evidence_log10")
    }
    assert values == {"exceeded": pytest.approx(-1), "kept": pytest.approx(3)}

    bench.verdict = lambda _: replace(shown, canary=None)
    bench.sweeper.measure(replace(asked, canary=None))
    assert bench.counted("inference_operator_canary_") == set()
    bench.sweeper.measure(asked)
    bench.sweeper.forget(asked.unit)
    assert bench.counted("inference_operator_canary_") == set()


async def test_the_age_grows_while_a_family_has_no_answer(bench: Bench) -> None:
    bench.sweeper.measure(question())
    await bench.sweeper.sweep()
    bench.server.answer_status(503, "no")
    await asyncio.sleep(0.1)
    await bench.sweeper.sweep()
    assert bench.sweeper.age >= 0.1
