"""Names and redirects that lead to addresses which nothing is sent to.

A resolver of the test answers for names, and every connection is counted: none is ever made to a
forbidden address.
"""

import socket
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from inference_operator.adapters.mlflow import Access, Mlflow, RegistryError
from inference_operator.api.reasons import Reason

from .conftest import FaultyStore, Pod, code_of
from .faults import answers

CODE = code_of(1000)
NAMES = {
    "metadata.example": "169.254.169.254",
    "mapped.example": "::ffff:169.254.169.254",
    "six.example": "fd00:ec2::254",
    "here.example": "127.0.0.1",
    "any.example": "0.0.0.0",
}


class Network:
    """What was resolved and connected to."""

    def __init__(self) -> None:
        self.connected: list[str] = []
        self.names = dict(NAMES)


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    found = Network()
    resolve: Callable[..., Any] = socket.getaddrinfo
    connect = socket.socket.connect

    def answer(host: Any, port: Any, *more: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name in found.names:
            ip = found.names[name]
            family = socket.AF_INET6 if ":" in ip else socket.AF_INET
            sockaddr = (ip, port, 0, 0) if ":" in ip else (ip, port)
            return [(family, socket.SOCK_STREAM, 6, "", sockaddr)]
        return resolve(host, port, *more, **options)

    def note(self: socket.socket, address: Any) -> Any:
        assert address[0] == "127.0.0.1", f"a connection to {address}"
        found.connected.append(f"{address[0]}:{address[1]}")
        return connect(self, address)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    monkeypatch.setattr(socket.socket, "connect", note)
    return found


def refused(pod: Pod) -> str:
    reason, message = pod.refused()
    assert reason is Reason.FETCH_FAILED
    assert "where no artifact is fetched from" in message
    return message


HOSTS = [
    "metadata.example",
    "mapped.example",
    "six.example",
    "any.example",
    "169.254.169.254",
    "2852039166",
    "[::ffff:169.254.169.254]",
    "[fe80::1]",
    "[64:ff9b::a9fe:a9fe]",
]


@pytest.mark.parametrize("host", HOSTS)
def test_a_source_there_is_not_asked(pod: Pod, network: Network, host: str) -> None:
    pod.plan(f"https://{host}/latest/meta-data?signature=s3cret")
    message = refused(pod)
    assert host.strip("[]") in message
    assert "s3cret" not in message
    assert network.connected == []


@pytest.mark.parametrize("host", HOSTS)
def test_a_redirect_there_is_not_followed(
    store: FaultyStore, pod: Pod, network: Network, host: str
) -> None:
    store.faults = [answers(302, Location=f"https://{host}/latest?signature=s3cret")]
    pod.plan(f"{store.url}/ranker.py")
    assert "s3cret" not in refused(pod)
    assert len(network.connected) == 1


@pytest.mark.parametrize("to", ["127.0.0.1", "localhost", "here.example", "2130706433", "[::1]"])
def test_a_redirect_from_another_host_to_this_machine_is_not_followed(
    store: FaultyStore, pod: Pod, network: Network, monkeypatch: pytest.MonkeyPatch, to: str
) -> None:
    # The certificate is for localhost: the name of the source is another one for our code only.
    monkeypatch.setattr(
        "inference_operator.load.connections.is_this_machine", lambda host: host == ""
    )
    port = store.server_address[1]
    store.faults = [answers(302, Location=f"https://{to}:{port}/ranker.py")]
    pod.plan(f"{store.url}/ranker.py")
    assert "loopback" in refused(pod)
    assert len(network.connected) == 1


def test_a_name_that_changes_its_address_is_checked_each_time(
    store: FaultyStore, pod: Pod, network: Network
) -> None:
    def rebind(handler: Any) -> None:
        network.names["localhost"] = "169.254.169.254"
        answers(302, Location=f"https://localhost:{store.server_address[1]}/on")(handler)

    store.faults = [rebind]
    network.names["localhost"] = "127.0.0.1"
    pod.plan(f"https://localhost:{store.server_address[1]}/ranker.py")
    refused(pod)
    assert len(network.connected) == 1


# aiohttp takes no address in another form than the usual one.
@pytest.mark.parametrize("host", [host for host in HOSTS if host != "2852039166"])
async def test_a_registry_there_is_not_asked(network: Network, host: str) -> None:
    mlflow = Mlflow(f"http://{host}:5000", 5)
    try:
        with pytest.raises(RegistryError, match="where no artifact is fetched from") as caught:
            await mlflow.model("fx", Access())
    finally:
        await mlflow.close()
    assert caught.value.reason is Reason.REGISTRY_UNREACHABLE
    assert network.connected == []


async def led(network: Network, registry: str, to: str) -> str:
    """What is said of a registry, at a name of its own, that redirects."""

    async def redirect(request: web.Request) -> web.Response:
        raise web.HTTPFound(to.replace("PORT", str(server.port)))

    app = web.Application()
    app.router.add_get("/{path:.*}", redirect)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    mlflow = Mlflow(f"http://{registry}:{server.port}", 5)
    try:
        with pytest.raises(RegistryError) as caught:
            await mlflow.model("fx", Access())
    finally:
        await mlflow.close()
        await server.close()
    assert caught.value.reason is Reason.REGISTRY_UNREACHABLE
    return str(caught.value)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("registry", ["127.0.0.1", "here.example"])
async def test_a_registry_does_not_lead_there(network: Network, registry: str, host: str) -> None:
    message = await led(network, registry, f"http://{host}:PORT/x?signature=s3cret")
    assert "where no artifact is fetched from" in message
    assert "s3cret" not in message
    assert len(network.connected) <= 1


@pytest.mark.parametrize("to", ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"])
async def test_a_registry_of_another_host_does_not_lead_to_this_machine(
    network: Network, to: str
) -> None:
    message = await led(network, "here.example", f"http://{to}:PORT/x")
    assert "loopback, which a redirect from another host may not lead to" in message


async def test_a_registry_on_this_machine_may_lead_to_it(network: Network) -> None:
    message = await led(network, "127.0.0.1", "http://localhost:PORT/x")
    assert "where no artifact is fetched from" not in message
