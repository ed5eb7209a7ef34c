"""A gateway within the test's process, in front of a client that a test steers."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from serving.gateway.app import create_app
from serving.gateway.edge import Edge
from serving.settings import Settings
from tests.fakes.prediction_client import FakePredictionClient

BARS = [[100.0 + n % 5, 106.0, 99.0, 100.0 + n % 3, 1000.0 + n] for n in range(60)]


@dataclass(frozen=True)
class Running:
    """A gateway under test: calls to it, and the client behind it."""

    http: httpx.AsyncClient
    triton: FakePredictionClient
    app: Edge
    folder: Path

    async def price(self, **fields: Any) -> httpx.Response:
        body = {"symbol": "AAPL", "ohlcv_data": BARS, **fields}
        return await self.http.post("/api/v1/predict/price", json=body)


Start = Callable[..., Any]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    @asynccontextmanager
    async def started(**sections: Any) -> AsyncIterator[Running]:
        triton = FakePredictionClient()
        settings = Settings(**{"storage": {"cache_dir": str(tmp_path)}, **sections})
        app = create_app(settings, triton)
        gateway = app._app.state.gateway
        await gateway.start()
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
            yield Running(http, triton, app, tmp_path)
        await gateway.close()

    return started


@pytest.fixture
async def running(start: Start) -> AsyncIterator[Running]:
    async with start() as gateway:
        yield gateway
