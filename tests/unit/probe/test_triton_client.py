"""The client of Triton: a model's server may answer anything, so each answer is bounded."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from inference_operator.probe.request import probe_request
from inference_operator.probe.triton import (
    Answer,
    Counters,
    GoneError,
    LateError,
    NoAnswerError,
    TritonClient,
)
from tests.unit.probe.configs import model


def _read_request(connection: socket.socket) -> None:
    """Read a whole request, as servers do: a client that still sends would not see the answer."""
    request = b""
    while b"\r\n\r\n" not in request and (received := connection.recv(1 << 16)):
        request += received
    head, _, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"\r\nContent-Length: (\d+)", head)
    left = int(length[1]) - len(body) if length else 0
    while left > 0 and (received := connection.recv(1 << 16)):
        left -= len(received)


@contextmanager
def serving(*parts: bytes, pause: float = 0.0, stays_open: bool = False) -> Iterator[TritonClient]:
    """Serve one connection with these bytes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                _read_request(connection)
                try:
                    for part in parts:
                        connection.sendall(part)
                        time.sleep(pause)
                    if stays_open:
                        time.sleep(1)
                except OSError:
                    return

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield TritonClient(listening.getsockname(), "a b/c", "3")
        thread.join(5)


def response(body: bytes, status: str = "200 OK", *fields: str) -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields, "", ""]
    return "\r\n".join(head).encode() + body


STATS = (
    b'{"model_stats":[{"name":"m","inference_stats":{"success":{"count":7,"ns":3000000000},'
    b'"fail":{"count":2,"ns":5},"queue":{"count":7,"ns":1000000000}}}]}'
)


def test_counters_are_read() -> None:
    with serving(response(STATS)) as client:
        assert client.counters() == Counters(7, 2, 2.0)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nothing",
        b"[]",
        b'{"model_stats":[]}',
        b'{"model_stats":[{"inference_stats":5}]}',
        STATS * 2,
    ],
)
def test_other_answers_are_no_counters(body: bytes) -> None:
    with serving(response(body)) as client:
        assert client.counters() is None


def test_an_answer_may_come_in_pieces() -> None:
    with serving(*(bytes([byte]) for byte in response(STATS))) as client:
        assert client.counters() is not None


def test_only_the_head_of_a_binary_answer_is_read() -> None:
    body = b'{"outputs":[]}'
    field = f"Inference-Header-Content-Length: {len(body)}"
    whole = response(body + bytes(1 << 22), "200 OK", field)
    with serving(whole) as client:
        answer = client.ask(probe_request(model()), 5)
    assert (answer.status, answer.body, answer.error) == (200, {"outputs": []}, "")


BAD = {
    "nothing": (b"",),
    "no HTTP": (b"SSH-2.0-OpenSSH\r\n\r\n",),
    "no status": (b"HTTP/1.1\r\n\r\n",),
    "a head without end": (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 10_000,),
    "a body that ends early": (b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nab",),
}


@pytest.mark.parametrize("parts", BAD.values(), ids=BAD)
def test_a_bad_answer_is_none(parts: tuple[bytes, ...]) -> None:
    with serving(*parts) as client, pytest.raises(NoAnswerError):
        client.config()


TOO_LARGE = b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n"


def test_an_answer_that_is_too_large_is_an_answer() -> None:
    """Triton keeps counters of each batch size, and no client may make a model look dead."""
    with serving(TOO_LARGE) as client:
        assert client.counters() is None
    with serving(TOO_LARGE) as client:
        assert client.ask(probe_request(model()), 5).body is None
    with serving(TOO_LARGE) as client, pytest.raises(ValueError, match="2,000,000 bytes"):
        client.config()


def test_many_lists_are_not_built() -> None:
    body = b"[" + b"[]," * 6_000 + b"[]]"
    with serving(response(body)) as client:
        assert client.ask(probe_request(model()), 5).body is None


def test_a_slow_answer_has_an_end() -> None:
    """Each byte comes in time, but not all of them together."""
    began = time.monotonic()
    with serving(*[b"a"] * 40, pause=0.05) as client, pytest.raises(LateError):
        client.ask(probe_request(model()), 0.3)
    assert time.monotonic() - began < 5


def test_a_server_that_says_nothing_has_an_end() -> None:
    with serving(stays_open=True) as client, pytest.raises(NoAnswerError, match="timed out"):
        client.ask(probe_request(model()), 0.2)


def test_a_closed_port_means_that_triton_is_gone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = listening.getsockname()
    with pytest.raises(GoneError):
        TritonClient(address, "m", "1").is_ready()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(200, None, 0.1), ""),
        (
            Answer(500, {"error": "Stub process 'a_0' is not healthy."}, 0.1),
            "Stub process 'a_0' is not healthy.",
        ),
        (Answer(503, None, 0.1), "HTTP status 503"),
        (Answer(400, {"error": 5}, 0.1), "HTTP status 400"),
    ],
)
def test_the_error_of_an_answer(answer: Answer, error: str) -> None:
    assert answer.error == error
