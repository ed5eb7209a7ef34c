"""The client over TLS: gRPC with Triton's own certificate, and HTTP through a proxy that has it."""

import asyncio
import contextlib
import shutil
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hack.cluster.pki import Authority
from hack.images.local_triton import LocalTriton
from serving.client.errors import ClientReason, TritonError
from serving.client.triton_client import TritonPredictionClient
from serving.settings.triton import ServingSettings, TargetSettings, TritonSettings
from tests.integration.serving.models import lay_out
from tests.integration.serving.test_client import Protocol, bars

pytestmark = pytest.mark.integration
NAME = "triton.example"


@dataclass(frozen=True)
class Secured:
    """A Triton whose gRPC needs TLS, and the authority that signed its certificate for `NAME`."""

    triton: LocalTriton
    authority: Authority
    folder: Path


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority(folder / "ca")
    pair = authority.issue("triton", NAME, hosts=(NAME,))
    repository = lay_out(folder / "models", ("lstm_price_predictor",))
    shutil.copyfile(pair.certificate, repository / "tls.crt")
    shutil.copyfile(pair.key, repository / "tls.key")
    flags = (
        "--grpc-use-ssl=true",
        "--grpc-server-cert=/models/tls.crt",
        "--grpc-server-key=/models/tls.key",
    )
    with LocalTriton(repository, extra_args=flags) as triton:
        yield Secured(triton, authority, folder)


@contextlib.asynccontextmanager
async def proxy(secured: Secured) -> AsyncIterator[str]:
    """End TLS in front of Triton's HTTP; yield the address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pair = secured.authority.issue("triton", NAME, hosts=(NAME,))
    context.load_cert_chain(pair.certificate, pair.key)
    host, _, port = secured.triton.http.rpartition(":")

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while content := await reader.read(1 << 16):
                writer.write(content)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection(host, int(port))
        await asyncio.gather(pass_on(reader, to_server), pass_on(server, writer))

    listener = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with listener:
        address = listener.sockets[0].getsockname()
        yield f"{address[0]}:{address[1]}"


@pytest.fixture(params=["grpc", "http"])
def protocol(request: pytest.FixtureRequest) -> Protocol:
    chosen: Protocol = request.param
    return chosen


@pytest.fixture
async def address(secured: Secured, protocol: Protocol) -> AsyncIterator[str]:
    if protocol == "grpc":
        yield secured.triton.grpc
    else:
        async with proxy(secured) as place:
            yield place


async def version(target: TargetSettings) -> str:
    """Ask for a price, and return the version that answered."""
    triton = TritonSettings(targets={"triton": target}, timeout=3.0, attempts=2)
    client = TritonPredictionClient(ServingSettings(triton=triton))
    try:
        return (await client.predict_price("FX", bars())).answered_by.version
    finally:
        await client.close()


def target(
    address: str, protocol: Protocol, authority: Authority | None, name: str = NAME
) -> TargetSettings:
    return TargetSettings(
        address=address,
        protocol=protocol,
        balance="pick_first",
        tls=authority is not None,
        ca_file=str(authority.pair.certificate) if authority else "",
        authority=name,
    )


async def test_the_authority_s_certificate_is_trusted_for_its_name(
    secured: Secured, address: str, protocol: Protocol
) -> None:
    assert await version(target(address, protocol, secured.authority)) == "3"


@pytest.mark.parametrize("case", ["another authority", "another name", "the address", "no TLS"])
async def test_nothing_is_sent_to_a_server_that_is_another(
    secured: Secured, address: str, protocol: Protocol, case: str, tmp_path: Path
) -> None:
    authority: Authority | None = secured.authority
    if case == "another authority":
        authority = Authority(tmp_path / "other")
    if case == "no TLS":
        authority = None
    name = {"another name": "elsewhere.example", "the address": ""}.get(case, NAME)
    with pytest.raises(TritonError) as caught:
        await version(target(address, protocol, authority, name))
    assert caught.value.reason in (ClientReason.UNREACHABLE, ClientReason.DEADLINE_EXCEEDED)
    assert caught.value.place.target == "triton"
