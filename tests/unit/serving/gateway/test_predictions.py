"""Predictions over HTTP: answers, ages, versions, the cache, batches, and records."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from serving.gateway.answers import BatchAnswer, EnsembleAnswer, PriceAnswer, SentimentAnswer
from tests.unit.serving.gateway.conftest import BARS, Running, Start

PRICE = "/api/v1/predict/price"


def ends(days_ago: int, count: int = 60) -> list[str]:
    """Return the ends of daily bars, the newest that many days ago."""
    newest = datetime.now(UTC) - timedelta(days=days_ago)
    return [(newest - timedelta(days=n)).isoformat() for n in reversed(range(count))]


async def test_a_price_has_interval_confidence_and_version(running: Running) -> None:
    response = await running.price()
    answer = PriceAnswer.model_validate(response.json())
    assert answer.predicted_price == pytest.approx(102 * 1.01)
    assert answer.interval.lower == pytest.approx(102 * 0.99)
    assert answer.interval.basis == "model"
    assert answer.confidence == pytest.approx(0.7957, abs=1e-4)
    assert (answer.model, answer.model_version) == ("lstm_price_predictor", "3")
    assert (answer.freshness, answer.feature_lag_seconds) == ("unknown", None)
    assert response.headers["x-model-version"] == "3"
    assert response.headers["server-timing"].startswith("total;dur=")


async def test_a_request_keeps_the_id_that_it_comes_with(running: Running) -> None:
    response = await running.http.get("/health", headers={"X-Request-Id": "r-17"})
    assert response.headers["x-request-id"] == "r-17"


async def test_a_sentiment_and_an_ensemble_have_the_reference_s_fields(running: Running) -> None:
    response = await running.http.post("/api/v1/predict/sentiment", json={"text": "up"})
    assert SentimentAnswer.model_validate(response.json()).sentiment == 0.5
    body = {"symbol": "AAPL", "ohlcv_data": BARS, "news_text": "up"}
    response = await running.http.post("/api/v1/predict/ensemble", json=body)
    answer = EnsembleAnswer.model_validate(response.json())
    assert answer.final_prediction == pytest.approx(102 * 1.01)
    assert (answer.sentiment_component, answer.price_component) == (0.5, None)


@pytest.mark.parametrize(
    ("days", "freshness", "missing"), [(0, "fresh", 0), (2, "stale", 1), (4, "stale", 3)]
)
async def test_old_bars_are_told_and_widen_the_interval(
    running: Running, days: int, freshness: str, missing: int
) -> None:
    answer = (await running.price(times=ends(days))).json()
    assert (answer["freshness"], answer["missing_bars"]) == (freshness, missing)
    assert answer["feature_lag_seconds"] == pytest.approx(days * 86_400, abs=60)
    width = answer["interval"]["upper"] / answer["interval"]["lower"]
    assert width == pytest.approx((1.03 / 0.99) ** (1 + missing) ** 0.5)
    assert answer["interval"]["basis"] == ("lag" if missing else "model")


async def test_an_ensemble_of_old_bars_is_less_sure(running: Running) -> None:
    body = {"symbol": "AAPL", "ohlcv_data": BARS, "news_text": "", "times": ends(4)}
    answer = (await running.http.post("/api/v1/predict/ensemble", json=body)).json()
    assert answer["confidence"] == pytest.approx(0.6915, abs=1e-4)


async def test_expired_bars_are_refused_and_as_of_brings_them_back(running: Running) -> None:
    times = ends(30)
    response = await running.price(times=times)
    assert (response.status_code, response.json()["reason"]) == (422, "StaleFeatures")
    assert "30 d" in response.json()["detail"]
    response = await running.price(times=times, as_of=times[-1])
    assert response.json()["freshness"] == "fresh"


async def test_bars_from_after_the_decision_are_left_out(running: Running) -> None:
    times, rows = ends(0, 70), [[float(n), n + 1.0, n - 1.0, float(n), 1.0] for n in range(10, 80)]
    response = await running.price(ohlcv_data=rows, times=times, as_of=times[-6])
    assert response.json()["last_close"] == 74
    response = await running.price(ohlcv_data=rows[10:], times=times[10:], as_of=times[-6])
    assert response.json()["detail"] == (
        "ohlcv_data: found 55 of 60 bars that were known by the decision, expected 60;"
        " send more bars"
    )


async def test_a_route_may_refuse_stale_bars(start: Start) -> None:
    async with start(lag={"stale": {"price": "refuse"}}) as gateway:
        response = await gateway.price(times=ends(2))
        assert response.json()["expected"] == "at most 1 d 6 h"


async def test_below_the_least_confidence_there_is_no_forecast_but_the_numbers(
    running: Running,
) -> None:
    answer = (await running.price(min_confidence=0.9)).json()
    assert (answer["forecast"], answer["predicted_price"]) == (False, None)
    assert answer["confidence"] == pytest.approx(0.7957, abs=1e-4)
    assert answer["min_confidence"] == 0.9


async def test_equal_requests_are_answered_from_the_cache(running: Running) -> None:
    assert [(await running.price()).json()["cached"] for _ in range(3)] == [False, False, True]
    assert running.triton.count("price") == 2


async def test_a_moved_version_is_seen_and_nothing_is_cached_while_two_answer(
    running: Running,
) -> None:
    for _ in range(3):
        await running.price()
    running.triton.version = "4"
    await running.price(ohlcv_data=[[200.0, 206.0, 199.0, 200.0 + n % 3, n] for n in range(60)])
    answers = [(await running.price()).json() for _ in range(3)]
    assert [answer["cached"] for answer in answers] == [False] * 3
    assert answers[-1]["model_version"] == "4"


async def test_stale_answers_are_not_cached(running: Running) -> None:
    times = ends(2)
    for _ in range(4):
        assert not (await running.price(times=times)).json()["cached"]


async def test_equal_requests_in_flight_share_a_call(running: Running) -> None:
    await running.price()
    running.triton.seconds = 0.05
    await asyncio.gather(*(running.price() for _ in range(10)))
    assert running.triton.count("price") == 2


async def test_a_version_that_is_asked_for_answers_or_it_is_a_409(running: Running) -> None:
    path = "/api/v1/models/lstm_price_predictor/versions/{}/predict/price"
    body = {"symbol": "AAPL", "ohlcv_data": BARS}
    good = await running.http.post(path.format(3), json=body)
    assert good.json()["model_version"] == "3"
    assert running.triton.calls[-1][1].version == "3"
    bad = await running.http.post(path.format(2), json=body)
    assert (bad.status_code, bad.json()["reason"]) == (409, "VersionNotServed")


async def test_a_bad_row_of_a_batch_fails_alone(running: Running) -> None:
    good = {"kind": "price", "symbol": "AAPL", "ohlcv_data": BARS}
    rows: list[Any] = [
        good,
        {**good, "ohlcv_data": BARS[:59]},
        {"kind": "sentiment", "text": "up"},
        {"kind": "nothing"},
        {"kind": "ensemble", "symbol": "AAPL", "ohlcv_data": BARS, "news_text": ""},
    ]
    response = await running.http.post("/api/v1/predict/batch", json={"requests": rows})
    answer = BatchAnswer.model_validate(response.json())
    assert (answer.total, answer.succeeded, answer.failed) == (5, 3, 2)
    problems = [row["problem"]["detail"] for row in response.json()["results"] if "problem" in row]
    assert problems[0] == "ohlcv_data: found 59 bars, expected 60; send more bars"
    assert response.json()["results"][1]["problem"]["field"] == "requests[1].ohlcv_data"


async def test_a_batch_has_a_limit(start: Start) -> None:
    async with start(inference={"batch_size": 2}) as gateway:
        rows = [{"kind": "sentiment", "text": "up"}] * 3
        response = await gateway.http.post("/api/v1/predict/batch", json={"requests": rows})
        assert (response.status_code, response.json()["reason"]) == (413, "BatchTooLarge")


async def test_bars_that_were_sent_before_are_used(running: Running) -> None:
    body = {"symbol": "IBM", "ohlcv_data": BARS, "times": ends(0)}
    sent = await running.http.post("/api/v1/features", json=body)
    assert sent.json()["bars"] == 60
    response = await running.http.post(PRICE, json={"symbol": "IBM"})
    assert response.json()["freshness"] == "fresh"
    stored = (await running.http.get("/api/v1/features/IBM")).json()
    assert stored["ohlcv_data"] == BARS
    newest = {**body, "ohlcv_data": [[1.0, 2.0, 1.0, 2.0, 5.0]], "times": [ends(0)[-1]]}
    await running.http.post("/api/v1/features", json=newest)
    response = await running.http.post(PRICE, json={"symbol": "IBM"})
    assert response.json()["last_close"] == 2.0


async def test_a_prediction_has_a_record_in_memory_and_in_the_folder(running: Running) -> None:
    answer = (await running.price()).json()
    path = f"/api/v1/predictions/{answer['prediction_id']}"
    record = (await running.http.get(path)).json()
    assert record["predicted_price"] == answer["predicted_price"]
    outbox = running.app._app.state.gateway.parts.outbox  # type: ignore[attr-defined]
    await outbox.flush()
    outbox._recent.clear()
    assert (await running.http.get(path)).json()["features_sha256"] == record["features_sha256"]
    truth = {"symbol": "AAPL", "target_time": ends(0)[-1], "close": 103.0}
    response = await running.http.post("/api/v1/truths", json={"truths": [truth]})
    assert (response.status_code, response.json()) == (202, {"accepted": 1})
    await outbox.flush()
    (file,) = (running.folder / "records").iterdir()
    assert '"type":"truth"' in file.read_text()


async def test_a_record_has_the_bars_and_the_text_if_it_is_told_to(start: Start) -> None:
    async with start(outbox={"features": "full"}) as running:
        answer = (await running.price()).json()
        path = f"/api/v1/predictions/{answer['prediction_id']}"
        assert (await running.http.get(path)).json()["features"] == {"ohlcv": BARS}
        body = {"symbol": "AAPL", "ohlcv_data": BARS, "news_text": "a text"}
        answer = (await running.http.post("/api/v1/predict/ensemble", json=body)).json()
        record = (await running.http.get(f"/api/v1/predictions/{answer['prediction_id']}")).json()
        assert record["features"] == {"ohlcv": BARS, "text": "a text"}


async def test_figures_and_metrics_count_requests(running: Running) -> None:
    await running.price()
    await running.price(min_confidence=2)
    figures = (await running.http.get("/api/v1/metrics")).json()
    assert (figures["total_requests"], figures["failed_requests"]) == (2, 1)
    assert set(figures["latency_ms"]) == {"avg", "min", "max", "p50", "p95", "p99"}
    running.triton.retried = 3
    text = (await running.http.get("/metrics")).text
    assert "inference_gateway_retries_total 3.0" in text
    assert (
        'inference_gateway_request_seconds_count{code="200",model="lstm_price_predictor",'
        'route="/api/v1/predict/price",version="3"} 1.0' in text
    )
    assert 'reason="InvalidField",route="/api/v1/predict/price"} 1.0' in text
    assert "AAPL" not in text
