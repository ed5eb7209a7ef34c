"""Answers of the gateway in front of the trained models, beside the same networks in PyTorch."""

import json
from collections.abc import Mapping
from typing import Any

import httpx
import numpy as np
import pytest

from hack.demo.ensemble_reference import Forecasts, Reference
from hack.demo.trading import Trading
from hack.stack.background import Stack

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
CLOSE_TO = 1e-4


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference.trained(Trading.of_sample().average)


def asked(stack: Stack, addresses: Mapping[str, str], kind: str, **changes: Any) -> Any:
    """Return the body of a route and its answer."""
    shipped = json.loads((stack.folder / "requests" / f"{kind}.json").read_bytes())
    body = {**shipped, **changes}
    url = f"{addresses['gateway']}/api/v1/predict/{kind}"
    return body, httpx.post(url, json=body, timeout=30).raise_for_status().json()


def expected(reference: Reference, body: Mapping[str, Any], text: str) -> Forecasts:
    return reference.answers(np.array([body["ohlcv_data"]], np.float64), [text])


@pytest.mark.parametrize("scale", [1.0, 0.37, 1800.0])
def test_a_price_equals_that_of_pytorch(
    stack: Stack, addresses: Mapping[str, str], reference: Reference, scale: float
) -> None:
    bars = np.array(asked(stack, addresses, "price")[0]["ohlcv_data"])
    bars[:, :4] *= scale
    body, answer = asked(stack, addresses, "price", ohlcv_data=bars.tolist())
    # Without a text the pipeline's forecast is that of the price model.
    price = expected(reference, body, "").price
    assert answer["change"] == pytest.approx(float(price[0, 0]), abs=CLOSE_TO)
    last = bars[-1, 3]
    assert answer["predicted_price"] == pytest.approx(last * float(price[0, 0]), rel=CLOSE_TO)


@pytest.mark.parametrize("text", ["Profits rose, and the outlook was raised.", "A costly recall."])
def test_a_rating_and_a_forecast_with_a_text_equal_those_of_pytorch(
    stack: Stack, addresses: Mapping[str, str], reference: Reference, text: str
) -> None:
    body, ensemble = asked(stack, addresses, "ensemble", news_text=text)
    _, rated = asked(stack, addresses, "sentiment", text=text)
    forecasts = expected(reference, body, text)
    score = pytest.approx(float(forecasts.score[0, 0]), abs=CLOSE_TO)
    assert rated["sentiment"] == score
    assert ensemble["sentiment_component"] == score
    assert ensemble["change"] == pytest.approx(float(forecasts.price[0, 0]), abs=CLOSE_TO)
    confidence = pytest.approx(float(forecasts.confidence[0, 0]), abs=CLOSE_TO)
    assert ensemble["confidence"] == confidence
