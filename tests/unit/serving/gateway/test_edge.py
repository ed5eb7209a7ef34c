"""Rights, limits, switches, readiness, and callers who go."""

import asyncio
import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from serving.client.errors import ClientReason, Place, TritonError
from serving.gateway.app import create_app
from serving.gateway.keys import parsed
from serving.gateway.program import unsupported
from serving.records import TensorMetadata
from serving.settings import Settings
from tests.fakes.prediction_client import METADATA, FakePredictionClient
from tests.unit.serving.gateway.conftest import BARS, Running, Start


async def test_health_lives_without_any_model(running: Running) -> None:
    running.triton.failure = TritonError(
        ClientReason.UNREACHABLE, Place("m"), "no address", "look at triton.targets"
    )
    response = await running.http.get("/health")
    assert (response.status_code, response.json()["status"]) == (200, "healthy")
    response = await running.http.get("/ready")
    assert response.status_code == 503
    assert response.json()["problems"][0] == (
        "route price: Unreachable: model m: no address; look at triton.targets"
    )


async def test_ready_means_that_the_tensors_fit(running: Running) -> None:
    answer = (await running.http.get("/ready")).json()
    assert answer["routes"] == {"price": "ready", "sentiment": "ready", "ensemble": "ready"}
    listed = (await running.http.get("/api/v1/models")).json()["models"]
    assert [model["state"] for model in listed] == ["ready"] * 3
    tensors = (await running.http.get("/api/v1/models/ensemble_predictor/metadata")).json()
    assert tensors["inputs"][0] == {"name": "ohlcv", "datatype": "FP64", "shape": [-1, -1, 5]}
    versions = (await running.http.get("/api/v1/models/ensemble_predictor/versions")).json()
    assert versions["versions"] == ["3"]


LSTM = METADATA["lstm_price_predictor"]
UNFIT = [
    (
        replace(LSTM, inputs=(TensorMetadata("ohlcv", "FP32", (-1, 30, 5)),)),
        "the route sends ohlcv FP32 or FP64 [60, 5], the model takes ohlcv FP32 [-1, 30, 5]",
    ),
    (
        replace(LSTM, inputs=(TensorMetadata("ohlcv", "INT8", (-1, 60, 5)),)),
        "the route sends ohlcv FP32 or FP64 [60, 5], the model takes ohlcv INT8 [-1, 60, 5]",
    ),
    (
        replace(LSTM, outputs=LSTM.outputs[:1]),
        "the route reads OUTPUT__1 FP16 or FP32 or FP64 [2], the model gives OUTPUT__0 FP32"
        " [-1, 1]",
    ),
    (
        replace(LSTM, inputs=(*LSTM.inputs, TensorMetadata("mask", "BOOL", (-1, 60)))),
        "the model wants input mask BOOL [-1, 60] too, and the route does not send it",
    ),
]


@pytest.mark.parametrize(("metadata", "sentence"), UNFIT)
async def test_other_tensors_are_told_with_both_sides(
    running: Running, metadata: object, sentence: str
) -> None:
    running.triton.metadata["lstm_price_predictor"] = metadata  # type: ignore[assignment]
    response = await running.http.get("/ready")
    assert response.status_code == 503
    assert response.json()["problems"] == [
        f"route price, model lstm_price_predictor: {sentence}; change routes.price, or serve a"
        " model with the tensors of the route"
    ]


async def test_a_model_without_batches_fits_too(running: Running) -> None:
    running.triton.metadata["lstm_price_predictor"] = replace(LSTM, max_batch_size=0)
    assert (await running.http.get("/ready")).status_code == 200


def keys_file(folder: Path, *lines: str) -> Path:
    path = folder / "keys"
    path.write_text("# the desk's keys\n" + "\n".join(lines))
    return path


def line(name: str, key: str, scopes: str) -> str:
    return f"{name} {hashlib.sha256(key.encode()).hexdigest()} {scopes}"


async def test_keys_have_scopes_and_are_read_again(start: Start, tmp_path: Path) -> None:
    path = keys_file(tmp_path, line("desk", "k-1", "predict"))
    auth = {"mode": "api_keys", "keys_file": str(path)}
    async with start(auth=auth) as gateway:
        assert (await gateway.http.get("/health")).status_code == 200
        refused = await gateway.price()
        assert (refused.status_code, refused.json()["reason"]) == (401, "Unauthenticated")
        assert refused.headers["www-authenticate"] == "Bearer"
        gateway.http.headers["Authorization"] = "Bearer k-1"
        assert (await gateway.price()).status_code == 200
        refused = await gateway.http.get("/api/v1/metrics")
        assert (refused.status_code, refused.json()["detail"]) == (
            403,
            "the key of desk has the scopes predict, expected metrics:read; use another key, or"
            " add the scope to its line",
        )
        path.write_text(line("desk", "k-2", "predict,metrics:read"))
        watched = gateway.app._parts.callers._file
        watched._looked -= 2
        assert (await gateway.price()).status_code == 401
        gateway.http.headers["Authorization"] = "Bearer k-2"
        assert (await gateway.http.get("/api/v1/metrics")).status_code == 200
        path.write_text("nonsense")
        os.utime(path, (1, 1))
        watched._looked -= 2
        assert (await gateway.price()).status_code == 200


