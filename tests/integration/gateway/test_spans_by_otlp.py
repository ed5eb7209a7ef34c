"""Spans of a gateway on their way to a collector: a server of the test on loopback."""

import asyncio
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hack.services.server_process import free_ports
from serving.gateway.spans import END_SECONDS, OtlpSpans, exporting
from serving.gateway.tracing import SpanCounts
from tests.fakes.inference_server import FakeInferenceServer
from tests.fakes.otlp_collector import Collection, FakeCollector
from tests.integration.gateway.processes import GatewayProcess, ended, gateway_process, until

pytestmark = pytest.mark.integration
SENTIMENT = "/api/v1/predict/sentiment"
ROUTE = {"model": "linear", "sentiment": "y", "confidence": "y"}


async def sending(url: str, counts: SpanCounts, number: int) -> OtlpSpans:
    """Start the spans of a process, with so many that have ended."""
    spans = OtlpSpans("local", counts, exporting(url, counts))
    await spans.start()
    put(spans, number)
    return spans


def put(spans: OtlpSpans, number: int) -> None:
    for _ in range(number):
        spans.request("GET", {}).end({"http.response.status_code": 200})


async def becomes(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not hold in time"
        await asyncio.sleep(0.05)


async def test_all_spans_arrive_before_the_end() -> None:
    counts = SpanCounts()
    with FakeCollector() as collector:
        spans = await sending(collector.url, counts, 1300)
        await spans.close()
        assert len(collector.collection.spans) == counts.sent == 1300
        assert set(collector.collection.paths) == {"/v1/traces"}
    assert counts.unsettled == 0


async def test_a_path_of_the_address_is_kept() -> None:
    counts = SpanCounts()
    with FakeCollector() as collector:
        spans = await sending(f"{collector.url}/tenant/v1/traces", counts, 1)
        await spans.close()
        assert collector.collection.paths == ["/tenant/v1/traces"]


@pytest.mark.parametrize("status", [302, 400, 401, 404, 413, 500, 503])
async def test_spans_that_a_collector_refuses_are_counted(status: int) -> None:
    counts = SpanCounts()
    with FakeCollector() as collector:
        collector.collection.status = status
        spans = await sending(collector.url, counts, 3)
        await becomes(lambda: counts.lost("not_sent") == 3)
        collector.collection.status = 200
        put(spans, 2)
        await spans.close()
        assert len(collector.collection.spans) == counts.sent == 2
    assert counts.lost("shutdown") == 0


async def test_an_answer_may_refuse_some_of_the_spans() -> None:
    counts = SpanCounts()
    with FakeCollector() as collector:
        collector.collection.rejected = 2
        spans = await sending(collector.url, counts, 5)
        await spans.close()
    assert (counts.sent, counts.lost("not_sent")) == (3, 2)


async def test_a_collector_that_comes_later_gets_what_ends_then() -> None:
    counts = SpanCounts()
    (port,) = free_ports(1)
    spans = await sending(f"http://127.0.0.1:{port}", counts, 4)
    await becomes(lambda: counts.lost("not_sent") == 4)
    with FakeCollector(port) as collector:
        put(spans, 3)
        await becomes(lambda: counts.sent == 3)
        assert len(collector.collection.spans) == 3
    put(spans, 2)
    await spans.close()
    assert counts.lost("not_sent") + counts.lost("shutdown") == 6


async def test_a_collector_that_never_answers_holds_nothing_up() -> None:
    counts = SpanCounts()
    with FakeCollector() as collector:
        collector.collection.seconds = 120
        spans = await sending(collector.url, counts, 0)
        began = time.monotonic()
        put(spans, 5000)
        assert time.monotonic() - began < 60
        assert counts.lost("queue_full") > 0
        began = time.monotonic()
        await spans.close()
        # Without a bound, each batch of the queue would get its own time.
        assert counts.lost("shutdown") > 0
        assert time.monotonic() - began < END_SECONDS + 20
    lost = sum(counts.lost(cause) for cause in ("queue_full", "not_sent", "shutdown"))
    assert (lost, counts.sent) == (5000, 0)


def ask(gateway: GatewayProcess, number: int) -> None:
    for row in range(number):
        answer = gateway.post(SENTIMENT, {"text": f"SECRETWORD {row}"})
        # The model answers with other tensors than the route's: it was called, which is enough.
        assert answer.json()["reason"] == "WrongTensors", answer.text


def pairs_of(collection: Collection) -> dict[bytes, bytes]:
    """Return each call's span with that of the request that it belongs to."""
    spans = collection.spans
    requests = {span.span_id for span in spans if span.name == f"POST {SENTIMENT}"}
    pairs = {span.span_id: span.parent_span_id for span in spans if span.name == "triton infer"}
    assert set(pairs.values()) <= requests
    return pairs


def test_workers_send_their_spans_and_triton_gets_the_context_of_a_call(tmp_path: Path) -> None:
    with FakeCollector() as collector, FakeInferenceServer("3") as triton:
        settings = {
            "server": {"workers": 2},
            "logging": {"traces_url": collector.url},
            "triton": {"targets": {"triton": {"address": triton.http, "protocol": "http"}}},
            "routes": {"price": None, "ensemble": None, "sentiment": ROUTE},
            "inference": {"cache_ttl": 0},
        }
        collection = collector.collection
        with gateway_process(tmp_path, settings) as gateway:
            ask(gateway, 20)
            until(lambda: len(collection.spans) == 40)
            until(lambda: "inference_gateway_spans_sent_total 40.0" in gateway.get("/metrics").text)
            while len(gateway.workers()) < 2:
                ask(gateway, 10)
            processes = gateway.workers()
            ask(gateway, 1)
        # The last ones came while the program ended.
        pairs = pairs_of(collection)
        assert {process for _, process in collection.spans_by_process()} == processes
        contexts = [headers["traceparent"].split("-") for headers in triton.behavior.headers]
        assert {bytes.fromhex(span) for _, _, span, _ in contexts} == set(pairs)
        assert len(pairs) == len(contexts) == len(set(pairs.values()))
        assert not any(b"SECRETWORD" in body for body in collection.bodies)


def test_a_collector_that_never_answers_is_seen_in_the_metrics_alone(tmp_path: Path) -> None:
    with FakeCollector() as collector:
        collector.collection.seconds = 60
        settings = {"logging": {"traces_url": collector.url}}
        with gateway_process(tmp_path, settings) as gateway:
            for _ in range(20):
                assert gateway.get("/api/v1/metrics").elapsed.total_seconds() < 2
            lost = r'^inference_gateway_spans_dropped_total\{cause="not_sent"\} [1-9]'
            until(lambda: re.search(lost, gateway.get("/metrics").text, re.M))
            assert gateway.get("/api/v1/metrics").status_code == 200
            began = time.monotonic()
            gateway.process.terminate()
            assert gateway.process.wait(timeout=60) == -signal.SIGTERM
            assert time.monotonic() - began < END_SECONDS + 20
    messages = [line["message"] for line in gateway.lines()]
    assert any("Failed to export spans" in message for message in messages)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_gateway_without_the_package_ends_before_its_port_opens(
    tmp_path: Path, workers: str
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nsys.modules['opentelemetry.sdk.trace'] = None\n"
    )
    result = ended(
        {
            "PYTHONPATH": f"{tmp_path}:operator:.",
            "SERVING_SERVER__WORKERS": workers,
            "SERVING_STORAGE__CACHE_DIR": str(tmp_path),
            "SERVING_LOGGING__TRACES_URL": "http://127.0.0.1:4318",
        }
    )
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("serving.gateway: logging.traces_url: found http://127.0.0.1")
