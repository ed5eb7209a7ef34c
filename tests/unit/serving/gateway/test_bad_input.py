"""Bad requests, each with its status, its reason and its sentence."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from serving.client.errors import ClientReason, Place, TritonError
from serving.gateway.answers import ProblemAnswer
from tests.unit.serving.gateway.conftest import BARS, Running

PRICE, SENTIMENT = "/api/v1/predict/price", "/api/v1/predict/sentiment"
TIMES = [(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=n)).isoformat() for n in range(60)]


def bars(row: int, column: int, value: float) -> list[list[float]]:
    rows = [list(each) for each in BARS]
    rows[row][column] = value
    return rows


def fields(**changed: Any) -> dict[str, Any]:
    return {"symbol": "AAPL", "ohlcv_data": BARS, **changed}


# The path, the body, the status, the reason, and the sentence or its beginning.
ROWS: list[tuple[str, str, Any, int, str, str]] = [
    ("four columns", PRICE, fields(ohlcv_data=[[1, 2, 1, 1]] * 60), 422, "MissingField",
     "ohlcv_data[0][4]: found nothing, expected a value; send it"),
    ("59 bars", PRICE, fields(ohlcv_data=BARS[1:]), 422, "TooShort",
     "ohlcv_data: found 59 bars, expected 60; send more bars"),
    ("a price of 0", PRICE, fields(ohlcv_data=bars(7, 3, 0)), 422, "PriceNotPositive",
     "ohlcv_data.close: row 7 is 0, expected more than 0; drop that bar"),
    ("a high below the low", PRICE, fields(ohlcv_data=bars(7, 1, 1)), 422, "ImpossibleBar",
     "ohlcv_data.high: row 7 is 1, expected the highest price of its bar"),
    ("bars out of order", PRICE, fields(times=TIMES[:58] + TIMES[:57:-1]), 422, "OutOfOrder",
     "times: row 59 is 2026-02-28T00:00:00.000 after 2026-03-01T00:00:00.000, expected a later"),
    ("fewer times than bars", PRICE, fields(times=TIMES[:59]), 422, "WrongShape",
     "bars: found 59 times and 60 rows"),
    ("times without a zone", PRICE, fields(times=["2026-01-01T00:00:00"] * 60), 422,
     "InvalidField", "times[0]: found 2026-01-01T00:00:00, expected "),
    ("a decision in the future", PRICE, fields(as_of="2999-01-01T00:00:00Z"), 422,
     "FutureDecision", "as_of: found 2999-01-01T00:00:00+00:00, expected a time up to now ("),
    ("an unknown symbol", PRICE, {"symbol": "NONE"}, 404, "NoBars",
     "symbol: found NONE, of which no bars are known; send ohlcv_data, or its bars to"
     " /api/v1/features"),
    ("times without bars", PRICE, {"symbol": "A", "times": TIMES}, 422, "MissingField",
     "ohlcv_data: found times without bars, expected both or neither; send the bars too"),
    ("an unknown field", PRICE, fields(ohlcv=1), 422, "UnknownField",
     "ohlcv: found 1, expected a field of the API; leave it out"),
    ("a number as a text", PRICE, fields(ohlcv_data=[["1", 2, 1, 1, 1]] * 60), 422,
     "InvalidField", "ohlcv_data[0][0]: found 1, expected a valid number; correct the value"),
    ("a symbol with a space", PRICE, fields(symbol="A B"), 422, "InvalidField",
     "symbol: found A B, expected "),
    ("an empty text", SENTIMENT, {"text": ""}, 422, "InvalidField",
     "text: found , expected "),
    ("1 MB of text", SENTIMENT, {"text": "x" * 1_000_000}, 422, "InvalidField",
     f"text: found {'x' * 80}…, expected "),
    ("no symbol", PRICE, {"ohlcv_data": BARS}, 422, "MissingField",
     "symbol: found nothing, expected a value; send it"),
    ("a list", PRICE, [1], 422, "InvalidField", "body: found 1 values, expected "),
    ("no items", "/api/v1/predict/batch", {"requests": []}, 422, "InvalidField",
     "requests: found 0 values, expected "),
    ("known before its end", "/api/v1/features", fields(times=TIMES, known_at=TIMES[::-1]), 422,
     "OutOfRange", "known_at[30]: found 2026-01-30T00:00:00.000, expected 2026-01-31"),
    ("a truth of 0", "/api/v1/truths",
     {"truths": [{"symbol": "A", "target_time": TIMES[0], "close": 0}]}, 422, "InvalidField",
     "truths[0].close: found 0, expected greater than 0; correct the value"),
    ("another model", "/api/v1/models/gru/versions/1/predict/price", fields(), 404,
     "UnknownModel", "model_name: found gru, expected lstm_price_predictor, the model of"),
    ("no version", "/api/v1/models/gru/versions/x/predict/price", fields(), 422, "InvalidField",
     "version: found x, expected "),
    ("no path", "/api/v1/predict/prices", fields(), 404, "NotFound",
     "POST /api/v1/predict/prices: Not Found; see /openapi.json for all paths"),
    ("another method", "/health", {}, 405, "MethodNotAllowed", "POST /health: Method Not Allowed"),
]  # fmt: skip


def assert_problem(response: httpx.Response, status: int, reason: str, sentence: str) -> None:
    problem = ProblemAnswer.model_validate(response.json())
    assert (response.status_code, problem.reason, problem.status) == (status, reason, status)
    assert problem.detail.startswith(sentence), problem.detail
    assert response.headers["content-type"] == "application/problem+json"
    assert problem.request_id == response.headers["x-request-id"]


@pytest.mark.parametrize(
    ("path", "body", "status", "reason", "sentence"),
    [r[1:] for r in ROWS],
    ids=[r[0] for r in ROWS],
)
async def test_a_bad_body_is_told(
    running: Running, path: str, body: Any, status: int, reason: str, sentence: str
) -> None:
    assert_problem(await running.http.post(path, json=body), status, reason, sentence)
    assert not running.triton.calls


JSON = {"Content-Type": "application/json"}
RAW: list[tuple[str, bytes, dict[str, str], int, str, str]] = [
    ("NaN", json.dumps(fields(ohlcv_data=bars(3, 0, float("nan")))).encode(), JSON, 422,
     "NotFinite", "ohlcv_data[3][0]: found nan, expected a finite number; correct the value"),
    ("Infinity", json.dumps(fields(ohlcv_data=bars(3, 0, float("inf")))).encode(), JSON, 422,
     "NotFinite", "ohlcv_data[3][0]: found inf, expected a finite number; correct the value"),
    ("a cut body", json.dumps(fields()).encode()[:500], JSON, 400, "BadBody",
     "body: found no JSON ("),
    ("nothing", b"", JSON, 400, "BadBody", "body: found no JSON ("),
    ("bytes", b"\xff\xfe", JSON, 400, "BadBody", "body: found no JSON ("),
    ("deep nesting", b"[" * 100_000, JSON, 400, "BadBody", "body: found no JSON ("),
    ("another type", b"symbol=AAPL", {"Content-Type": "text/plain"}, 415, "WrongContentType",
     "Content-Type: found text/plain, expected application/json; send JSON with that header"),
    ("a gzip bomb", gzip.compress(b"0" * 10_000_000), {**JSON, "Content-Encoding": "gzip"}, 415,
     "WrongContentType", "Content-Encoding: found gzip, expected none; send the body as it is"),
    ("17 MB", b"0" * (17 << 20), JSON, 413, "BodyTooLarge",
     "body: found 17825792 bytes or more, expected 16777216 at most; send less at once"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "headers", "status", "reason", "sentence"), [r[1:] for r in RAW],
    ids=[r[0] for r in RAW],
)  # fmt: skip
async def test_bytes_that_are_no_body_are_told(
    running: Running, content: bytes, headers: dict[str, str], status: int, reason: str,
    sentence: str,
) -> None:  # fmt: skip
    response = await running.http.post(PRICE, content=content, headers=headers)
    assert_problem(response, status, reason, sentence)


MODELS = [
    (ClientReason.UNREACHABLE, 503, "ModelNotReady"),
    (ClientReason.MODEL_NOT_READY, 503, "ModelNotReady"),
    (ClientReason.MODEL_NOT_FOUND, 503, "ModelNotReady"),
    (ClientReason.VERSION_NOT_SERVED, 409, "VersionNotServed"),
    (ClientReason.TENSOR_MISMATCH, 503, "WrongTensors"),
    (ClientReason.INPUT_REFUSED, 422, "ModelProblem"),
    (ClientReason.NOT_A_NUMBER, 422, "ModelProblem"),
    (ClientReason.OVERLOADED, 503, "Overloaded"),
    (ClientReason.DEADLINE_EXCEEDED, 504, "DeadlineExceeded"),
    (ClientReason.MODEL_FAILED, 502, "ModelFailed"),
    (ClientReason.ANSWER_TOO_LARGE, 502, "ModelFailed"),
    (ClientReason.TOO_MANY_MODELS, 503, "TooManyModels"),
    (ClientReason.CLIENT_CLOSED, 503, "ModelNotReady"),
]


@pytest.mark.parametrize(("client_reason", "status", "reason"), MODELS)
async def test_a_model_that_does_not_answer_is_told(
    running: Running, client_reason: ClientReason, status: int, reason: str
) -> None:
    place = Place("lstm_price_predictor", "3")
    running.triton.failure = TritonError(client_reason, place, "a cause", "a remedy")
    response = await running.price()
    sentence = "model lstm_price_predictor version 3: a cause; a remedy"
    assert_problem(response, status, reason, sentence)
    assert ("retry-after" in response.headers) == (status == 503)


def test_every_reason_of_the_client_has_a_row() -> None:
    assert {row[0] for row in MODELS} == set(ClientReason)


@pytest.mark.parametrize("number", ["9" * 30, "1e400", "-1e400"])
async def test_a_huge_number_in_a_batch_is_the_row_s_problem(running: Running, number: str) -> None:
    item = f'"kind": "price", "symbol": "A", "min_confidence": {number}'
    body = f'{{"requests": [{{{item}}}]}}'
    path = "/api/v1/predict/batch"
    response = await running.http.post(path, content=body, headers=JSON)
    problem = response.json()["results"][0]["problem"]
    assert problem["field"] == "requests[0].min_confidence"


async def test_the_model_s_own_problem_is_what_the_caller_reads(running: Running) -> None:
    running.triton.failure = TritonError(
        ClientReason.NOT_A_NUMBER, Place("m"), "NaN", "correct it", problem="PriceNotPositive: …"
    )
    response = await running.price()
    assert_problem(response, 422, "ModelProblem", "model m: PriceNotPositive: …; correct it")


async def test_numbers_that_are_no_interval_never_reach_the_caller(running: Running) -> None:
    running.triton.low = float("nan")
    response = await running.price()
    assert response.status_code == 422
    assert response.json()["reason"] == "ModelProblem"


async def test_a_bug_of_ours_is_a_problem_too(running: Running) -> None:
    running.triton.failure = RuntimeError("secret")  # type: ignore[assignment]
    response = await running.price()
    assert_problem(response, 500, "Internal", "the gateway failed; report the request's id")
    assert "secret" not in response.text
