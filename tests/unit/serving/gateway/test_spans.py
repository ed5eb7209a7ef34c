"""Spans of requests and of calls to Triton: what they tell, and what becomes of those that wait."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, StatusCode

from serving.client.errors import ClientReason, Place, TritonError
from serving.gateway import spans as spans_module
from serving.gateway.app import create_app
from serving.gateway.spans import OtlpSpans
from serving.gateway.tracing import SpanCounts
from serving.settings import Settings
from tests.fakes.prediction_client import FakePredictionClient
from tests.unit.serving.gateway.conftest import BARS, Running

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SECRET = "SECRETWORD"
COLLECTOR = "http://127.0.0.1:4318"


class Collected(SpanExporter):
    """An exporter of the test, which keeps the spans."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.spans += spans
        return SpanExportResult.SUCCESS

    @property
    def server(self) -> ReadableSpan:
        (server,) = [span for span in self.spans if span.kind == SpanKind.SERVER]
        return server

    @property
    def calls(self) -> list[ReadableSpan]:
        return [span for span in self.spans if span.kind == SpanKind.CLIENT]


@pytest.fixture
def collected(monkeypatch: pytest.MonkeyPatch) -> Collected:
    made = Collected()
    monkeypatch.setattr(spans_module, "exporting", lambda url, counts: lambda: made)
    return made


@asynccontextmanager
async def traced(folder: Path, **sections: Any) -> AsyncIterator[Running]:
    """Start a gateway with spans; all are sent when it ends."""
    triton = FakePredictionClient()
    logging = {"traces_url": COLLECTOR}
    settings = Settings(**{"storage": {"cache_dir": str(folder)}, "logging": logging, **sections})
    app = create_app(settings, triton)
    gateway = app._app.state.gateway
    await gateway.start()
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
        yield Running(http, triton, app, folder)
    await gateway.close()


def hexadecimal(span: ReadableSpan) -> tuple[str, str]:
    context = span.get_span_context()
    assert context is not None
    return f"{context.trace_id:032x}", f"{context.span_id:016x}"


async def test_a_request_and_its_call_are_spans_of_the_caller_s_trace(
    collected: Collected, tmp_path: Path
) -> None:
    headers = {"traceparent": f"00-{TRACE}-{SPAN}-01", "tracestate": "a=1"}
    async with traced(tmp_path) as gateway:
        body = {"symbol": SECRET, "ohlcv_data": BARS}
        answer = await gateway.http.post("/api/v1/predict/price", json=body, headers=headers)
        assert answer.status_code == 200

    server, (call,) = collected.server, collected.calls
    assert server.parent is not None
    assert call.parent is not None
    assert f"{server.parent.span_id:016x}" == SPAN
    assert f"{call.parent.span_id:016x}" == hexadecimal(server)[1]
    assert (server.name, call.name) == ("POST /api/v1/predict/price", "triton infer")
    assert server.attributes == {
        "http.request.method": "POST",
        "http.route": "/api/v1/predict/price",
        "http.response.status_code": 200,
        "inference.model": "lstm_price_predictor",
        "inference.model_version": "3",
    }
    assert call.attributes == {
        "inference.model": "lstm_price_predictor",
        "inference.model_version": "3",
        "inference.attempts": 1,
    }
    ((_, options),) = gateway.triton.calls
    trace, span = hexadecimal(call)
    assert trace == TRACE
    assert options.headers == {"traceparent": f"00-{trace}-{span}-01", "tracestate": "a=1"}


