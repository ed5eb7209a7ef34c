"""The operator's own HTTP port, and peers that want to keep it from its probes."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from inference_operator.adapters.web import server as http_server
from inference_operator.adapters.web.listener import ConnectionLimits, Listener
from inference_operator.adapters.web.server import MetricsText, serve
from inference_operator.adapters.web.telemetry import Telemetry


@pytest.fixture
async def listener(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Listener]:
    limits = ConnectionLimits(most=16, of_peer=8, head_seconds=0.5)
    monkeypatch.setattr(http_server, "CONNECTIONS", limits)
    listener = await serve(0, Telemetry(), ready=lambda: False, healthy=lambda: True)
    yield listener
    await listener.cleanup()


async def connect(
    listener: Listener, peer: int = 1
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    port = next(each[1] for each in listener.addresses if each[0] == "0.0.0.0")
    return await asyncio.open_connection("127.0.0.1", port, local_addr=(f"127.1.0.{peer}", 0))


async def ask(listener: Listener, path: str, peer: int = 99) -> str:
    reader, writer = await connect(listener, peer)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: operator\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    return answer.decode()


async def test_it_answers_the_probes_and_the_metrics(listener: Listener) -> None:
    assert (await ask(listener, "/healthz")).startswith("HTTP/1.1 200 ")
    assert (await ask(listener, "/readyz")).startswith("HTTP/1.1 503 ")
    assert "inference_operator_queue_depth 0.0" in await ask(listener, "/metrics")


async def test_idle_connections_of_many_peers_do_not_keep_a_probe_out(listener: Listener) -> None:
    idle = [await connect(listener, peer) for peer in range(1, 41)]
    assert len(listener.connections) <= 16
    assert (await ask(listener, "/healthz")).startswith("HTTP/1.1 200 ")
    for _, writer in idle:
        writer.close()


async def test_a_request_that_never_comes_whole_ends(listener: Listener) -> None:
    reader, writer = await connect(listener)
    writer.write(b"GET /healthz HTTP/1.1\r\n")
    assert await asyncio.wait_for(reader.read(), 10) == b""
    assert len(listener.connections) == 0


async def test_a_connection_carries_one_request(listener: Listener) -> None:
    reader, writer = await connect(listener)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: operator\r\n\r\n" * 50)
    assert (await reader.read()).count(b"HTTP/1.1 200 ") == 1


@pytest.mark.parametrize(
    "request_head", [b"GET /%s HTTP/1.1\r\n\r\n" % (b"x" * 9000), b"\x16\x03\x01\x02\x00\r\n\r\n"]
)
async def test_what_is_no_request_is_refused_without_a_line_in_the_log(
    listener: Listener, request_head: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = await connect(listener)
    writer.write(request_head)
    assert (await reader.read()).startswith(b"HTTP/1.0 400 ")
    assert caplog.records == []


def test_the_metrics_are_written_once_for_many_who_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[object] = []
    monkeypatch.setattr(http_server, "generate_latest", lambda registry: written.append(1) or b"x")
    now = 0.0
    text = MetricsText(Telemetry().registry, lambda: now)
    for _ in range(100):
        text.read()
    assert len(written) == 1
    now = 1.0
    text.read()
    assert len(written) == 2
