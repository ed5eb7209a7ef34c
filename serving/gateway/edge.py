"""The edge of the program: each request's id, body, rights and place; problems, figures, a log.

It is plain ASGI, so that a caller who goes cancels the work for its request.
"""

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from secrets import token_hex
from time import perf_counter
from typing import Any

import orjson

from serving.gateway.call import Call
from serving.gateway.callers import Callers, scope_of
from serving.gateway.figures import Series, Window
from serving.gateway.in_flight import InFlight
from serving.gateway.problems import MEDIA_TYPE, Problem, Reason, RefusedError, of_field
from serving.gateway.rates import Rates
from serving.gateway.telemetry import Telemetry
from serving.gateway.traces import trace_headers, trace_id
from serving.gateway.tracing import Ending, Span, Spans, begin_request, end_request, method_of

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

_LOG = logging.getLogger("serving.gateway.requests")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_BODY_SECONDS = 30
_OPEN = ("/health", "/ready", "/metrics", "/openapi.json")


@dataclass(slots=True)
class Visit:
    """One HTTP request on its way through the gateway."""

    request_id: str
    began: float
    call: Call = field(default_factory=Call)
    reason: Reason | None = None
    code: int = 0
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class EdgeParts:
    """Limits and instruments of the edge; `callers` is None where everybody may call, `rates` where
    nobody is limited, `spans` where nobody collects them."""

    in_flight: InFlight
    body_bytes: int
    telemetry: Telemetry
    figures: Window
    callers: Callers | None = None
    rates: Rates | None = None
    spans: Spans | None = None

    async def start(self) -> None:
        for part in (self.callers, self.rates, self.spans):
            if part is not None:
                await part.start()

    async def close(self) -> None:
        for part in (self.callers, self.rates, self.spans):
            if part is not None:
                await part.close()


class Edge:
    """The outermost application; the routes lie within."""

    def __init__(self, app: App, parts: EdgeParts) -> None:
        self._app, self._parts = app, parts

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in
                   scope["headers"]}  # fmt: skip
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else token_hex(8)
        visit = Visit(request_id, perf_counter())
        visit.call.request_id, visit.call.trace = request_id, trace_headers(headers)
        visit.span = begin_request(self._parts.spans, scope, visit.call)
        scope.setdefault("state", {})["visit"] = visit
        respond = _Respond(send, visit)
        try:
            await self._check_rights(scope, headers)
            body = await self._body(scope["method"], headers, receive)
            await self._run(scope, body, receive, respond)
        except RefusedError as refused:
            await refuse(respond, visit, refused.problem)
        except _GoneError:
            visit.code = 499
        except Exception:
            _LOG.exception("request %s failed", visit.request_id)
            if not respond.began:
                await refuse(respond, visit, INTERNAL)
        finally:
            self._tell(scope, visit)

    async def _check_rights(self, scope: Message, headers: dict[str, str]) -> None:
        path = scope["path"]
        if path in _OPEN:
            return
        peer = scope.get("client")
        name = str(peer[0]) if peer else ""
        if (callers := self._parts.callers) is not None:
            needed = scope_of(scope["method"], path)
            name = callers.caller(headers.get("authorization"), needed).name
        if self._parts.rates is not None:
            await self._parts.rates.check(name)

    async def _body(self, method: str, headers: dict[str, str], receive: Receive) -> bytes:
        if method in ("POST", "PUT", "PATCH"):
            _check_content(headers)
        most = self._parts.body_bytes
        if headers.get("content-length", "0").isdigit():
            _check_size(int(headers.get("content-length", "0")[:20]), most)
        chunks, size = [], 0
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise _GoneError
                    chunks.append(message.get("body", b""))
                    size += len(chunks[-1])
                    _check_size(size, most)
                    if not message.get("more_body"):
                        return b"".join(chunks)
        except TimeoutError:
            raise RefusedError(
                Problem(
                    Reason.BAD_BODY,
                    f"body: found {size} bytes after {_BODY_SECONDS} s, expected all of it; send"
                    " it faster",
                    "body",
                )
            ) from None

    async def _run(
        self, scope: Message, body: bytes, receive: Receive, respond: "_Respond"
    ) -> None:
        if "/predict/" not in scope["path"]:
            await self._app(scope, _replay(body, receive), respond)
            return
        async with self._parts.in_flight.place():
            work = asyncio.ensure_future(self._app(scope, _replay(body, receive), respond))
            gone = asyncio.ensure_future(_disconnected(receive))
            try:
                await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
                if not work.done():
                    raise _GoneError
                work.result()
            finally:
                for task in (work, gone):
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError, Exception):
                        await task

    def _tell(self, scope: Message, visit: Visit) -> None:
        template = getattr(scope.get("route"), "path", "none")
        seconds, call = perf_counter() - visit.began, visit.call
        version = call.served_version or "none"
        model = call.model or "none"
        telemetry = self._parts.telemetry
        telemetry.requests.labels(template, model, version, str(visit.code)).observe(seconds)
        if visit.reason is not None:
            telemetry.refused.labels(template, visit.reason.value).inc()
        if template.startswith("/api/v1/") and template != "/api/v1/metrics":
            series = Series(template, model, version)
            self._parts.figures.add(series, seconds, failed=visit.code >= 400)
        reason = visit.reason.value if visit.reason else None
        if visit.span is not None:
            end_request(visit.span, Ending(method_of(scope), template, visit.code, reason), call)
        _LOG.info(
            "request",
            extra={
                "fields": {
                    "request_id": visit.request_id,
                    "trace_id": trace_id(call.trace),
                    "method": scope["method"],
                    "route": template,
                    "code": visit.code,
                    "milliseconds": round(seconds * 1000, 3),
                    "model": call.model or None,
                    "version": call.served_version or None,
                    "reason": reason,
                }
            },
        )


