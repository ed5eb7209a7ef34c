"""Cookies of a registry, which the client sends back to no server."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from inference_operator.adapters.mlflow.client import Mlflow
from inference_operator.domain.http_credentials import Credentials


async def test_a_session_of_one_access_never_goes_with_another_ones_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("no_proxy", "localhost")
    sent: list[str | None] = []

    async def model(request: web.Request) -> web.Response:
        sent.append(request.headers.get("Cookie"))
        answer = web.json_response({"registered_model": {"name": "fx"}})
        answer.set_cookie("session", "of desk-7")
        return answer

    app = web.Application()
    app.router.add_get("/api/2.0/mlflow/registered-models/get", model)
    async with TestServer(app, host="localhost") as server:
        mlflow = Mlflow(str(server.make_url("")), 5.0)
        await mlflow.model("fx", Credentials("Bearer desk-7"))
        await mlflow.model("fx", Credentials())
        await mlflow.close()
    assert sent == [None, None]
