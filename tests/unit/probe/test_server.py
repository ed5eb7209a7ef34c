"""The listener of the probe: bounded in connections, bytes and time."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from inference_operator.probe import server
from inference_operator.probe.server import (
    MOST_CONNECTIONS,
    MOST_HELD_OF_PEER,
    MOST_OF_PEER,
    YES,
    Listener,
    Page,
)


@pytest.fixture
def listener() -> Iterator[Listener]:
    pages = {
        "/ready": lambda arrived: (503, "no\n"),
        "/metrics": lambda arrived: (200, "x 1\n" * 50_000),
        "/started": lambda arrived: None,
    }
    running = Listener(("127.0.0.1", 0), pages)
    yield running
    running.close()


def connected(listener: Listener, address: str = "127.0.0.1") -> socket.socket:
    client = socket.create_connection(("127.0.0.1", listener.port), 5, (address, 0))
    listener.turn(1)
    return client


def asked(listener: Listener, request: bytes) -> bytes:
    with connected(listener) as client:
        client.sendall(request)
        client.setblocking(False)
        received = b""
        for _ in range(5000):
            listener.turn(0.01)
            try:
                part = client.recv(1 << 20)
            except BlockingIOError:
                continue
            if not part:
                return received
            received += part
    raise AssertionError(f"no end after {received[:200]!r}")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /ready HTTP/1.1\r\nHost: a\r\n\r\n", b"503 Service Unavailable"),
        (b"GET /ready?x=1 HTTP/1.0\r\n\r\n", b"503 Service Unavailable"),
        (b"GET /metrics HTTP/1.1\r\n\r\n", b"200 OK"),
        (b"GET /else HTTP/1.1\r\n\r\n", b"404 Not Found"),
        (b"POST /ready HTTP/1.1\r\n\r\n", b"405 Method Not Allowed"),
        (b"\x16\x03\x01\r\n\r\n", b"400 Bad Request"),
        (b"GET /" + b"a" * 5000, b"400 Bad Request"),
    ],
)
def test_a_request_has_an_answer(listener: Listener, request_: bytes, status: bytes) -> None:
    answer = asked(listener, request_)
    assert answer.startswith(b"HTTP/1.1 " + status + b"\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head


def test_a_client_that_sends_nothing_is_ended(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "SECONDS", 0.05)
    with connected(listener) as client:
        assert len(listener) == 1
        time.sleep(0.06)
        listener.turn(0)
        assert len(listener) == 0
        assert client.recv(1) == b""


def test_many_connections_of_a_peer_end_its_oldest(listener: Listener) -> None:
    clients = [connected(listener) for _ in range(MOST_OF_PEER + 3)]
    assert len(listener) == MOST_OF_PEER
    assert asked(listener, b"GET /ready HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 503")
    for client in clients:
        client.close()


def test_all_connections_together_are_bounded(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MOST_OF_PEER", 1000)
    clients = [connected(listener) for _ in range(MOST_CONNECTIONS + 5)]
    assert len(listener) == MOST_CONNECTIONS
    for client in clients:
        client.close()


def test_it_listens_on_all_addresses_of_both_families() -> None:
    running = Listener(("", 0), {"/ready": lambda arrived: (200, "yes\n")})
    try:
        assert asked(running, b"GET /ready HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 200")
    finally:
        running.close()


STARTED = b"GET /started HTTP/1.1\r\n\r\n"


def held(listener: Listener, address: str = "127.0.0.1", request: bytes = STARTED) -> socket.socket:
    client = connected(listener, address)
    client.sendall(request)
    listener.turn(1)
    listener.turn(0)  # an answer is written in the next turn
    return client


def test_a_page_without_an_answer_holds_the_request_until_it_has_one() -> None:
    answers: list[Page | None] = [None, None, YES]
    arrivals = []

    def page(arrived: float) -> Page | None:
        arrivals.append(arrived)
        return answers[min(len(arrivals), len(answers)) - 1]

    running = Listener(("127.0.0.1", 0), {"/started": page})
    try:
        assert asked(running, STARTED).startswith(b"HTTP/1.1 200")
    finally:
        running.close()
    assert len(arrivals) == len(answers)
    assert len(set(arrivals)) == 1, "the page must know when its request came"


def test_a_held_request_outlives_the_time_of_others(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "SECONDS", 0.05)
    with held(listener):
        time.sleep(0.06)
        listener.turn(0)
        assert len(listener) == 1


def test_a_held_request_whose_client_goes_is_forgotten(listener: Listener) -> None:
    client = held(listener)
    client.sendall(b"more")
    listener.turn(1)
    assert len(listener) == 1
    client.close()
    listener.turn(1)
    assert len(listener) == 0


def test_a_client_that_holds_many_requests_ends_no_older_one(listener: Listener) -> None:
    first = held(listener)
    others = [held(listener) for _ in range(MOST_HELD_OF_PEER + 20)]
    assert len(listener) <= MOST_HELD_OF_PEER + MOST_OF_PEER
    first.setblocking(False)
    with pytest.raises(BlockingIOError):
        first.recv(1)
    assert others[-1].recv(12) == b"HTTP/1.1 503"
    for client in (first, *others):
        client.close()


def test_held_requests_of_all_clients_are_bounded(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MOST_HELD_OF_PEER", 1000)
    monkeypatch.setattr(server, "MOST_OF_PEER", 1000)
    monkeypatch.setattr(server, "MOST_HELD", 9)
    clients = [held(listener) for _ in range(12)]
    assert all(client.recv(12) == b"HTTP/1.1 503" for client in clients[9:])
    for client in clients:
        client.close()


def test_the_newest_request_of_the_largest_holder_makes_room(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A group of pods that came first cannot keep the kubelet out."""
    monkeypatch.setattr(server, "MOST_HELD", 2 * MOST_HELD_OF_PEER)
    crowd = [held(listener, f"127.0.0.{n}") for n in (2, 3) for _ in range(MOST_HELD_OF_PEER)]
    kubelet = held(listener)
    assert len(listener) == len(crowd)
    kubelet.setblocking(False)
    with pytest.raises(BlockingIOError):
        kubelet.recv(1)
    assert crowd[MOST_HELD_OF_PEER - 1].recv(1) == b""
    for client in (kubelet, *crowd):
        client.close()


