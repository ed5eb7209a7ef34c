"""A canary behind a real gateway gets its share of what the shipped prediction gateway asks."""

import asyncio
import os
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from hack.cluster import gateway
from hack.demo.trained_models import trained_model
from hack.services.gateway import LocalGateway
from hack.services.server_process import free_ports
from tests.e2e.harness import ClusterHarness
from tests.e2e.served import Served
from tests.e2e.test_prediction_gateway import PRICE, bars, change_by, shipped_model
from tests.e2e.test_registry import untrained
from tests.e2e.waiting import eventually

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.long,
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
MODEL, WEIGHT = "lstm-price-predictor", 10
REQUESTS, CALLERS = 3_000, 8
# Traefik counts its turns in each route, so the share is close to the weight.
MOST_OFF = 0.02
STEPS: list[dict[str, Any]] = [{"setWeight": WEIGHT}, {"pause": {}}]


@pytest.fixture
def served(harness: ClusterHarness, namespace: str) -> Served:
    """The trained model behind Traefik; its next version gets 10 % and waits."""
    route = {"parentRefs": [gateway.parent_ref()], "grpc": {"hostnames": [host(namespace)]}}
    changes = {
        "spec.model": shipped_model(harness, "canary/model.pt"),
        "spec.rollout": {"canary": {"steps": STEPS, "gateway": route}, "scaleDownDelay": "3s"},
        "spec.triton.parameters": {"INTRA_OP_THREAD_COUNT": "1"},
    }
    return harness.model(namespace, MODEL, **changes)


def host(namespace: str) -> str:
    return f"{namespace}-price.example.com"


def settings(address: str, namespace: str) -> dict[str, Any]:
    target = {"address": address, "balance": "pick_first", "authority": host(namespace)}
    routes = {"price": {"target": "price", "model": MODEL}, "sentiment": None, "ensemble": None}
    return {"triton": {"targets": {"price": target}}, "routes": routes}


async def changes_answered(uri: str, seed: int) -> Counter[float]:
    """Return the forecasts of all requests, to 4 places; each is about bars of its own."""
    made: Counter[float] = Counter()
    numbers = iter(range(REQUESTS))
    rows = np.asarray(bars())

    async def caller(client: httpx.AsyncClient, number: int) -> None:
        random = np.random.default_rng([seed, number])
        for _ in numbers:
            # The network takes bars of any size alike, so each version has one forecast.
            scaled = rows * np.array([*[random.uniform(0.5, 2.0)] * 4, 1.0])
            body = {"symbol": "AAPL", "ohlcv_data": scaled.tolist()}
            answer = (await client.post(PRICE, json=body)).raise_for_status().json()
            made[round(answer["change"], 4)] += 1

    async with httpx.AsyncClient(base_url=uri, timeout=30) as client:
        await asyncio.gather(*(caller(client, number) for number in range(CALLERS)))
    return made


async def test_a_canary_gets_its_tenth_of_the_predictions(
    harness: ClusterHarness, served: Served, tmp_path: Path
) -> None:
    address = gateway.start(os.environ["CLUSTER_NAME"]).address
    served.apply().wait_ready(within=180)
    eventually(lambda: served.holds("GatewayProgrammed"), that=served.describe)
    other = untrained(tmp_path / "other", seed=3)
    harness.store.upload_bytes((other / "model.pt").read_bytes(), "canary/other.pt")
    old, new = (
        round(change_by(folder), 4) for folder in (trained_model("lstm_price_predictor"), other)
    )
    sections = settings(address, served.namespace)
    with LocalGateway(tmp_path / "gateway", sections, free_ports(1)[0]) as predictions:
        before = await changes_answered(predictions.uri, 1)
        assert before == {old: REQUESTS}

        served.apply(**{"spec.model.source.uri": harness.store.uri("canary/other.pt")})
        eventually(
            lambda: (served.status().get("canary") or {}).get("weight") == WEIGHT,
            within=240,
            that=served.describe,
        )
        # Other bars than before: both revisions have version 1, so the cache takes them for one.
        during = await changes_answered(predictions.uri, 2)
    print(during)
    assert during.keys() == {old, new}
    assert abs(during[new] / REQUESTS - WEIGHT / 100) < MOST_OFF
