"""The gateway's benchmark with few requests: what it counts, and never how long it took."""

from typing import Any

import pytest

from benchmarks.gateway.__main__ import measure
from benchmarks.gateway.measures import Size
from benchmarks.gateway.report import rows, table

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
SIZE = Size(rounds=2, alone=10, busy=32, batch_rows=40, routes=4)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One run of all measures but the balance, which needs six servers."""
    measures = ("single", "batches", "cache", "routes")
    return measure(tmp_path_factory.mktemp("gateway"), SIZE, measures)


def test_all_ways_make_the_same_number_of_requests(result: dict[str, Any]) -> None:
    single = result["singleRows"]
    for name, count in (("alone", SIZE.alone), ("busy", SIZE.busy)):
        counts = {way: each["requests"] for way, each in single[name].items()}
        assert counts == dict.fromkeys(("direct", "gateway", "plain"), SIZE.rounds * count)
    assert single["cpuMs"].keys() == {"gateway", "plain"}
    assert single["cpuMs"]["gateway"] > 0


def test_each_measure_with_a_goal_is_in_the_table(result: dict[str, Any]) -> None:
    assert len(list(rows(result))) == 6
    assert table(result).count("\n| ") >= 6 + 3 + 3
    assert result["routes"].keys() == {"price", "sentiment", "ensemble"}
    assert result["rssMb"]["gateway"] > 20
