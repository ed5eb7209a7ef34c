"""Evidence that continues from the status after a restart, and records that do not."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from inference_operator.api.analysis_status import AnalysisStatus, EvidenceStatus, Verdict
from inference_operator.domain.analysis import AnalysisResult
from tests.unit.planning.analysis.judging_harness import (
    CANARY,
    ERRORS,
    P95,
    Bench,
    metric,
    metric_of,
    settings,
)

LIMITS = metric(max="1%", maxRelative="300%")
FAST = {8.0: 140, 15.0: 9, 40.0: 1}
Change = Callable[[dict[str, Any]], dict[str, Any]]


def status_of(result: AnalysisResult, revision: str = CANARY) -> AnalysisStatus:
    """Return the status, as it is read back from the API server."""
    written = AnalysisStatus(
        revision=revision, end=result.at, verdict=result.verdict, evidence=result.evidence
    )
    return AnalysisStatus.model_validate_json(written.model_dump_json(by_alias=True))


def observed(bench: Bench, windows: int) -> AnalysisResult:
    result = None
    for _ in range(windows):
        for server in (*bench.stable, *bench.canary):
            server.observe(FAST)
        result = bench.run(1, canary=(150, 1), stable=(450, 3))
    assert result is not None
    return result


def judged_once(*metrics: Any, windows: int = 30) -> tuple[Bench, AnalysisResult]:
    bench = Bench(settings(*metrics))
    for server in (*bench.stable, *bench.canary):
        server.observe(FAST)
    bench.has_canary = False
    bench.pass_time()
    observed(bench, 30)
    bench.has_canary = True
    bench.pass_time()
    return bench, observed(bench, windows)


def restarted(bench: Bench, record: AnalysisStatus | None) -> AnalysisResult:
    """Return the answer of another operator, after the scrapes that start its counts and a
    window."""
    bench.memory, bench.record = None, record
    bench.pass_time()
    bench.pass_time()
    return observed(bench, 1)


@pytest.mark.parametrize("metrics", [(LIMITS,), (P95,), (LIMITS, P95)])
def test_evidence_continues(metrics: Any) -> None:
    bench, before = judged_once(*metrics)

    after = restarted(bench, status_of(before))

    assert [item.samples for item in after.evidence] == [i.samples + 150 for i in before.evidence]
    assert all(
        abs(new - old) < 0.5 * (1 + abs(old))
        for item, former in zip(after.evidence, before.evidence, strict=True)
        for new, old in zip(item.above, former.above, strict=True)
    )
    assert [i.inflation for i in after.evidence] == [i.inflation for i in before.evidence]
    assert after.verdict is before.verdict is Verdict.PASS


def test_without_a_record_it_begins_again() -> None:
    bench, _ = judged_once(LIMITS)

    result = restarted(bench, None)

    assert metric_of(result).samples == 150
    assert result.verdict is Verdict.LOW_TRAFFIC


def edited(**fields: Any) -> Change:
    return lambda item: {**item, **fields}


@pytest.mark.parametrize(
    "change",
    [
        edited(below=[50.0] * 8),
        edited(above=[-900.0] * 8),
        edited(above=[9.0] * 8),
        edited(above=[0.0] * 7),
        edited(below=[]),
        edited(bad=10**6),
        edited(samples=10**9),
        edited(inflation=900.0),
        edited(limit="min"),
        edited(metric="another"),
        edited(tolerance=1.0),
    ],
)
def test_an_edited_record_begins_again(change: Change) -> None:
    bench, before = judged_once(ERRORS)
    record = status_of(before)
    items = [change(item.model_dump(by_alias=True)) for item in record.evidence]
    evidence = tuple(EvidenceStatus.model_validate(item) for item in items)

    result = restarted(bench, record.model_copy(update={"evidence": evidence}))

    assert metric_of(result).samples == 150
    assert result.verdict is Verdict.LOW_TRAFFIC


@pytest.mark.parametrize(
    "change",
    [
        edited(above=[9.0] * 8),
        edited(bad=0, above=[1.0] * 8),
        edited(tolerance=1e6),
        edited(boundary=None),
        edited(boundary=0.0),
        edited(inflation=900.0),
    ],
)
def test_an_edited_record_of_a_comparison_begins_again(change: Change) -> None:
    bench, before = judged_once(metric("p95", "Latency", statistic="p95", maxRelative="150%"))
    record = status_of(before)
    items = [change(item.model_dump(by_alias=True)) for item in record.evidence]
    evidence = tuple(EvidenceStatus.model_validate(item) for item in items)

    result = restarted(bench, record.model_copy(update={"evidence": evidence}))

    assert metric_of(result, "p95").samples in (0, 150)
    assert result.verdict is Verdict.LOW_TRAFFIC


def test_another_canary_s_record_begins_again() -> None:
    bench, before = judged_once(ERRORS)

    result = restarted(bench, status_of(before, revision="ccc"))

    assert metric_of(result).samples == 150


def test_a_record_of_a_canary_that_was_taken_back_begins_again() -> None:
    bench, _ = judged_once(ERRORS)
    failed = bench.run(6, canary=(150, 75))
    assert failed.verdict is Verdict.FAIL

    result = restarted(bench, status_of(failed))

    assert metric_of(result).samples == 150
    assert result.verdict is Verdict.LOW_TRAFFIC


def test_a_limit_that_was_edited_begins_again() -> None:
    bench, before = judged_once(ERRORS)
    bench.settings = settings(metric(max="3%"))

    in_memory = observed(bench, 1)
    after_restart = restarted(bench, status_of(before))

    assert metric_of(in_memory).samples == 150
    assert metric_of(after_restart).samples == 150


def test_the_same_canary_again_without_a_restart_continues_by_its_record() -> None:
    bench, before = judged_once(ERRORS)
    bench.has_canary, bench.record = False, status_of(before)
    bench.pass_time()
    bench.has_canary = True

    assert metric_of(observed(bench, 2)).samples >= metric_of(before).samples


def test_evidence_of_the_largest_numbers_can_be_written() -> None:
    bench = Bench()
    bench.begin()

    result = bench.run(3, canary=(10**12, 0), stable=(10**12, 0))

    assert status_of(result).evidence[0].samples == 3 * 10**12
    assert isinstance(result.at, datetime)