async def test_a_request_without_a_trace_begins_one_which_the_log_names(
    collected: Collected, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with traced(tmp_path) as gateway:
        # The second answer is kept: by then the version is seen.
        cached = [(await gateway.price()).json()["cached"] for _ in range(3)]
        assert cached == [False, False, True]
        assert (await gateway.http.get("/health")).status_code == 200

    servers = [span for span in collected.spans if span.kind == SpanKind.SERVER]
    assert [span.parent for span in servers] == [None] * 3
    assert len(collected.calls) == 2
    logged = [record.__dict__["fields"] for record in caplog.records if "fields" in record.__dict__]
    traces = [hexadecimal(span)[0] for span in servers]
    assert len(set(traces)) == 3
    assert [fields["trace_id"] for fields in logged] == [*traces, None]


async def test_a_trace_that_its_caller_does_not_sample_goes_on_without_spans(
    collected: Collected, tmp_path: Path
) -> None:
    async with traced(tmp_path) as gateway:
        headers = {"traceparent": f"00-{TRACE}-{SPAN}-00"}
        body = {"text": "up"}
        await gateway.http.post("/api/v1/predict/sentiment", json=body, headers=headers)
    assert collected.spans == []
    ((_, options),) = gateway.triton.calls
    assert options.headers["traceparent"].startswith(f"00-{TRACE}-")
    assert options.headers["traceparent"].endswith("-00")


async def test_a_failed_call_is_told_by_its_reason(collected: Collected, tmp_path: Path) -> None:
    async with traced(tmp_path) as gateway:
        place = Place("lstm_price_predictor", "3")
        gateway.triton.failure = TritonError(ClientReason.MODEL_FAILED, place, SECRET, "wait")
        assert (await gateway.price()).status_code == 502
    server, (call,) = collected.server, collected.calls
    assert server.attributes is not None
    assert call.attributes is not None
    assert (server.attributes["error.type"], call.attributes["error.type"]) == ("ModelFailed",) * 2
    assert server.attributes["http.response.status_code"] == 502
    assert [span.status.status_code for span in (server, call)] == [StatusCode.ERROR] * 2
    assert SECRET not in server.to_json() + call.to_json()


async def test_a_refused_request_has_no_call_and_no_word_of_its_caller(
    collected: Collected, tmp_path: Path
) -> None:
    key = {"authorization": f"Bearer {SECRET}"}
    async with traced(tmp_path) as gateway:
        for method, path, body in (
            ("POST", "/api/v1/predict/price", {"symbol": SECRET, "ohlcv_data": BARS[:5]}),
            ("GET", f"/api/v1/features/{SECRET}", None),
            ("GET", f"/api/v1/{SECRET}", None),
            (SECRET, "/api/v1/predict/price", {"symbol": SECRET}),
        ):
            answer = await gateway.http.request(method, path, json=body, headers=key)
            assert 400 <= answer.status_code < 500, answer.text
    names = [span.name for span in collected.spans]
    assert names[:3] == ["POST /api/v1/predict/price", "GET /api/v1/features/{symbol}", "GET"]
    assert collected.calls == []
    assert {span.status.status_code for span in collected.spans} == {StatusCode.UNSET}
    assert SECRET not in "".join(span.to_json() for span in collected.spans)


async def test_each_row_of_a_batch_and_a_look_at_tensors_are_calls_of_their_requests(
    collected: Collected, tmp_path: Path
) -> None:
    async with traced(tmp_path) as gateway:
        rows = [{"kind": "sentiment", "text": f"up {row}"} for row in range(3)]
        await gateway.http.post("/api/v1/predict/batch", json={"requests": rows})
        await gateway.http.get("/api/v1/models/lstm_price_predictor/metadata")
        await gateway.http.get("/ready")
    batch, metadata = [span for span in collected.spans if span.kind == SpanKind.SERVER]
    parents = [hexadecimal(batch)[1]] * 3 + [hexadecimal(metadata)[1]]
    assert [f"{call.parent.span_id:016x}" for call in collected.calls if call.parent] == parents
    assert [call.name for call in collected.calls] == ["triton infer"] * 3 + ["triton metadata"]


async def test_a_caller_who_goes_ends_both_spans(collected: Collected, tmp_path: Path) -> None:
    async with traced(tmp_path) as gateway:
        gateway.triton.seconds = 5
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(gateway.price(), 0.2)
    (call,) = collected.calls
    assert call.attributes == {"error.type": "CancelledError"}
    assert collected.server.end_time is not None


class Slow(Collected):
    """An exporter that sends nothing until the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.is_open = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        while not self.is_open:
            asyncio.run(asyncio.sleep(0.01))
        return super().export(spans)


async def test_spans_that_do_not_fit_are_dropped_and_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spans_module, "QUEUE", 512)
    monkeypatch.setattr(spans_module, "END_SECONDS", 0.2)
    counts, exporter = SpanCounts(), Slow()
    spans = OtlpSpans("local", counts, lambda: exporter)
    await spans.start()
    for _ in range(2000):
        spans.request("GET", {}).end({})
    assert counts.lost("queue_full") >= 2000 - 512 - 512
    assert counts.accepted + counts.lost("queue_full") == 2000
    began = asyncio.get_running_loop().time()
    await spans.close()
    assert asyncio.get_running_loop().time() - began < 20
    assert counts.lost("shutdown") == counts.accepted > 0
    spans.request("GET", {}).end({})
    assert counts.lost("shutdown") == counts.accepted + 1
    exporter.is_open = True


async def test_the_sdk_s_variables_name_the_program(
    collected: Collected, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=desk,team=a")
    async with traced(tmp_path) as gateway:
        await gateway.price()
    resource = collected.server.resource.attributes
    assert (resource["service.name"], resource["team"]) == ("desk", "a")
    assert resource["deployment.environment.name"] == "local"


def test_a_gateway_without_the_package_says_so_at_its_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    monkeypatch.delitem(sys.modules, "serving.gateway.spans")
    settings = Settings(storage={"cache_dir": str(tmp_path)}, logging={"traces_url": COLLECTOR})
    sentence = f"^logging.traces_url: found {COLLECTOR}, and OpenTelemetry's exporter is not"
    with pytest.raises(ValueError, match=sentence) as refused:
        create_app(settings, FakePredictionClient())
    assert "install inference-operator[traces]" in str(refused.value)