class _GoneError(Exception):
    """The caller closed the connection."""


class _Respond:
    """`send` with the headers that every answer has."""

    def __init__(self, send: Send, visit: Visit) -> None:
        self._send, self._visit, self.began = send, visit, False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.began, self._visit.code = True, message["status"]
            milliseconds = (perf_counter() - self._visit.began) * 1000
            headers = [
                *message.get("headers", []),
                (b"x-request-id", self._visit.request_id.encode()),
                (b"server-timing", b"total;dur=%.2f" % milliseconds),
            ]
            if version := self._visit.call.served_version:
                headers.append((b"x-model-version", version.encode("latin-1", "replace")))
            message = {**message, "headers": headers}
        await self._send(message)


INTERNAL = Problem(
    Reason.INTERNAL,
    "the gateway failed; report the request's id to its owner",
    remedy="report the request's id to the gateway's owner",
)


async def refuse(send: Send, visit: Visit, problem: Problem) -> None:
    """Send the problem as the answer."""
    visit.reason = problem.reason
    content = orjson.dumps(problem.body(visit.request_id))
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(content)).encode()),
    ]
    if problem.retry_after is not None:
        headers.append((b"retry-after", str(problem.retry_after).encode()))
    if problem.reason == Reason.UNAUTHENTICATED:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def _check_content(headers: dict[str, str]) -> None:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise RefusedError(
            of_field(
                Reason.WRONG_CONTENT_TYPE, "Content-Type", kind or "none", "application/json",
                "send JSON with that header",
            )
        )  # fmt: skip
    encoding = headers.get("content-encoding", "identity").lower()
    if encoding != "identity":
        raise RefusedError(
            of_field(
                Reason.WRONG_CONTENT_TYPE, "Content-Encoding", encoding, "none",
                "send the body as it is",
            )
        )  # fmt: skip


def _check_size(size: int, most: int) -> None:
    if size > most:
        raise RefusedError(
            of_field(
                Reason.BODY_TOO_LARGE, "body", f"{size} bytes or more", f"{most} at most",
                "send less at once, or raise limits.body_bytes",
            )
        )  # fmt: skip


def _replay(body: bytes, receive: Receive) -> Receive:
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return messages.pop() if messages else await receive()

    return next_message


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
