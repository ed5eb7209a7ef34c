"""Answers that are larger than the client allows, over HTTP and gRPC, packed and not."""

import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable

import grpc
import numpy as np
import pytest
from aiohttp import web
from tritonclient.grpc import service_pb2, service_pb2_grpc

from serving.client.errors import ClientReason, TritonError
from serving.client.triton_client import TritonPredictionClient
from serving.settings.triton import (
    RouteSettings,
    RoutesSettings,
    ServingSettings,
    TargetSettings,
    TritonSettings,
)

MOST = 1 << 16
BOMB = 8 << 20
INPUT = {"x": np.zeros((1, 1), np.float32)}
FITS = b'{"model_name":"m","model_version":"3","outputs":[]}'

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def settings(address: str, protocol: str) -> ServingSettings:
    target = TargetSettings(address=address, protocol=protocol)
    triton = TritonSettings(targets={"triton": target}, most_message_bytes=MOST)
    routes = RoutesSettings(others={"m": RouteSettings(model="m")})
    return ServingSettings(triton=triton, routes=routes)


@pytest.fixture
async def ask() -> AsyncIterator[Callable[[Answer], Awaitable[str]]]:
    """Ask a server that answers in a way of its own; return the version that it names."""
    runners: list[web.AppRunner] = []

    async def asked(answer: Answer) -> str:
        app = web.Application()
        app.router.add_post("/v2/models/m/infer", answer)
        runners.append(web.AppRunner(app))
        await runners[-1].setup()
        await web.TCPSite(runners[-1], "127.0.0.1", 0).start()
        address = f"127.0.0.1:{runners[-1].addresses[0][1]}"
        client = TritonPredictionClient(settings(address, "http"))
        try:
            return (await client.infer("m", INPUT)).answered_by.version
        finally:
            await client.close()

    yield asked
    for runner in runners:
        await runner.cleanup()


def plain(body: bytes, **headers: str) -> Answer:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, headers=headers)

    return answer


async def endless(request: web.Request) -> web.StreamResponse:
    """Send parts without a length until the client goes."""
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(1 << 20):
        await response.write(b"x" * (1 << 16))
    return response


async def test_an_answer_of_the_largest_size_is_read(ask: Callable[..., Awaitable[str]]) -> None:
    assert await ask(plain(FITS.ljust(MOST))) == "3"


@pytest.mark.parametrize(
    ("answer", "reason", "words"),
    [
        (plain(FITS.ljust(MOST + 1)), ClientReason.ANSWER_TOO_LARGE, "65537 vs. 65536"),
        (endless, ClientReason.ANSWER_TOO_LARGE, "larger than max"),
    ],
    ids=["declared", "endless"],
)
async def test_a_larger_one_is_not(
    ask: Callable[..., Awaitable[str]], answer: Answer, reason: ClientReason, words: str
) -> None:
    with pytest.raises(TritonError, match=words) as caught:
        await ask(answer)
    assert caught.value.reason is reason
    assert "triton.most_message_bytes" in caught.value.remedy


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)]
)
async def test_a_packed_answer_is_never_unpacked(
    ask: Callable[..., Awaitable[str]], encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    bomb = pack(b"0" * BOMB)
    assert len(bomb) < MOST * 2
    tracemalloc.start()
    try:
        with pytest.raises(TritonError, match=f"Content-Encoding '{encoding}', expected none"):
            await ask(plain(bomb, **{"content-encoding": encoding}))
        assert tracemalloc.get_traced_memory()[1] < BOMB / 4
    finally:
        tracemalloc.stop()


async def test_the_client_asks_for_bodies_as_they_are(ask: Callable[..., Awaitable[str]]) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.headers["accept-encoding"])
        return web.Response(body=FITS)

    await ask(answer)
    assert asked == ["identity"]


async def test_an_error_is_bounded_too(ask: Callable[..., Awaitable[str]]) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=500, body=b"x" * (MOST + 1))

    with pytest.raises(TritonError, match="larger than max") as caught:
        await ask(answer)
    assert len(str(caught.value)) < 1000


async def test_grpc_says_the_same_by_the_same_reason() -> None:
    class Large(service_pb2_grpc.GRPCInferenceServiceServicer):  # type: ignore[misc]
        async def ModelInfer(self, request: object, context: object) -> object:  # noqa: N802
            return service_pb2.ModelInferResponse(raw_output_contents=[b"x" * (MOST + 1)])

    server = grpc.aio.server()
    service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(Large(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    client = TritonPredictionClient(settings(f"127.0.0.1:{port}", "grpc"))
    try:
        with pytest.raises(TritonError, match="larger than max") as caught:
            await client.infer("m", INPUT)
        assert caught.value.reason is ClientReason.ANSWER_TOO_LARGE
        with pytest.raises(TritonError, match="larger than max") as caught:
            await client.infer("m", {"x": np.zeros((1, MOST), np.float32)})
        assert caught.value.reason is ClientReason.INPUT_REFUSED
    finally:
        await client.close()
        await server.stop(None)
