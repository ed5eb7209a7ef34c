"""Redirects of a registry: the client follows them, except from HTTPS to HTTP."""

import ssl

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from inference_operator.adapters.mlflow.client import Mlflow, RegistryError
from inference_operator.api.reasons import Reason
from inference_operator.domain.http_credentials import Credentials
from tests.integration.load.conftest import Authority, authority

__all__ = ["authority"]
PATH = "/api/2.0/mlflow/registered-models/get"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "localhost")


class Registry:
    """A tracking server that answers, or leads to `to`."""

    def __init__(self, to: str | None = None) -> None:
        self.to, self.asked = to, 0
        app = web.Application()
        app.router.add_get(PATH, self._model)
        app.router.add_get("/moved", self._redirect)
        self.server = TestServer(app, host="localhost")

    async def _model(self, _: web.Request) -> web.Response:
        if self.to is not None:
            raise web.HTTPFound(self.to)
        return await self._redirect(_)

    async def _redirect(self, _: web.Request) -> web.Response:
        self.asked += 1
        return web.json_response({"registered_model": {"creation_timestamp": 7}})


def tls(authority: Authority) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.certificate, authority.key)
    return context


async def created(registry: Registry, authority: Authority) -> int:
    mlflow = Mlflow(str(registry.server.make_url("")), 5.0)
    try:
        return (await mlflow.model("fx", Credentials("Bearer x", authority.ca.read_text()))).created
    finally:
        await mlflow.close()


async def test_a_redirect_from_https_to_http_is_refused_before_it_is_followed(
    authority: Authority,
) -> None:
    plain, secure = Registry(), Registry()
    await plain.server.start_server()
    await secure.server.start_server(ssl=tls(authority))
    to = plain.server.make_url(PATH)
    secure.to = f"{to}?name=fx"
    with pytest.raises(RegistryError) as caught:
        await created(secure, authority)
    for each in (plain, secure):
        await each.server.close()
    assert caught.value.reason is Reason.REGISTRY_UNREACHABLE
    assert f"it redirects to {to}, and only https is followed" in str(caught.value)
    assert plain.asked == 0


async def test_a_redirect_within_https_is_followed(authority: Authority) -> None:
    secure = Registry("/moved")
    await secure.server.start_server(ssl=tls(authority))
    created_at = await created(secure, authority)
    await secure.server.close()
    assert created_at == 7


async def test_a_redirect_of_a_plain_registry_is_followed(authority: Authority) -> None:
    plain = Registry("/moved")
    await plain.server.start_server()
    created_at = await created(plain, authority)
    await plain.server.close()
    assert created_at == 7
