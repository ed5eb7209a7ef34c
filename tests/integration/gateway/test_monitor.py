"""Records of a gateway on their way to a monitor: a server of the test on loopback."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from hack.services.server_process import free_ports
from serving.gateway.monitor_sink import MonitorSink, posting
from serving.gateway.outbox import Outbox, OutboxCounts
from serving.gateway.record_folder import RecordFolder
from serving.settings.gateway import OutboxSettings

pytestmark = pytest.mark.integration


class Monitor:
    """A monitor that answers what the test says; it keeps the numbers of the records."""

    def __init__(self) -> None:
        self.status, self.key = 200, ""
        self.numbers: list[int] = []
        self.batches: list[int] = []
        self._runner: web.AppRunner | None = None
        (self._port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        app = web.Application(client_max_size=1 << 24)
        app.router.add_post("/v1/records", self._records)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _records(self, request: web.Request) -> web.Response:
        # aiohttp's server has unpacked the content.
        lines = (await request.read()).splitlines()
        assert request.headers["content-type"] == "application/x-ndjson"
        assert request.headers["content-encoding"] == "gzip"
        if self.key and request.headers.get("authorization") != f"Bearer {self.key}":
            return web.Response(status=401)
        if self.status == 200:
            self.batches.append(len(lines))
            self.numbers += [json.loads(line).get("number", -1) for line in lines]
        return web.Response(status=self.status)


@pytest.fixture
async def monitor() -> AsyncIterator[Monitor]:
    made = Monitor()
    await made.start()
    yield made
    await made.stop()


Start = Callable[..., Outbox]


@pytest.fixture
def started(tmp_path: Path) -> Start:
    def start(monitor: Monitor, most_bytes: int = 1 << 20, key_file: str = "") -> Outbox:
        counts = OutboxCounts()
        spool = RecordFolder(
            tmp_path / "spool", most_bytes, removed=lambda n: counts.drop("folder_full", n)
        )
        post = posting(monitor.url, key_file, 2.0)
        sink = MonitorSink(post, spool, counts, 4, pauses=(0.05, 0.2))
        outbox = Outbox(sink, OutboxSettings(queue=1000, batch=4, interval=0.02), counts)
        outbox.start()
        return outbox

    return start


async def until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    for _ in range(int(seconds / 0.02)):
        if holds():
            return
        await asyncio.sleep(0.02)
    assert holds()


def put(outbox: Outbox, first: int, count: int) -> None:
    for number in range(first, first + count):
        outbox.put({"number": number})


async def test_records_arrive_in_batches_and_in_order(monitor: Monitor, started: Start) -> None:
    outbox = started(monitor)
    put(outbox, 0, 10)
    await until(lambda: outbox.counts.sent == 10)
    await outbox.close()
    assert monitor.numbers == list(range(10))
    assert max(monitor.batches) == 4
    assert (outbox.counts.accepted, outbox.counts.sent) == (10, 10)
    assert outbox.counts.dropped == {}


async def test_a_monitor_that_is_away_gets_all_of_it_later(
    monitor: Monitor, started: Start
) -> None:
    outbox = started(monitor)
    put(outbox, 0, 3)
    await until(lambda: len(monitor.numbers) == 3)
    await monitor.stop()
    put(outbox, 3, 9)
    await until(lambda: outbox.counts.spooled == 9)
    assert outbox.waiting == 0
    await monitor.start()
    put(outbox, 12, 2)
    await until(lambda: len(monitor.numbers) >= 14)
    await outbox.close()
    assert sorted(set(monitor.numbers)) == list(range(14))
    assert outbox.counts.dropped == {}


async def test_the_next_process_sends_what_was_spooled_without_a_prediction(
    monitor: Monitor, started: Start
) -> None:
    monitor.status = 503
    before = started(monitor)
    put(before, 0, 5)
    await until(lambda: before.counts.spooled == 5)
    await before.close()
    monitor.status = 200
    outbox = started(monitor)
    await until(lambda: sorted(set(monitor.numbers)) == list(range(5)))
    await outbox.close()


async def test_a_spool_that_is_full_loses_its_oldest_files_and_counts_them(
    monitor: Monitor, started: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monitor.status = 500
    outbox = started(monitor, most_bytes=200)
    minutes = iter(range(100, 200))
    # Each write has a file of its own.
    monkeypatch.setattr("os.getpid", lambda: next(minutes))
    for first in range(0, 80, 8):
        put(outbox, first, 8)
        await until(lambda: outbox.waiting == 0)
    await outbox.close()
    assert outbox.counts.dropped["folder_full"] > 0
    assert outbox.counts.accepted == 80


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_records_that_are_refused_are_dropped_and_counted(
    monitor: Monitor, started: Start, status: int
) -> None:
    monitor.status = status
    outbox = started(monitor)
    put(outbox, 0, 2)
    await until(lambda: outbox.counts.dropped == {"refused": 2})
    monitor.status = 200
    put(outbox, 2, 2)
    await until(lambda: monitor.numbers == [2, 3])
    await outbox.close()


async def test_a_key_counts_as_soon_as_its_file_has_it(
    monitor: Monitor, started: Start, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    key.write_text("old\n")
    monitor.key = "new"
    outbox = started(monitor, key_file=str(key))
    put(outbox, 0, 2)
    await until(lambda: outbox.counts.spooled == 2)
    assert monitor.numbers == []
    key.write_text("new\n")
    await until(lambda: monitor.numbers == [0, 1])
    await outbox.close()


async def test_a_killed_gateway_loses_the_records_of_the_last_second_at_most(
    monitor: Monitor, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    environment = {
        **os.environ,
        "PYTHONPATH": "operator:.",
        "SERVING_SERVER__PORT": str(port),
        "SERVING_MONITOR__URL": monitor.url,
        "SERVING_STORAGE__CACHE_DIR": str(tmp_path),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "serving.gateway", env=environment
    )
    loop, times = asyncio.get_running_loop(), []
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            await _up(client)
            truth = {"symbol": "AAPL", "target_time": "2026-12-02T21:00:00Z", "close": 100.0}
            for _ in range(150):
                answer = await client.post("/api/v1/truths", json={"truths": [truth]})
                assert answer.status_code == 202, answer.text
                times.append(loop.time())
                await asyncio.sleep(0.02)
            text = (await client.get("/metrics")).text
    finally:
        process.kill()
        await process.wait()
    assert "inference_gateway_outbox_accepted_total 150.0" in text
    last_second = sum(time > times[-1] - 1.2 for time in times)
    assert 150 - last_second <= len(monitor.numbers) <= 150
    assert last_second < 150


async def _up(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                await client.get("/health")
                return
            except httpx.TransportError:
                await asyncio.sleep(0.1)