@pytest.mark.parametrize("text", ["desk", "desk 12 predict", f"desk {'0' * 64} everything"])
def test_bad_lines_of_keys_are_told(text: str) -> None:
    with pytest.raises(ValueError, match="line 1: expected NAME, the SHA-256 of the key"):
        parsed(text)


async def test_a_model_can_be_switched_off_by_a_file(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "switch.yaml"
    path.write_text("{}")
    async with start(switch={"file": str(path)}) as gateway:
        assert (await gateway.price()).status_code == 200
        path.write_text("lstm_price_predictor: wrong since Monday")
        gateway.app._app.state.gateway.parts.switch._file._looked -= 2
        refused = await gateway.price()
        assert (refused.status_code, refused.json()["reason"]) == (503, "SwitchedOff")
        assert "wrong since Monday" in refused.json()["detail"]
        assert (await gateway.http.get("/ready")).json()["routes"]["price"] == "switched_off"


async def test_beyond_places_and_queue_a_request_is_sent_away(start: Start) -> None:
    limits = {"in_flight": 1, "queue": 1, "queue_timeout": 0.02}
    async with start(limits=limits, inference={"cache_ttl": 0}) as gateway:
        gateway.triton.seconds = 0.1
        answers = await asyncio.gather(*(gateway.price() for _ in range(4)))
        codes = sorted(answer.status_code for answer in answers)
        assert codes == [200, 503, 503, 503]
        refused = next(answer for answer in answers if answer.status_code == 503)
        assert (refused.json()["reason"], refused.headers["retry-after"]) == ("Overloaded", "1")
        gateway.triton.seconds = 0
        assert (await gateway.price()).status_code == 200


async def test_busy_models_keep_their_places(start: Start) -> None:
    async with start(inference={"max_concurrent_models": 1}) as gateway:
        gateway.triton.seconds = 0.05
        text = {"text": "up"}
        first = asyncio.ensure_future(gateway.price())
        await asyncio.sleep(0.01)
        refused = await gateway.http.post("/api/v1/predict/sentiment", json=text)
        assert (refused.status_code, refused.json()["reason"]) == (503, "TooManyModels")
        assert (await first).status_code == 200
        allowed = await gateway.http.post("/api/v1/predict/sentiment", json=text)
        assert allowed.status_code == 200


async def test_a_caller_who_goes_cancels_the_call_to_triton(tmp_path: Path) -> None:
    triton = FakePredictionClient(seconds=5)
    app = create_app(Settings(storage={"cache_dir": str(tmp_path)}), triton)  # type: ignore[arg-type]
    body = json.dumps({"symbol": "AAPL", "ohlcv_data": BARS}).encode()
    messages: asyncio.Queue[dict[str, object]] = asyncio.Queue()
    messages.put_nowait({"type": "http.request", "body": body, "more_body": False})
    sent: list[object] = []
    scope = {
        "type": "http", "method": "POST", "path": "/api/v1/predict/price", "query_string": b"",
        "headers": [(b"content-type", b"application/json")], "root_path": "", "scheme": "http",
    }  # fmt: skip

    async def send(message: object) -> None:
        sent.append(message)

    request = asyncio.ensure_future(app(scope, messages.get, send))  # type: ignore[arg-type]
    await asyncio.sleep(0.05)
    messages.put_nowait({"type": "http.disconnect"})
    await asyncio.wait_for(request, 1)
    await asyncio.sleep(0)
    assert (triton.cancelled, sent) == (1, [])


UNSUPPORTED = [
    ("storage", {"cache_dir": "gs://bucket/cache"}, "storage.cache_dir: expected a folder, since"),
    (
        "triton",
        {"targets": {"triton": {"metrics_url": "http://127.0.0.1:8002/metrics"}}},
        "triton.targets: expected no metrics_url, which",
    ),
]


@pytest.mark.parametrize(("section", "values", "begin"), UNSUPPORTED)
def test_a_setting_that_cannot_be_followed_ends_the_start(
    section: str, values: dict[str, object], begin: str
) -> None:
    settings = Settings(**{section: values})  # type: ignore[arg-type]
    (sentence,) = unsupported(settings)
    assert sentence.startswith(begin)
    with pytest.raises(ValueError, match=begin):
        create_app(settings, FakePredictionClient())
    assert not unsupported(Settings())
