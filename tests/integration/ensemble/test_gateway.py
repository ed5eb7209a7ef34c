"""The prediction gateway in front of the trained ensemble on a real Triton, by a plain client."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import numpy as np
import numpy.typing as npt
import pytest
from tritonclient.grpc import InferInput
from tritonclient.grpc.aio import InferenceServerClient

from hack.demo.ensemble_reference import Reference
from hack.images.local_triton import LocalTriton
from serving.client.interface import DEFAULT_OPTIONS
from serving.gateway.app import create_app
from serving.records import (
    Answerer,
    Array,
    CallOptions,
    EnsemblePrediction,
    ModelMetadata,
    TensorMetadata,
)
from serving.settings import Settings
from tests.fakes.prediction_client import TIMINGS, FakePredictionClient
from tests.integration.ensemble.conftest import NUMBER

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]
MODEL = "ensemble-predictor"


class PlainClient(FakePredictionClient):
    """Calls of the ensemble and of its metadata to a real Triton, each once."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._triton = InferenceServerClient(address)

    async def ensemble_predict(
        self, symbol: str, ohlcv: Array, news_text: str, options: CallOptions = DEFAULT_OPTIONS
    ) -> EnsemblePrediction:
        bars = InferInput("ohlcv", [1, *ohlcv.shape], "FP64")
        bars.set_data_from_numpy(np.asarray(ohlcv, np.float64)[None])
        text = InferInput("text", [1, 1], "BYTES")
        text.set_data_from_numpy(np.array([[news_text.encode()]], object))
        answer = await self._triton.infer(MODEL, [bars, text], options.version)
        names = ("price", "score", "confidence")
        change, score, confidence = (float(answer.as_numpy(name)[0, 0]) for name in names)
        last = float(ohlcv[-1, 3])
        answerer = Answerer(MODEL, answer.get_response().model_version)
        return EnsemblePrediction(
            symbol, last * change, confidence, change, last, None, score, answerer, TIMINGS
        )

    async def get_model_metadata(
        self, model: str, options: CallOptions = DEFAULT_OPTIONS
    ) -> ModelMetadata:
        declared = await self._triton.get_model_metadata(model)
        config = (await self._triton.get_model_config(model)).config
        inputs, outputs = (
            tuple(TensorMetadata(t.name, t.datatype, tuple(t.shape)) for t in side)
            for side in (declared.inputs, declared.outputs)
        )
        versions = tuple(declared.versions)
        most = config.max_batch_size
        return ModelMetadata(model, versions, declared.platform, inputs, outputs, most)

    async def close(self) -> None:
        await self._triton.close()


@pytest.fixture
async def gateway(triton: LocalTriton, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    routes = {"price": None, "sentiment": None, "ensemble": {"model": MODEL}}
    sections = {"routes": routes, "storage": {"cache_dir": str(tmp_path)}}
    app = create_app(Settings(**sections), PlainClient(triton.grpc))  # type: ignore[arg-type]
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
        yield http
    await app._app.state.gateway.close()  # type: ignore[attr-defined]


async def test_the_real_tensors_fit_the_route(gateway: httpx.AsyncClient) -> None:
    response = await gateway.get("/ready")
    assert (response.status_code, response.json()["problems"]) == (200, [])


async def test_answers_equal_those_of_pytorch(
    gateway: httpx.AsyncClient,
    reference: Reference,
    bars: npt.NDArray[np.float64],
    texts: list[str],
) -> None:
    rows, news = bars[-3:, -60:], texts[:3]
    expected = reference.answers(rows, news)
    for at in range(3):
        body = {"symbol": "AAPL", "ohlcv_data": rows[at].tolist(), "news_text": news[at]}
        response = await gateway.post("/api/v1/predict/ensemble", json=body)
        answer = response.json()
        assert response.headers["x-model-version"] == str(NUMBER)
        assert answer["change"] == pytest.approx(float(expected.price[at, 0]), abs=1e-4)
        assert answer["confidence"] == pytest.approx(float(expected.confidence[at, 0]), abs=1e-4)
        assert answer["sentiment_component"] == pytest.approx(
            float(expected.score[at, 0]), abs=1e-4
        )


async def test_a_batch_is_answered_row_by_row(
    gateway: httpx.AsyncClient, bars: npt.NDArray[np.float64]
) -> None:
    item = {"kind": "ensemble", "symbol": "A", "ohlcv_data": bars[0, -60:].tolist()}
    rows = [{**item, "news_text": f"shares rise {n}"} for n in range(20)]
    batch = await gateway.post("/api/v1/predict/batch", json={"requests": rows})
    assert (batch.json()["succeeded"], batch.json()["failed"]) == (20, 0)
