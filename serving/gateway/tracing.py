"""Tracing of requests, off by default: all of it that needs no OpenTelemetry.

`serving.gateway.spans` has the rest, and is imported only where `logging.traces_url` is set.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from serving.gateway.call import Call
from serving.settings import Settings

DROP_CAUSES = ("queue_full", "not_sent", "shutdown")
_PREFIX = "/api/v1/"
_METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"}


class Span(Protocol):
    """A part of a trace that has begun."""

    @property
    def headers(self) -> dict[str, str]:
        """Return its context, for the server that is called within it."""
        ...

    def end(
        self, attributes: Mapping[str, str | int | None], *, failed: bool = False, name: str = ""
    ) -> None:
        """End it with a new name, if there is one, and with those attributes that have a value."""
        ...


class Spans(Protocol):
    """All spans of a process, on their way to a collector."""

    def request(self, method: str, trace: Mapping[str, str]) -> Span:
        """Begin the span of a request, within the trace of its caller if there is one."""
        ...

    def call(self, name: str, trace: Mapping[str, str]) -> Span:
        """Begin the span of a call to Triton, within the trace of a request."""
        ...

    async def start(self) -> None: ...

    async def close(self) -> None: ...


@dataclass(slots=True)
class SpanCounts:
    """Spans by what became of them. The thread that sends writes `handed`, `sent`, `not_sent`."""

    accepted: int = 0
    handed: int = 0
    """Taken out of the queue, to be sent."""
    sent: int = 0
    not_sent: int = 0
    """Refused by the collector, or given up: it was away, or too slow."""
    dropped: dict[str, int] = field(default_factory=dict)

    @property
    def waiting(self) -> int:
        """Return the number of spans in the queue."""
        return self.accepted - self.handed

    @property
    def unsettled(self) -> int:
        """Return the number of spans that wait or are being sent."""
        return self.accepted - self.sent - self.not_sent

    def drop(self, cause: str, count: int = 1) -> None:
        self.dropped[cause] = self.dropped.get(cause, 0) + count

    def lost(self, cause: str) -> int:
        """Return the number of spans that were lost by one of `DROP_CAUSES`."""
        return self.not_sent if cause == "not_sent" else self.dropped.get(cause, 0)


def spans_of(settings: Settings, counts: SpanCounts) -> Spans | None:
    """Return the spans of a gateway, None if nobody collects them.

    Raises:
        ValueError: where OpenTelemetry is not installed.
    """
    url = settings.logging.traces_url
    if url is None:
        return None
    try:
        from serving.gateway.spans import OtlpSpans, exporting
    except ImportError as error:
        raise ValueError(
            f"logging.traces_url: found {url[:80]}, and OpenTelemetry's exporter is not installed"
            f" ({error}); install inference-operator[traces], or remove the setting"
        ) from None
    return OtlpSpans(settings.environment, counts, exporting(url, counts))


def begin_request(spans: Spans | None, scope: Mapping[str, Any], call: Call) -> Span | None:
    """Begin the span of a request to the API; calls to Triton are then within it."""
    if spans is None or not scope["path"].startswith(_PREFIX):
        return None
    span = spans.request(method_of(scope), call.trace)
    call.trace = span.headers
    return span


def method_of(scope: Mapping[str, Any]) -> str:
    """Return the method of a request, _OTHER for a word that a caller made up.

    >>> method_of({"method": "GET"}), method_of({"method": "AAPL"})
    ('GET', '_OTHER')
    """
    method: str = scope["method"]
    return method if method in _METHODS else "_OTHER"


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a request: the route's template, the status, and the reason of a refusal."""

    method: str
    route: str
    code: int
    reason: str | None


def end_request(span: Span, ending: Ending, call: Call) -> None:
    """End the span of a request. The path is left out: it may have the name of a symbol."""
    is_matched = ending.route.startswith("/")
    span.end(
        {
            "http.route": ending.route if is_matched else None,
            "http.response.status_code": ending.code or None,
            "inference.model": call.model,
            "inference.model_version": call.served_version,
            "error.type": ending.reason,
        },
        failed=ending.code >= 500,
        name=f"{ending.method} {ending.route}" if is_matched else "",
    )
