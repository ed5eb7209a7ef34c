"""Pods that lack one of the counters that belong together, for a while."""

from typing import Any

import pytest

from inference_operator.api.analysis_status import Verdict
from inference_operator.domain.measurement import Family, Unusable
from tests.unit.planning.analysis.judging_harness import (
    MEAN,
    MODEL,
    Bench,
    metric,
    metric_of,
    passing,
    settings,
)

QUEUE = metric("mean", "QueueTime", max="20ms")


@pytest.mark.parametrize("value", [Unusable.NOT_A_NUMBER, Unusable.LABEL_MISSING, None])
def test_failures_alone_are_not_all_requests(value: Any) -> None:
    bench = passing()
    row = (Family.REQUESTS, (MODEL, "1"))
    bench.canary[0].shape = lambda rows: {
        **{each: number for each, number in rows.items() if each != row},
        **({row: value} if value is not None else {}),
    }
    verdicts = {bench.run(1, canary=(600, 4), stable=(600, 4)).verdict for _ in range(60)}
    assert verdicts == {Verdict.NO_DATA}

    bench.canary[0].shape = dict
    assert bench.run(1, canary=(150, 1)).verdict is Verdict.PASS


def test_failures_of_the_time_without_requests_count_later() -> None:
    bench = passing()
    bench.canary[0].shape = lambda rows: {
        each: value for each, value in rows.items() if each[0] is not Family.REQUESTS
    }
    assert bench.run(20, canary=(150, 30)).verdict is Verdict.NO_DATA
    bench.canary[0].shape = dict
    assert bench.run(1, canary=(150, 0)).verdict is Verdict.FAIL


def serve(bench: Bench, ms: float) -> None:
    """Answer requests in 15 s; those of the canary take so long, in the queue and in all."""
    for server in bench.stable:
        server.serve(450)
    for server in bench.canary:
        server.serve(450, ms=ms, queue_ms=ms)
    bench.pass_time()


@pytest.mark.parametrize(
    ("family", "judged"), [(Family.REQUEST_TIME, MEAN), (Family.QUEUE_TIME, QUEUE)]
)
@pytest.mark.parametrize(("ms", "end"), [(10.0, Verdict.PASS), (40.0, Verdict.FAIL)])
def test_requests_without_their_times_are_no_part_of_a_mean(
    family: Family, judged: Any, ms: float, end: Verdict
) -> None:
    bench = Bench(settings(judged))
    bench.begin(stable=(450, 0))
    bench.canary[0].shape = lambda rows: {
        each: value for each, value in rows.items() if each[0] is not family
    }
    for _ in range(10):
        serve(bench, ms)
    assert bench.judge().verdict is Verdict.NO_DATA

    bench.canary[0].shape = dict
    shown = set()
    for _ in range(16):
        serve(bench, ms)
        result = bench.judge()
        shown.add(metric_of(result, "mean").canary)
    assert shown == {"", f"{ms:g}ms"}
    assert result.verdict is end
