"""The declared API against the real one: no 500, no undeclared status, on generated requests."""

import asyncio
import json
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving.gateway.app import create_app
from serving.gateway.edge import Edge
from serving.settings import Settings
from tests.fakes.prediction_client import FakePredictionClient
from tests.unit.serving.gateway.conftest import Running

DOCUMENT = json.loads((Path(__file__).parents[4] / "docs" / "openapi.json").read_text())
OPERATIONS = [(path, method) for path, item in DOCUMENT["paths"].items() for method in item]
PREDICTIONS = [path for path, _ in OPERATIONS if "/predict/" in path]
EXAMPLES = 2 * int(os.environ.get("EXAMPLES_FACTOR", "1"))
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Edge:
    folder = str(tmp_path_factory.mktemp("gateway"))
    return create_app(Settings(storage={"cache_dir": folder}), FakePredictionClient())  # type: ignore[arg-type]


def run(app: Edge, call: Any) -> httpx.Response:
    """Send one generated request within a loop of its own."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    async def send() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
            return await call(http)

    work: Coroutine[Any, Any, httpx.Response] = send()
    return asyncio.run(work)


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_generated_requests_get_only_declared_answers(app: Edge, path: str, method: str) -> None:
    operation = SCHEMA[path][method.upper()]
    declared = DOCUMENT["paths"][path][method]["responses"]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def check(case: Any) -> None:
        words = case.as_transport_kwargs()
        arguments = {k: words[k] for k in ("params", "json", "headers") if words.get(k)}
        place = words["url"].removeprefix("http://localhost") or path

        response = run(app, lambda http: http.request(method, place, **arguments))
        assert str(response.status_code) in declared, (response.status_code, response.text)
        assert response.status_code != 500

    check()


@settings(max_examples=EXAMPLES * 10, deadline=None, database=None)
@given(content=st.binary(max_size=200), path=st.sampled_from(PREDICTIONS))
def test_bytes_never_make_the_gateway_fail(app: Edge, content: bytes, path: str) -> None:
    document = DOCUMENT["paths"][path]["post"]["responses"]
    place = path.format(model_name="lstm_price_predictor", version="3", kind="price")
    headers = {"Content-Type": "application/json"}
    response = run(app, lambda http: http.post(place, content=content, headers=headers))
    assert str(response.status_code) in document


async def test_the_gateway_serves_the_generated_document(running: Running) -> None:
    assert (await running.http.get("/openapi.json")).json() == DOCUMENT
