"""Servers over HTTP: turns, rests, names that change, and the host that a gateway routes by."""

import pytest
from aiohttp import web
from tritonclient.utils import InferenceServerException

from serving.client.http_transport import HttpTransport
from serving.client.servers import FIRST_REST, REFRESH, Servers
from serving.settings.triton import TargetSettings, TritonSettings


class _Client:
    def __init__(self, address: str) -> None:
        self.address, self.closed = address, False

    async def close(self) -> None:
        self.closed = True


class _Ground:
    """A clock, a name with addresses, and the clients that were made."""

    def __init__(self) -> None:
        self.now, self.addresses = 100.0, ("a:1", "b:1")
        self.clients: dict[str, _Client] = {}
        self.servers = Servers(TargetSettings(), self._open, self._resolve, lambda: self.now)

    def _open(self, address: str) -> _Client:
        self.clients[address] = _Client(address)
        return self.clients[address]

    async def _resolve(self, address: str) -> tuple[str, ...]:
        if not self.addresses:
            raise OSError("no answer")
        return self.addresses

    async def ask(self, *, fails: bool = False) -> str:
        async with self.servers.lease() as client:
            if fails:
                raise InferenceServerException("gone", status="UNAVAILABLE")
            return client.address


async def test_servers_take_turns() -> None:
    ground = _Ground()
    assert [await ground.ask() for _ in range(4)] == ["a:1", "b:1", "a:1", "b:1"]


async def test_a_server_that_failed_rests_and_comes_back() -> None:
    ground = _Ground()
    with pytest.raises(InferenceServerException):
        await ground.ask(fails=True)
    assert {await ground.ask() for _ in range(4)} == {"b:1"}

    ground.now += FIRST_REST
    assert {await ground.ask() for _ in range(4)} == {"a:1", "b:1"}


async def test_a_name_is_followed_and_the_old_server_closed() -> None:
    ground = _Ground()
    await ground.ask()
    ground.addresses, ground.now = ("b:1", "c:1"), ground.now + REFRESH

    assert {await ground.ask() for _ in range(4)} == {"b:1", "c:1"}
    assert ground.clients["a:1"].closed


async def test_a_name_server_that_is_away_changes_nothing() -> None:
    ground = _Ground()
    await ground.ask()
    ground.addresses, ground.now = (), ground.now + REFRESH
    assert {await ground.ask() for _ in range(4)} == {"a:1", "b:1"}


async def test_a_name_without_an_address_is_unavailable() -> None:
    ground = _Ground()
    ground.addresses = ()
    with pytest.raises(InferenceServerException) as caught:
        await ground.ask()
    assert caught.value.status() == "UNAVAILABLE"


async def test_a_gateway_s_address_is_called_by_the_model_s_host_name() -> None:
    hosts: list[str] = []

    async def statistics(request: web.Request) -> web.Response:
        hosts.append(request.headers["host"])
        return web.json_response({"model_stats": []})

    app = web.Application()
    app.router.add_get("/v2/models/stats", statistics)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    for name in ("localhost", "127.0.0.1"):
        target = TargetSettings(
            address=f"{name}:{port}",
            protocol="http",
            balance="pick_first",
            authority="lstm.example.com",
        )
        transport = HttpTransport(target, TritonSettings())
        assert await transport.statistics("gateway", 1.0) == []
        await transport.close()
    await runner.cleanup()

    assert hosts == ["lstm.example.com"] * 2


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_a_missing_file_of_authorities_is_named(protocol: str) -> None:
    from serving.client.channel import connect
    from serving.client.http_connection import context_of

    target = TargetSettings(tls=True, ca_file="/nowhere.pem")
    with pytest.raises(ValueError, match=r"ca_file: found '/nowhere.pem' \(No such file"):
        context_of(target) if protocol == "http" else connect(target, TritonSettings())
