"""Client of Triton's HTTP port in the same pod. The model may be hostile, so each answer has a
largest size, and each request an end."""

import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from inference_operator.domain.bounded_json import JsonLimits, parse_json
from inference_operator.probe.request import ProbeRequest

_HEAD_BYTES = 16 << 10
_ANSWER_BYTES = 1 << 20
_LIMITS = JsonLimits(size=_ANSWER_BYTES)
# Of an inference only a short head is JSON. Parsed lists take many times the memory of their text.
_HEAD_LIMITS = JsonLimits(size=_ANSWER_BYTES, containers=5_000)
LOOK_SECONDS = 2.0


class GoneError(Exception):
    """Triton accepts no connection: it has ended, or it is starting."""


class NoAnswerError(Exception):
    """No answer came in time, or one that is not HTTP."""


class LateError(NoAnswerError):
    """The connection was accepted, and the time is over."""


class TooLargeError(NoAnswerError):
    """An answer came, and it is larger than a probe reads."""


@dataclass(frozen=True, slots=True)
class Counters:
    """Requests to a model since Triton started, and the time that the good ones took."""

    succeeded: int
    failed: int
    seconds: float
    """Time of the good ones, without their time in the queue where Triton measures it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to an inference request."""

    status: int
    body: Any
    """The parsed JSON; None if it is not JSON."""

    seconds: float

    @property
    def error(self) -> str:
        """Triton's sentence; empty if the request succeeded."""
        if self.status == 200:
            return ""
        text = self.body.get("error") if isinstance(self.body, dict) else None
        return text if isinstance(text, str) and text else f"HTTP status {self.status}"


@dataclass(frozen=True, slots=True)
class _Response:
    status: int
    json_bytes: bytes


class TritonClient:
    """Requests about one version of one model."""

    def __init__(self, address: tuple[str, int], model: str, version: str) -> None:
        self._address = address
        self._path = f"/v2/models/{quote(model, safe='')}/versions/{quote(version, safe='')}"

    def is_ready(self) -> bool:
        return self._get("/ready").status == 200

    def config(self) -> Any:
        """Return the model's configuration as Triton completed it; ValueError if it is not JSON, or
        too large."""
        try:
            response = self._get("/config")
        except TooLargeError as error:
            raise ValueError(str(error)) from None
        if response.status != 200:
            raise ValueError(f"/config answered with status {response.status}")
        return parse_json(response.json_bytes, _LIMITS)

    def counters(self) -> Counters | None:
        """Return the model's counters; None if Triton has none, or too many: it has some for each
        size of a batch."""
        try:
            response = self._get("/stats")
        except TooLargeError:
            return None
        try:
            (stats,) = parse_json(response.json_bytes, _LIMITS)["model_stats"]
            names = ("success", "fail", "queue")
            good, bad, queue = (stats["inference_stats"].get(name) or {} for name in names)
            counts = int(good.get("count", 0)), int(bad.get("count", 0))
            return Counters(*counts, (int(good.get("ns", 0)) - int(queue.get("ns", 0))) / 1e9)
        except (ValueError, TypeError, KeyError, AttributeError):
            return None

    def ask(self, request: ProbeRequest, seconds: float) -> Answer:
        """Send an inference request and return its answer within so many seconds."""
        head = [
            f"POST {self._path}/infer HTTP/1.1",
            "Content-Type: application/octet-stream",
            f"Inference-Header-Content-Length: {len(request.head)}",
            f"Content-Length: {request.size}",
        ]
        began = time.monotonic()
        try:
            response = self._exchange(head, request.chunks(), seconds)
        except TooLargeError:
            return Answer(200, None, time.monotonic() - began)
        try:
            body = parse_json(response.json_bytes, _HEAD_LIMITS)
        except ValueError:
            body = None
        return Answer(response.status, body, time.monotonic() - began)

    def _get(self, path: str) -> _Response:
        return self._exchange([f"GET {self._path}{path} HTTP/1.1"], (), LOOK_SECONDS)

    def _exchange(self, head: list[str], body: Iterable[bytes], seconds: float) -> _Response:
        deadline = time.monotonic() + seconds
        try:
            connection = socket.create_connection(self._address, timeout=min(seconds, LOOK_SECONDS))
        except ConnectionError as error:
            raise GoneError(str(error)) from None
        except OSError as error:
            raise NoAnswerError(str(error)) from None
        lines = [*head, f"Host: {self._address[0]}:{self._address[1]}", "Connection: close", "", ""]
        with connection:
            try:
                for chunk in ("\r\n".join(lines).encode(), *body):
                    connection.settimeout(_left(deadline))
                    connection.sendall(chunk)
                return _read(connection, deadline)
            except TimeoutError as error:
                raise LateError(str(error)) from None
            except OSError as error:
                raise NoAnswerError(str(error)) from None


def _read(connection: socket.socket, deadline: float) -> _Response:
    received = bytearray()
    while (end := received.find(b"\r\n\r\n")) < 0:
        if len(received) > _HEAD_BYTES:
            raise NoAnswerError("the head of the answer is too long")
        received += _receive(connection, deadline)
    status_line, *fields = received[:end].decode("latin-1").split("\r\n")
    parts = status_line.split(" ", 2)
    if not parts[0].startswith("HTTP/1.") or len(parts) < 2 or not parts[1].isdecimal():
        raise NoAnswerError("the answer is not HTTP")
    lengths = _lengths(fields)
    # Of a binary answer only the JSON at its beginning: the numbers are not looked at.
    size = lengths.get("inference-header-content-length", lengths.get("content-length", 0))
    if size > _ANSWER_BYTES:
        raise TooLargeError(f"the answer has {size:,} bytes")
    content = received[end + 4 :]
    while len(content) < size:
        content += _receive(connection, deadline)
    return _Response(int(parts[1][:3]), bytes(content[:size]))


def _lengths(fields: list[str]) -> dict[str, int]:
    lengths = {}
    for field in fields:
        name, _, value = field.partition(":")
        if value.strip().isdecimal() and len(value) < 20:
            lengths[name.strip().lower()] = int(value)
    return lengths


def _receive(connection: socket.socket, deadline: float) -> bytes:
    connection.settimeout(_left(deadline))
    received = connection.recv(64 << 10)
    if not received:
        raise NoAnswerError("the connection ended")
    return received


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise LateError("the time is over")
    return left
