"""Names and redirects that lead to addresses which nothing is sent to.

A resolver of the test answers for names, and every connection is counted: none is ever made to a
forbidden address.
"""

import json
import socket
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from botocore.httpsession import URLLib3Session
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from inference_operator.adapters.mlflow.client import Mlflow, RegistryError
from inference_operator.api.reasons import Reason
from inference_operator.domain.http_credentials import Credentials
from inference_operator.load.sources.credentials import Secret
from inference_operator.load.sources.gcs import CloudStorage
from inference_operator.load.sources.s3 import S3
from inference_operator.load.sources.store_connections import CheckedAdapter

from .conftest import SECRET, FaultyStore, Pod, code_of
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
    """The names that were resolved, and the addresses of connections."""

    def __init__(self) -> None:
        self.connected: list[str] = []
        self.names = dict(NAMES)


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    network = Network()
    resolve: Callable[..., Any] = socket.getaddrinfo
    connect = socket.socket.connect

    def answer(host: Any, port: Any, *more: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name in network.names:
            ip = network.names[name]
            family = socket.AF_INET6 if ":" in ip else socket.AF_INET
            sockaddr = (ip, port, 0, 0) if ":" in ip else (ip, port)
            return [(family, socket.SOCK_STREAM, 6, "", sockaddr)]
        return resolve(host, port, *more, **options)

    def note(self: socket.socket, address: Any) -> Any:
        assert address[0] == "127.0.0.1", f"a connection to {address}"
        network.connected.append(f"{address[0]}:{address[1]}")
        return connect(self, address)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    monkeypatch.setattr(socket.socket, "connect", note)
    return network


def refused(pod: Pod) -> str:
    reason, message = pod.refused()
    assert reason is Reason.FETCH_FAILED
    assert "from which artifacts are not fetched" in message
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
        "inference_operator.load.transfer.connections.is_this_machine", lambda host: host == ""
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


@pytest.mark.parametrize("host", [*HOSTS, "here.example", "2130706433", "[::ffff:127.0.0.1]"])
@pytest.mark.parametrize("uri", ["s3://models/ranker.py", "s3://m/a/", "gs://m/r.py", "gs://m/a/"])
def test_an_endpoint_there_is_not_asked(pod: Pod, network: Network, uri: str, host: str) -> None:
    (pod.root / "credentials" / SECRET / "ca.crt").unlink()
    keys = {"accessKeyId": "a", "secretAccessKey": "s3cret"} if uri.startswith("s3") else {}
    pod.secret(endpoint=f"http://{host}:9", **keys)
    pod.plan(uri)
    message = refused(pod)
    assert "spec.model.source.secretRef: " in message
    assert "s3cret" not in message
    assert network.connected == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("uri", ["s3://models/ranker.py", "gs://models/ranker.py"])
def test_an_endpoint_on_this_machine_is_asked_where_it_is_named_so(
    pod: Pod, network: Network, uri: str, host: str
) -> None:
    (pod.root / "credentials" / SECRET / "ca.crt").unlink()
    keys = {"accessKeyId": "a", "secretAccessKey": "b"} if uri.startswith("s3") else {}
    network.names["localhost"] = "127.0.0.1"
    pod.secret(endpoint=f"http://{host}:9", **keys)
    pod.plan(uri)
    assert "cannot reach" in pod.refused(attempts=1)[1]
    assert network.connected == ["127.0.0.1:9"]


@pytest.mark.parametrize("host", HOSTS)
def test_the_token_of_a_key_is_not_asked_for_there(pod: Pod, network: Network, host: str) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    text = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    account = {"client_email": "a@b", "token_uri": f"http://{host}:9/token"}
    (pod.root / "credentials" / SECRET / "ca.crt").unlink()
    account |= {"type": "service_account", "private_key": text.decode()}
    pod.secret(**{"credentials.json": json.dumps(account)})
    pod.plan("gs://models/ranker.py")
    refused(pod)
    assert network.connected == []


@pytest.mark.parametrize("uri", ["s3://models/ranker.py", "gs://models/ranker.py"])
@pytest.mark.parametrize("host", ["169.254.169.254", "169.254.169.254.", "[fd00:ec2::254]"])
def test_nor_is_a_proxy_asked_for_it(
    pod: Pod, network: Network, monkeypatch: pytest.MonkeyPatch, uri: str, host: str
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    (pod.root / "credentials" / SECRET / "ca.crt").unlink()
    keys = {"accessKeyId": "a", "secretAccessKey": "b"} if uri.startswith("s3") else {}
    pod.secret(endpoint=f"http://{host}", **keys)
    pod.plan(uri)
    refused(pod)
    assert network.connected == []


def test_the_identity_of_a_pod_is_asked_for_by_the_libraries_own_sessions() -> None:
    """It comes from the metadata service, at an address that an endpoint may not have."""
    own = URLLib3Session()._manager.pool_classes_by_scheme
    keys = {"accessKeyId": "a", "secretAccessKey": "b"}
    client = S3(Secret("s", {"endpoint": "http://127.0.0.1:9", **keys}), 5)._client
    checked = client._endpoint.http_session._session._manager.pool_classes_by_scheme
    assert set(own.values()).isdisjoint(checked.values())
    assert set(URLLib3Session()._manager.pool_classes_by_scheme.values()) == set(own.values())
    session = CloudStorage(Secret("s", {"endpoint": "http://127.0.0.1:9"}), 5)._client._http
    assert isinstance(session.get_adapter("https://storage.example"), CheckedAdapter)
    tokens = session._auth_request.session
    assert not isinstance(tokens.get_adapter("http://metadata.example"), CheckedAdapter)


# aiohttp takes no address in another form than the usual one.
@pytest.mark.parametrize("host", [host for host in HOSTS if host != "2852039166"])
async def test_a_registry_there_is_not_asked(network: Network, host: str) -> None:
    mlflow = Mlflow(f"http://{host}:5000", 5)
    try:
        with pytest.raises(RegistryError, match="from which artifacts are not fetched") as caught:
            await mlflow.model("fx", Credentials())
    finally:
        await mlflow.close()
    assert caught.value.reason is Reason.REGISTRY_UNREACHABLE
    assert network.connected == []


async def led(network: Network, registry: str, to: str) -> str:
    """Return the message about a registry, at a name of its own, that redirects."""

    async def redirect(request: web.Request) -> web.Response:
        raise web.HTTPFound(to.replace("PORT", str(server.port)))

    app = web.Application()
    app.router.add_get("/{path:.*}", redirect)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    mlflow = Mlflow(f"http://{registry}:{server.port}", 5)
    try:
        with pytest.raises(RegistryError) as caught:
            await mlflow.model("fx", Credentials())
    finally:
        await mlflow.close()
        await server.close()
    assert caught.value.reason is Reason.REGISTRY_UNREACHABLE
    return str(caught.value)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("registry", ["127.0.0.1", "here.example"])
async def test_a_registry_does_not_lead_there(network: Network, registry: str, host: str) -> None:
    message = await led(network, registry, f"http://{host}:PORT/x?signature=s3cret")
    assert "from which artifacts are not fetched" in message
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
    assert "from which artifacts are not fetched" not in message
