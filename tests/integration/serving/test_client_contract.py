"""One contract for the clients of predictions: over gRPC and HTTP with a real Triton, and the fake
client of the gateway's unit tests."""

from collections.abc import AsyncIterator, Iterator

import numpy as np
import pytest

from hack.images.local_triton import LocalTriton
from model_builders.features.failure import FeatureError
from serving.client.errors import ClientReason, TritonError
from serving.client.interface import PredictionClient
from serving.client.triton_client import TritonPredictionClient
from serving.records import CallOptions, PricePrediction, PriceQuestion, RowProblem
from serving.settings.triton import RoutesSettings
from tests.fakes.prediction_client import FakePredictionClient
from tests.integration.serving.models import lay_out
from tests.integration.serving.test_client import bars, settings_of

pytestmark = pytest.mark.integration
MODELS = ("lstm_price_predictor", "sentiment_transformer", "ensemble_predictor")
OF_VERSION_9 = CallOptions(version="9")


@pytest.fixture(scope="module")
def triton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalTriton]:
    with LocalTriton(lay_out(tmp_path_factory.mktemp("contract"), MODELS)) as running:
        yield running


@pytest.fixture(params=["fake", "grpc", "http"])
async def client(
    request: pytest.FixtureRequest, triton: LocalTriton
) -> AsyncIterator[PredictionClient]:
    made: PredictionClient
    if request.param == "fake":
        made = FakePredictionClient()
    else:
        address = triton.http if request.param == "http" else triton.grpc
        made = TritonPredictionClient(settings_of(request.param, address))
    yield made
    await made.close()


@pytest.mark.parametrize("count", [60, 90])
async def test_a_price_is_that_of_the_newest_bars(client: PredictionClient, count: int) -> None:
    window = bars(count)
    answer = await client.predict_price("FX", window)
    assert answer.symbol == "FX"
    assert answer.last_close == window[-1, 3]
    assert answer.price == pytest.approx(answer.last_close * answer.change)
    assert answer.interval.lower <= answer.price <= answer.interval.upper
    bounds = answer.change_interval
    assert answer.interval.lower == pytest.approx(answer.last_close * bounds.lower)
    assert answer.interval.upper == pytest.approx(answer.last_close * bounds.upper)
    assert 0 <= answer.confidence <= 1
    assert (answer.answered_by.model, answer.answered_by.version) == (MODELS[0], "3")
    assert answer.timings.attempts == 1


async def test_a_text_is_rated(client: PredictionClient) -> None:
    answer = await client.analyze_sentiment("profits rose")
    assert -1 <= answer.sentiment <= 1
    assert 0 <= answer.confidence <= 1
    assert (answer.answered_by.model, answer.answered_by.version) == (MODELS[1], "3")


@pytest.mark.parametrize("text", ["profits rose", ""])
async def test_an_ensemble_has_a_sentiment_where_it_has_a_text(
    client: PredictionClient, text: str
) -> None:
    answer = await client.ensemble_predict("FX", bars(), text)
    assert answer.final_prediction == pytest.approx(answer.last_close * answer.change)
    assert (answer.sentiment_component is None) == (text == "")
    assert 0 <= answer.confidence <= 1
    assert (answer.answered_by.model, answer.answered_by.version) == (MODELS[2], "3")


async def test_a_bad_row_of_a_batch_fails_alone_in_its_place(client: PredictionClient) -> None:
    questions = [PriceQuestion(f"S{n}", bars()) for n in range(10)]
    questions[4] = PriceQuestion("short", bars(59))
    answers = await client.batch_predict_prices(questions)
    assert len(answers) == 10
    assert isinstance(answers[4], RowProblem)
    assert answers[4].reason == "TooShort"
    symbols = [each.symbol for each in answers if isinstance(each, PricePrediction)]
    assert symbols == [f"S{n}" for n in range(10) if n != 4]
    assert await client.batch_predict_prices([]) == ()


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("short", "found 59, expected 60 or more"),
        ("nan", "ohlcv"),
        ("shape", "ohlcv"),
        ("still", "ohlcv"),
    ],
)
async def test_bad_bars_are_an_error_of_the_caller(
    client: PredictionClient, kind: str, sentence: str
) -> None:
    window = bars(59 if kind == "short" else 60)
    if kind == "nan":
        window[3, 3] = np.nan
    if kind == "shape":
        window = window[:, :4]
    if kind == "still":
        window[:, :4] = 100.0
    with pytest.raises(FeatureError, match=sentence):
        await client.predict_price("FX", window)
    with pytest.raises(FeatureError, match=sentence):
        await client.ensemble_predict("FX", window, "")


@pytest.mark.parametrize(
    ("name", "model"), zip(("price", "sentiment", "ensemble"), MODELS, strict=True)
)
async def test_metadata_has_what_a_route_sends_and_reads(
    client: PredictionClient, name: str, model: str
) -> None:
    metadata = await client.get_model_metadata(model)
    assert (metadata.name, metadata.versions) == (model, ("3",))
    assert metadata.max_batch_size >= 1
    assert (await client.get_model_metadata(name)).name == model
    route = getattr(RoutesSettings(), name)
    read = {"price": ("change", "interval"), "sentiment": ("sentiment", "confidence")}
    outputs = {tensor.name for tensor in metadata.outputs}
    assert outputs >= {getattr(route, each) for each in read.get(name, ("change", "confidence"))}


async def test_a_version_that_does_not_serve_is_told(client: PredictionClient) -> None:
    assert (await client.predict_price("FX", bars(), CallOptions(version="3"))).price > 0
    calls = (
        client.predict_price("FX", bars(), OF_VERSION_9),
        client.analyze_sentiment("up", OF_VERSION_9),
        client.ensemble_predict("FX", bars(), "", OF_VERSION_9),
    )
    for call in calls:
        with pytest.raises(TritonError) as caught:
            await call
        assert caught.value.reason is ClientReason.VERSION_NOT_SERVED
        assert caught.value.place.version == "9"
        assert caught.value.remedy


async def test_a_model_without_a_route_is_told(client: PredictionClient) -> None:
    for call in (client.infer("unheard-of", {}), client.get_model_metadata("unheard-of")):
        with pytest.raises(TritonError, match="unheard-of") as caught:
            await call
        assert caught.value.reason is ClientReason.MODEL_NOT_FOUND


async def test_a_client_that_works_has_no_retries_and_no_silent_target(
    client: PredictionClient,
) -> None:
    await client.predict_price("FX", bars())
    assert client.retried == 0
    assert (await client.get_server_metrics()).silent == ()


async def test_a_closed_client_answers_nobody(client: PredictionClient) -> None:
    await client.close()
    await client.close()
    for call in (
        client.predict_price("FX", bars()),
        client.analyze_sentiment("up"),
        client.ensemble_predict("FX", bars(), ""),
        client.get_model_metadata("price"),
    ):
        with pytest.raises(TritonError) as caught:
            await call
        assert caught.value.reason is ClientReason.CLIENT_CLOSED
