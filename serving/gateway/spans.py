"""Spans of requests and of calls to Triton, by OpenTelemetry, and their way to a collector.

They go by OTLP over HTTP, from a thread of their own. A request never waits for it: the queue has a
bound, and what does not fit is dropped and counted.
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import requests
from google.protobuf.message import DecodeError
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Span, SpanKind, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from serving.gateway.tracing import SpanCounts

QUEUE = 2048
_BATCH = 512
_INTERVAL_SECONDS = 1.0
_SEND_SECONDS = 2.0
"""The time of a batch with all attempts; it is given up then."""
END_SECONDS = 3.0
"""The longest time that the end of the process waits for spans."""
_QUIET_SECONDS = 60.0
_OWN_PATH = "/v1/traces"
_EXPORTER = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
_LOG = logging.getLogger(__name__)
_CONTEXT = TraceContextTextMapPropagator()


class OtlpSpans:
    """The spans of one process; see `serving.gateway.tracing.Spans`.

    Names and headers of the collector, and the share of traces that is kept, may come from the
    SDK's own variables, such as OTEL_RESOURCE_ATTRIBUTES.
    """

    def __init__(
        self, environment: str, counts: SpanCounts, exporter: Callable[[], SpanExporter]
    ) -> None:
        self._counts, self._exporter = counts, exporter
        names: dict[str, str | int] = {
            "service.name": "inference-gateway",
            "deployment.environment.name": environment,
            "process.pid": os.getpid(),
        }
        resource = Resource.create(names).merge(OTELResourceDetector().detect())
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._tracer = self._provider.get_tracer("serving.gateway")

    def request(self, method: str, trace: Mapping[str, str]) -> "OtlpSpan":
        return self._begin(method, SpanKind.SERVER, trace, {"http.request.method": method})

    def call(self, name: str, trace: Mapping[str, str]) -> "OtlpSpan":
        return self._begin(name, SpanKind.CLIENT, trace, {})

    async def start(self) -> None:
        """Begin to send; the thread is one of the process that serves."""
        logging.getLogger(_EXPORTER).addFilter(_SELDOM)
        self._provider.add_span_processor(_BoundedQueue(self._exporter(), self._counts))

    async def close(self) -> None:
        """Send what waits, for a bounded time; what is left is dropped and counted."""
        thread = Thread(target=self._provider.shutdown, name="end of spans", daemon=True)
        thread.start()
        await asyncio.to_thread(thread.join, END_SECONDS)
        if (left := self._counts.unsettled) > 0:
            self._counts.drop("shutdown", left)
            _LOG.warning("%s spans were not sent before the end of the process", left)

    def _begin(
        self, name: str, kind: SpanKind, trace: Mapping[str, str], attributes: Mapping[str, str]
    ) -> "OtlpSpan":
        context = _CONTEXT.extract(trace)
        return OtlpSpan(self._tracer.start_span(name, context, kind, attributes))


class OtlpSpan:
    """A span that has begun; see `serving.gateway.tracing.Span`."""

    def __init__(self, span: Span) -> None:
        self._span = span

    @property
    def headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        _CONTEXT.inject(headers, set_span_in_context(self._span))
        return headers

    def end(
        self, attributes: Mapping[str, str | int | None], *, failed: bool = False, name: str = ""
    ) -> None:
        if name:
            self._span.update_name(name)
        self._span.set_attributes({key: value for key, value in attributes.items() if value})
        if failed:
            # Without a description: a message may quote what a caller sent.
            self._span.set_status(StatusCode.ERROR)
        self._span.end()


def exporting(url: str, counts: SpanCounts) -> Callable[[], SpanExporter]:
    """Return a factory of the exporter to an address; without a path it gets OTLP's own."""
    parts = urlsplit(url)
    address = parts._replace(path=_OWN_PATH).geturl() if parts.path in ("", "/") else url
    return lambda: _CountedExporter(address, counts)


class _BoundedQueue(BatchSpanProcessor):
    """A queue of QUEUE spans, which are sent in batches; newer ones are dropped and counted."""

    def __init__(self, exporter: SpanExporter, counts: SpanCounts) -> None:
        super().__init__(
            exporter,
            max_queue_size=QUEUE,
            schedule_delay_millis=_INTERVAL_SECONDS * 1000,
            max_export_batch_size=_BATCH,
        )
        self._counts, self._is_closed = counts, False

    def on_end(self, span: ReadableSpan) -> None:
        if span.context is None or not span.context.trace_flags.sampled:
            return
        if self._is_closed:
            self._counts.drop("shutdown")
        elif self._counts.waiting >= QUEUE:
            self._counts.drop("queue_full")
        else:
            self._counts.accepted += 1
            super().on_end(span)

    def shutdown(self) -> None:
        self._is_closed = True
        super().shutdown()  # type: ignore[no-untyped-call]


class _CountedExporter(SpanExporter):
    """OTLP over HTTP, where each span is counted as sent or as not sent.

    OTLP's own exporter takes a redirect for success, and spans that an answer refuses as taken.
    """

    def __init__(self, address: str, counts: SpanCounts) -> None:
        session = requests.Session()
        session.trust_env = False
        session.hooks["response"].append(self._on_response)
        self._otlp = OTLPSpanExporter(address, timeout=_SEND_SECONDS, session=session)
        self._counts, self._refused = counts, 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self._counts.handed += len(spans)
        self._refused, sent = 0, 0
        result = SpanExportResult.FAILURE
        try:
            result = self._otlp.export(spans)
            if result == SpanExportResult.SUCCESS:
                sent = len(spans) - min(max(self._refused, 0), len(spans))
        finally:
            self._counts.sent += sent
            self._counts.not_sent += len(spans) - sent
        return result

    def shutdown(self) -> None:
        self._otlp.shutdown()  # type: ignore[no-untyped-call]

    def _on_response(self, response: Any, *_: Any, **__: Any) -> None:
        if 300 <= response.status_code < 400:
            raise requests.RequestException("the collector answered with a redirect")
        if response.ok:
            try:
                answer = ExportTraceServiceResponse.FromString(response.content)
            except DecodeError:
                return
            self._refused = answer.partial_success.rejected_spans


class _Seldom(logging.Filter):
    """A filter that lets each message through once a minute: a collector may be away for days."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        now, last = time.monotonic(), self._last.get(record.msg)
        if last is not None and now - last < _QUIET_SECONDS:
            return False
        self._last[record.msg] = now
        return True


_SELDOM = _Seldom()
