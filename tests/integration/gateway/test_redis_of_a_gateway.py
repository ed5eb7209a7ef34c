"""A gateway that loses its Redis: answers go on, and the failures are counted."""

from pathlib import Path

import httpx
import pytest

from hack.services.redis import LocalRedis
from serving.gateway.app import create_app
from serving.settings import Settings
from tests.fakes.prediction_client import FakePredictionClient

pytestmark = pytest.mark.integration

BARS = [[100.0, 101.0, 99.0, 100.0 + n % 2, 1000.0 + n] for n in range(60)]
TIMES = [f"2026-{1 + n // 28:02}-{1 + n % 28:02}T00:00:00Z" for n in range(60)]


def settings(folder: Path, server: LocalRedis) -> Settings:
    sections = {"storage": {"cache_dir": str(folder)}, "redis": {"url": server.url, "budget": 0.5}}
    return Settings(**sections)  # type: ignore[arg-type]


async def test_answers_go_on_without_redis_and_two_gateways_share_one(tmp_path: Path) -> None:
    with LocalRedis(tmp_path / "redis") as server:
        made = settings(tmp_path, server)
        clients = FakePredictionClient(), FakePredictionClient()
        apps = [create_app(made, client) for client in clients]
        first, second = (
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway")
            for app in apps
        )
        body = {"symbol": "AAPL", "ohlcv_data": BARS}
        path = "/api/v1/predict/price"
        for _ in range(2):
            assert (await first.post(path, json=body)).status_code == 200
        other = {**body, "ohlcv_data": BARS[::-1]}
        await second.post(path, json=other)
        assert (await second.post(path, json=body)).json()["cached"] is True

        bars = {**body, "times": TIMES}
        assert (await first.post("/api/v1/features", json=bars)).json()["bars"] == 60
        stored = await second.get("/api/v1/features/AAPL")
        assert stored.json()["ohlcv_data"] == BARS

        server.stop()
        for number in range(20):
            rows = [[*prices, float(number)] for *prices, _ in BARS]
            fresh = {**body, "ohlcv_data": rows}
            assert (await first.post(path, json=fresh)).status_code == 200
        text = (await first.get("/metrics")).text
        assert 'cache_failures_total{call="get",store="redis"} 20.0' in text
        away = await first.get("/api/v1/features/AAPL")
        assert (away.status_code, away.json()["reason"]) == (503, "StoreAway")
        for app in apps:
            await app._app.state.gateway.close()  # type: ignore[attr-defined]
