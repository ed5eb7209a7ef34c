"""The client over gRPC and HTTP against real Tritons: answers, errors, and servers that end."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from hack.images.local_triton import LocalTriton
from hack.services.server_process import free_ports
from model_builders.features.failure import FeatureError
from serving.client.errors import ClientReason, TritonError
from serving.client.triton_client import TritonPredictionClient
from serving.records import CallOptions, PricePrediction, PriceQuestion, RowProblem
from serving.settings.triton import (
    RouteSettings,
    RoutesSettings,
    ServingSettings,
    TargetSettings,
    TritonSettings,
)
from tests.integration.serving.models import MAX_BATCH, lay_out

pytestmark = pytest.mark.integration
Protocol = Literal["grpc", "http"]
OTHERS = {name: RouteSettings(model=name) for name in ("slow", "failing", "nothing")}


def bars(count: int = 60, growth: float = 1.001) -> np.ndarray:
    """Bars that rise by the same share each."""
    close = 100 * growth ** np.arange(count)
    return np.stack([close, close * 1.01, close * 0.99, close, np.full(count, 1e6)], axis=1)


def settings_of(protocol: Protocol, *addresses: str, **triton: float) -> ServingSettings:
    address = f"ipv4:{','.join(addresses)}"
    targets = {"triton": TargetSettings(address=address, protocol=protocol)}
    made = TritonSettings(**triton).model_copy(update={"targets": targets})  # type: ignore[arg-type]
    return ServingSettings.model_construct(
        triton=made, routes=RoutesSettings(others=OTHERS), most_models=4
    )


@pytest.fixture(scope="module")
def triton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalTriton]:
    repository = lay_out(tmp_path_factory.mktemp("serving"))
    with LocalTriton(repository) as running:
        yield running


@pytest.fixture(params=["grpc", "http"])
def protocol(request: pytest.FixtureRequest) -> Protocol:
    chosen: Protocol = request.param
    return chosen


def address_of(server: LocalTriton, protocol: Protocol) -> str:
    return server.http if protocol == "http" else server.grpc


@pytest.fixture
async def client(triton: LocalTriton, protocol: Protocol) -> AsyncIterator[TritonPredictionClient]:
    made = TritonPredictionClient(settings_of(protocol, address_of(triton, protocol)))
    yield made
    await made.close()


async def test_a_price_is_in_the_money_of_its_bars(client: TritonPredictionClient) -> None:
    window = bars(80)
    answer = await client.predict_price("FX", window)
    last = window[-1, 3]
    change = 1 + (last / window[-60, 3] - 1) / 10

    assert answer.price == pytest.approx(last * change, rel=1e-5)
    assert answer.interval.lower == pytest.approx(last * change * 0.98, rel=1e-5)
    assert (answer.answered_by.model, answer.answered_by.version) == ("lstm_price_predictor", "3")
    assert 0.5 < answer.confidence < 1
    assert answer.timings.attempts == 1


async def test_a_text_is_tokenised_and_rated(client: TritonPredictionClient) -> None:
    answer = await client.analyze_sentiment("profits rose sharply")
    other = await client.analyze_sentiment("profits fell sharply")

    assert -1 <= answer.sentiment <= 1
    assert answer.sentiment != other.sentiment


async def test_an_ensemble_uses_bars_and_text(client: TritonPredictionClient) -> None:
    with_text = await client.ensemble_predict("FX", bars(), "profits rose")
    without = await client.ensemble_predict("FX", bars(), "")

    assert with_text.sentiment_component == pytest.approx(np.tanh(12 / 50), rel=1e-5)
    assert without.sentiment_component is None
    assert with_text.confidence == 0.75
    assert with_text.final_prediction == pytest.approx(with_text.last_close * with_text.change)


async def test_a_batch_is_cut_and_a_bad_row_fails_alone(client: TritonPredictionClient) -> None:
    questions = [PriceQuestion(f"S{n}", bars(60 + n)) for n in range(3 * MAX_BATCH)]
    questions[5] = PriceQuestion("short", bars(59))
    answers = await client.batch_predict_prices(questions)

    assert len(answers) == len(questions)
    assert isinstance(answers[5], RowProblem)
    assert answers[5].reason == "TooShort"
    others = [each for n, each in enumerate(answers) if n != 5]
    assert all(isinstance(each, PricePrediction) for each in others)
    assert [each.symbol for each in others if isinstance(each, PricePrediction)][6] == "S7"


async def test_metadata_and_statistics(client: TritonPredictionClient) -> None:
    metadata = await client.get_model_metadata("price")
    await client.predict_price("FX", bars())
    figures = await client.get_server_metrics()

    assert (metadata.versions, metadata.max_batch_size) == (("3",), MAX_BATCH)
    assert metadata.input("ohlcv") is not None
    of_price = [each for each in figures.models if each.model == "lstm_price_predictor"]
    assert sum(each.successes for each in of_price) >= 1
    assert figures.silent == ()


@pytest.mark.parametrize(
    ("model", "inputs", "version", "reason"),
    [
        ("nothing", {"x": np.zeros((1, 1), np.float32)}, "", ClientReason.MODEL_NOT_FOUND),
        ("slow", {"seconds": np.zeros((1, 1), np.float32)}, "9", ClientReason.VERSION_NOT_SERVED),
        ("slow", {"seconds": np.zeros((1, 2), np.float32)}, "", ClientReason.INPUT_REFUSED),
        ("failing", {"value": np.ones((1, 1), np.float32)}, "", ClientReason.MODEL_FAILED),
        ("unheard-of", {}, "", ClientReason.MODEL_NOT_FOUND),
    ],
)
async def test_errors_have_a_reason_and_name_the_model(
    client: TritonPredictionClient,
    model: str,
    inputs: dict[str, np.ndarray],
    version: str,
    reason: ClientReason,
) -> None:
    with pytest.raises(TritonError) as caught:
        await client.infer(model, inputs, options=CallOptions(version=version))

    assert caught.value.reason is reason, caught.value
    assert model in str(caught.value)
    assert caught.value.remedy


async def test_bad_bars_are_refused_before_anything_is_sent(client: TritonPredictionClient) -> None:
    wrong = bars()
    wrong[7, 3] = np.nan
    with pytest.raises(FeatureError, match="ohlcv"):
        await client.predict_price("FX", wrong)


async def test_a_deadline_ends_a_call(client: TritonPredictionClient) -> None:
    began = time.monotonic()
    seconds = {"seconds": np.full((1, 1), 3.0, np.float32)}
    with pytest.raises(TritonError) as caught:
        await client.infer("slow", seconds, options=CallOptions(timeout=0.3))

    assert caught.value.reason is ClientReason.DEADLINE_EXCEEDED
    assert time.monotonic() - began < 2


async def test_nobody_there_is_said_with_the_target_and_the_budget_bounds_retries(
    protocol: Protocol,
) -> None:
    address = f"127.0.0.1:{free_ports(1)[0]}"
    client = TritonPredictionClient(settings_of(protocol, address, retry_burst=3, timeout=20.0))
    try:
        for _ in range(4):
            with pytest.raises(TritonError) as caught:
                await client.predict_price("FX", bars())
            assert caught.value.reason is ClientReason.UNREACHABLE
        assert client.retried <= 3
        assert (await client.get_server_metrics()).silent[0][0] == "triton"
    finally:
        await client.close()


async def test_no_call_fails_while_one_of_two_servers_ends(
    triton: LocalTriton, protocol: Protocol, tmp_path: Path
) -> None:
    outcomes: list[str] = []
    with LocalTriton(lay_out(tmp_path / "second", ("lstm_price_predictor",), 4)) as second:
        addresses = [address_of(each, protocol) for each in (triton, second)]
        client = TritonPredictionClient(settings_of(protocol, *addresses, retry_burst=200))

        async def ask() -> None:
            for _ in range(100):
                answer = await client.predict_price("FX", bars())
                outcomes.append(answer.answered_by.version)
                await asyncio.sleep(0.005)

        calls = [asyncio.create_task(ask()) for _ in range(4)]
        await asyncio.sleep(0.5)
        second.stop()
        await asyncio.gather(*calls)
        await client.close()

    assert len(outcomes) == 400
    assert set(outcomes) == {"3", "4"}


async def test_a_closed_client_says_so(triton: LocalTriton, protocol: Protocol) -> None:
    client = TritonPredictionClient(settings_of(protocol, address_of(triton, protocol)))
    await client.close()
    await client.close()
    with pytest.raises(TritonError) as caught:
        await client.predict_price("FX", bars())
    assert caught.value.reason is ClientReason.CLIENT_CLOSED
