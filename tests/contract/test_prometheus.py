"""What the client promises of Prometheus' queries: the same for the fake and the real server."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from hack.services.prometheus import LocalPrometheus
from inference_operator.adapters.prometheus.access import AccessFiles
from inference_operator.adapters.prometheus.answer_reader import AnswerRefusedError, read_whole
from inference_operator.adapters.prometheus.client import Prometheus, Query, QueryError
from inference_operator.adapters.prometheus.queries import text
from inference_operator.adapters.prometheus.rows import FamilyRows
from inference_operator.adapters.prometheus.scope import Scope
from inference_operator.adapters.prometheus.user_value import UserValue
from inference_operator.domain.measurement import Family, NoValue, Outage, QueryValue
from tests.fakes.prometheus import Form, fake_prometheus, refusal, vector

TWICE = 'up * on() (up or label_replace(up, "a", "b", "", ""))'
SERIES = {"__name__": "up", "job": "pods", "instance": "127.0.0.1:1"}


@dataclass
class Ground:
    """A server with one series, which was scraped once or more, and our client."""

    client: Prometheus
    at: datetime

    async def ask(self, query: str, most_bytes: int = 1 << 20) -> QueryValue:
        asked = Query(query, self.at, most_bytes)
        return await self.client.read(asked, AccessFiles().read(), UserValue())


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPrometheus]:
    """A real Prometheus that tries to scrape a port where nobody listens: `up` is 0."""
    target = {"targets": ["127.0.0.1:1"]}
    configuration = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
        "scrape_configs": [{"job_name": "pods", "static_configs": [target]}],
    }
    folder: Path = tmp_path_factory.mktemp("prometheus")
    with ExitStack() as stack:
        server = stack.enter_context(LocalPrometheus(folder, configuration))
        deadline = time.monotonic() + 30
        while read_whole(server.query("up", time.time()), UserValue()).value is NoValue.NO_SERIES:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield server


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.integration)])
async def ground(request: pytest.FixtureRequest) -> AsyncIterator[Ground]:
    if request.param == "real":
        client = Prometheus(request.getfixturevalue("scraped").uri, 5)
        yield Ground(client, datetime.now(UTC))
        await client.close()
        return
    async with fake_prometheus() as server:
        server.respond = _as_a_real_one
        client = Prometheus(server.uri, 5)
        yield Ground(client, datetime.now(UTC))
        await client.close()


def _as_a_real_one(form: Form) -> web.Response:
    at, query = float(form["time"]), form["query"]
    assert form["timeout"] == "5s"
    if query == "sum(":
        words = 'invalid parameter "query": 1:5: parse error: unclosed left parenthesis'
        return web.json_response(refusal("bad_data", words), status=400)
    if query == TWICE:
        words = "found duplicate series for the match group {} on the right hand-side"
        return web.json_response(refusal("execution", words), status=422)
    if query == "time()":
        data = {"resultType": "scalar", "result": [at, f"{at:.3f}"]}
        return web.json_response({"status": "success", "data": data})
    if query == "quantile(2, up)":
        warning = "PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)"
        return web.json_response({**vector(({}, "+Inf")), "warnings": [warning]})
    is_there = query == "up" and abs(at - time.time()) < 60
    return web.json_response(vector((SERIES, 0)) if is_there else vector())


async def test_one_series(ground: Ground) -> None:
    assert (await ground.ask("up")).value == 0


async def test_no_series(ground: Ground) -> None:
    assert (await ground.ask("absent_metric")).value is NoValue.NO_SERIES
    asked = Query(text(Family.FRESHNESS, [], Scope()), ground.at, 1 << 20)
    rows = FamilyRows(Family.FRESHNESS, Scope())
    assert (await ground.client.read(asked, AccessFiles().read(), rows)).samples == ()


async def test_the_time_is_that_of_the_query(ground: Ground) -> None:
    value = (await ground.ask("time()")).value
    assert isinstance(value, float)
    assert value == pytest.approx(ground.at.timestamp(), abs=0.001)
    ground.at -= timedelta(hours=1)
    assert (await ground.ask("up")).value is NoValue.NO_SERIES


async def test_warnings_come_with_the_answer(ground: Ground) -> None:
    answer = await ground.ask("quantile(2, up)")
    assert answer.value is NoValue.INFINITE
    (warning,) = answer.warnings
    assert "quantile value should be between 0 and 1" in warning


@pytest.mark.parametrize(
    ("query", "words"), [("sum(", "parse error"), (TWICE, "found duplicate series")]
)
async def test_a_query_that_is_refused_says_why(ground: Ground, query: str, words: str) -> None:
    with pytest.raises(AnswerRefusedError, match=words) as refused:
        await ground.ask(query)
    assert refused.value.outage is Outage.REFUSED


async def test_a_long_answer_is_not_read_to_its_end(ground: Ground) -> None:
    with pytest.raises(QueryError, match="answered with more than 10 bytes") as failed:
        await ground.ask("up", most_bytes=10)
    assert failed.value.outage is Outage.REFUSED
