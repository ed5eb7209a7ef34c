"""Pods that show their failed requests, and not those that succeeded."""

from typing import Any

import pytest

from inference_operator.api.analysis_status import Verdict
from inference_operator.domain.measurement import Family, Unusable
from tests.unit.planning.analysis.judging_harness import MODEL, passing


@pytest.mark.parametrize("value", [Unusable.NOT_A_NUMBER, Unusable.LABEL_MISSING, None])
def test_failures_alone_are_not_all_requests(value: Any) -> None:
    bench = passing()
    row = (Family.REQUESTS, (MODEL, "1"))
    bench.canary[0].shape = lambda rows: {
        **{each: number for each, number in rows.items() if each != row},
        **({row: value} if value is not None else {}),
    }
    verdicts = {bench.run(1, canary=(150, 1)).verdict for _ in range(40)}
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