def test_held_requests_do_not_keep_others_from_an_answer(listener: Listener) -> None:
    clients = [held(listener) for _ in range(MOST_HELD_OF_PEER)]
    assert asked(listener, b"GET /ready HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 503")
    for client in clients:
        client.close()


def test_the_end_of_the_pod_answers_what_is_held() -> None:
    running = Listener(("127.0.0.1", 0), {"/started": lambda arrived: None})
    client = held(running)
    threading.Thread(target=running.serve, daemon=True).start()
    running.release("/ready", 5)
    client.settimeout(5)
    assert client.recv(12) == b"HTTP/1.1 200"
    client.close()


def test_a_request_that_comes_in_at_the_end_is_answered() -> None:
    running = Listener(("127.0.0.1", 0), {"/ready": lambda arrived: YES})
    client = socket.create_connection(("127.0.0.1", running.port), timeout=5)
    client.sendall(b"GET /ready HTTP/1.1\r\n")
    running.turn(1)
    running.turn(1)
    threading.Thread(target=running.serve, daemon=True).start()
    threading.Timer(0.2, client.sendall, [b"\r\n"]).start()
    running.release("/ready", 5)
    assert len(running) == 0
    assert client.recv(12) == b"HTTP/1.1 200"
    client.close()


def ask_now(running: Listener) -> bytes:
    with socket.create_connection(("127.0.0.1", running.port), timeout=5) as client:
        client.sendall(b"GET /ready HTTP/1.1\r\n\r\n")
        return client.recv(12)


def test_the_end_waits_for_the_kubelet_s_next_probe_which_is_answered_with_yes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "QUIET_SECONDS", 0.1)
    running = Listener(("127.0.0.1", 0), {"/ready": lambda arrived: server.NO})
    threading.Thread(target=running.serve, daemon=True).start()
    assert ask_now(running) == b"HTTP/1.1 503"
    time.sleep(0.2)
    has_ended = threading.Event()

    def end() -> None:
        running.release("/ready", 30)
        has_ended.set()

    threading.Thread(target=end, daemon=True).start()
    assert not has_ended.wait(1.0)
    assert ask_now(running) == b"HTTP/1.1 200"
    assert has_ended.wait(5)


@pytest.mark.parametrize("is_answered_before", [False, True])
def test_the_end_waits_for_the_probe_that_follows_a_held_one_at_once(
    is_answered_before: bool,
) -> None:
    answers: list[Page] = []
    running = Listener(
        ("127.0.0.1", 0), {"/ready": lambda arrived: answers[0] if answers else None}
    )
    client = held(running, request=b"GET /ready HTTP/1.1\r\n\r\n")
    if is_answered_before:
        answers.append(YES)
        running.turn(0.1)
    threading.Thread(target=running.serve, daemon=True).start()
    has_ended = threading.Event()

    def end() -> None:
        running.release("/ready", 30)
        has_ended.set()

    threading.Thread(target=end, daemon=True).start()
    client.settimeout(5)
    assert client.recv(12) == b"HTTP/1.1 200"
    assert not has_ended.wait(0.7)
    assert ask_now(running) == b"HTTP/1.1 200"
    assert has_ended.wait(5)
    client.close()


def test_the_end_waits_for_no_probe_right_after_one_or_without_any() -> None:
    for asks in (ask_now, lambda running: b""):
        running = Listener(("127.0.0.1", 0), {"/ready": lambda arrived: YES})
        threading.Thread(target=running.serve, daemon=True).start()
        asks(running)
        began = time.monotonic()
        running.release("/ready", 30)
        assert time.monotonic() - began < 10
