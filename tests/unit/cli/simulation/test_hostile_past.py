"""A server of `--from-prometheus` that answers what it likes: an error with words, or a trace."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from inference_operator.cli.documents import InputError
from inference_operator.cli.simulation import prometheus_trace
from inference_operator.cli.simulation.prometheus_arguments import Past
from inference_operator.cli.simulation.prometheus_trace import record
from inference_operator.cli.simulation.recorded import trace_of
from inference_operator.cli.simulation.trace import read_trace
from inference_operator.cli.simulation.trace_file import trace_text
from inference_operator.domain.names import UnitKey
from inference_operator.prometheus_settings import PrometheusSettings
from tests.fakes.prometheus import FakePrometheus, fake_prometheus, refusal

UNIT = UnitKey("InferenceModel", "desk-7", "fx-drift")
END = datetime(2030, 1, 2, 3, tzinfo=UTC)
PAST = Past(END, timedelta(minutes=30), timedelta(minutes=1))
POD = "fx-drift-aaaaaaaaaa-7d9f4-x2x4z"
# What each counter grows by in a minute.
GROWTH = {"success": 590.0, "failure": 10.0, "request_duration": 5.9e6, "queue": 5e5}
Answer = Callable[[str], Any]


@pytest.fixture
async def server() -> AsyncIterator[FakePrometheus]:
    async with fake_prometheus() as server:
        yield server


def points(query: str) -> list[list[Any]]:
    """Return a good pod's values of a family, one each minute."""
    growth = next((each for name, each in GROWTH.items() if name in query), 0.0)
    return [
        [time, str(time if "timestamp(" in query else growth * place)]
        for place, time in enumerate(PAST.times)
    ]


def series(query: str, **labels: str) -> dict[str, Any]:
    """Return the series of a good pod, or of one with other labels."""
    own = {"namespace": "desk-7", "pod": POD, "model": "fx-drift", "version": "1"}
    others = {"reason": "BACKEND", "le": "+Inf", "outcome": "success"}
    return {"metric": {**own, **others, **labels}, "values": points(query)}


def matrix(*rows: Any) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": "matrix", "result": list(rows)}}


def respond(server: FakePrometheus, answer: Answer) -> None:
    server.respond = lambda form: web.json_response(answer(form["query"]))


async def read(server: FakePrometheus) -> str:
    """Return the trace as a file: it must be one that can be played."""
    recording = await record(PrometheusSettings(prometheus_url=server.uri), UNIT, PAST)
    written = trace_text(trace_of(recording, load_time=30).trace)
    read_trace(written, "past.csv")
    return written


async def test_a_good_server(server: FakePrometheus) -> None:
    respond(server, lambda query: matrix(series(query)))
    rows = (await read(server)).splitlines()
    assert len(rows) == 31
    assert {row.split(",")[1] for row in rows[1:]} == {"10"}


@pytest.mark.parametrize(
    ("status", "text", "words"),
    [
        (200, "<html>Sign in</html>", "answered with text that is not JSON: '<html>Sign in"),
        (200, "", "answered with text that is not JSON"),
        (200, "[" * 100_000, "JSON that is not read"),
        (200, '{"status":"success"}', "answered without data"),
        (500, "<html>Oops</html>", "answered 500 (<html>Oops</html>)"),
        (401, "", "answered 401 (no message): name the file of a token"),
        (302, "", "is not followed: give the address of the server itself"),
        (404, "not found", "answered 404 (not found)"),
    ],
)
async def test_what_is_no_answer_is_refused(
    server: FakePrometheus, status: int, text: str, words: str
) -> None:
    server.answer_status(status, text)
    with pytest.raises(InputError) as caught:
        await read(server)
    assert str(caught.value).startswith(f"--from-prometheus: Prometheus at {server.uri} ")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (refusal("execution", "query processing would load too many samples"), "too many samples"),
        (matrix(3), "a row that has no labels"),
        (matrix({"metric": []}), "a row that has no labels"),
        (matrix({"metric": {"namespace": "desk-7"}}), "has no series"),
        (matrix({**series("x"), "values": [[1]]}), "a point that is not a pair"),
        ({**matrix(), "warnings": ["a store is away"]}, "so series may be missing"),
        (
            {"status": "success", "data": {"resultType": "vector", "result": []}},
            "answered with vector",
        ),
        (matrix(), "has no series nv_inference_pending_request_count{"),
    ],
)
async def test_an_answer_of_something_else_is_refused(
    server: FakePrometheus, body: dict[str, Any], words: str
) -> None:
    server.answer_json(body)
    with pytest.raises(InputError, match="--from-prometheus") as caught:
        await read(server)
    assert words in str(caught.value)


async def test_an_answer_without_end_is_not_read_to_its_end(
    server: FakePrometheus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prometheus_trace, "MOST_BYTES", 1000)
    respond(server, lambda query: matrix(*[series(query, pod=f"{POD}{n}") for n in range(100)]))
    with pytest.raises(InputError, match="more than 1,000 bytes"):
        await read(server)


async def test_a_server_that_is_slow_is_not_waited_for(
    server: FakePrometheus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prometheus_trace, "_SECONDS", -0.9)
    server.delay = 30
    with pytest.raises(InputError, match="did not answer within"):
        await read(server)


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf", "-5", "1e300", "many", None, [], {}])
@pytest.mark.parametrize("name", sorted(GROWTH))
async def test_values_that_are_no_counts_are_gaps(
    server: FakePrometheus, name: str, value: Any
) -> None:
    def answer(query: str) -> Any:
        row = series(query)
        if name in query:
            row["values"][10][1] = value
        return matrix(row)

    respond(server, answer)
    rows = [row.split(",") for row in (await read(server)).splitlines()[1:]]
    # What is not measured has the values of before. Failures of that minute count in the next one.
    assert {row[1] for row in rows} <= {"10", "10.1667"}
    assert {float(row[3]) for row in rows} == {10.0}


async def test_series_of_others_times_that_were_not_asked_for_and_odd_labels_change_nothing(
    server: FakePrometheus,
) -> None:
    def noise(query: str) -> list[Any]:
        late = [[time + 0.5, value] for time, value in points(query)]
        many = [[time, value if "timestamp(" in query else "1e15"] for time, value in points(query)]
        return [
            {**series(query), "values": late},
            {**series(query), "values": [[1e18, "1"], [-1, "1"], ["NaN", "1"], [None, "1"]]},
            {**series(query, namespace="desk-8"), "values": many},
            {**series(query, pod="fx-drift-2-aaaaaaaaaa-7d9f4-x2x4z"), "values": many},
            {**series(query, pod='fx-drift-"}\n'), "values": many},
            {**series(query, model="x" * 300), "values": many},
            {**series(query, version="9" * 200, model="other"), "values": many},
        ]

    respond(server, lambda query: matrix(series(query)))
    alone = await read(server)
    respond(server, lambda query: matrix(*noise(query), series(query)))

    assert await read(server) == alone


async def test_counters_that_fall_at_each_time_are_no_requests(server: FakePrometheus) -> None:
    def answer(query: str) -> Any:
        row = series(query)
        if "timestamp(" not in query:
            row["values"] = [[time, str(10_000 - 10 * place)] for place, (time, _) in
                             enumerate(row["values"])]  # fmt: skip
        return matrix(row)

    respond(server, answer)
    with pytest.raises(InputError, match="has no window with requests"):
        await read(server)
