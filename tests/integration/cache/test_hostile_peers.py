"""Peers that want to exhaust a node's cache: its memory, its disk, its connections, its time."""

import os
import socket
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from .hostile import JUNK, Attacked, digest, head, push, started, status

CODE = os.urandom(4 << 20)
SHA256 = digest(CODE)
# The manifest has 256 Mi; the process takes about 50 at its start.
MOST_GROWTH = 96


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Attacked]:
    folder = tmp_path / "artifacts"
    folder.mkdir()
    (folder / SHA256).write_bytes(CODE)
    with started(folder) as attacked:
        yield attacked


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    """One cache for many requests that change nothing."""
    folder = tmp_path_factory.mktemp("artifacts")
    (folder / SHA256).write_bytes(CODE)
    with started(folder) as attacked:
        yield attacked


def announce(cache: Attacked, count: int, peers: int) -> list[socket.socket]:
    """Uploads that announce 8 MiB and begin to send it."""
    connections = [cache.connect(n % peers) for n in range(count)]
    for n, connection in enumerate(connections):
        push(connection, head("PUT", f"{n:064x}", f"Content-Length: {8 << 20}").encode())
        push(connection, JUNK)
    return connections


def until_answered(connections: list[socket.socket], count: int) -> Counter[int]:
    """The answers, once so many have come."""
    end = time.monotonic() + 30
    while True:
        statuses = Counter(map(status, connections))
        if statuses.total() - statuses[-1] >= count:
            return statuses
        assert time.monotonic() < end, statuses
        time.sleep(0.02)


@pytest.mark.parametrize("peers", [1, 75])
def test_300_uploads_downloads_and_1000_idle_connections_are_held(
    cache: Attacked, peers: int
) -> None:
    before = cache.memory("VmRSS")
    for n in range(1000):
        push(cache.connect(n % peers), b"GET /sha256/")
    uploads = announce(cache, 300, peers)
    for n in range(300):
        push(cache.connect(n % peers), head("GET", SHA256).encode())
    for _ in range(40):
        for connection in uploads:
            push(connection, JUNK)
        time.sleep(0.02)
    assert cache.ask("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n") == (200, b"ok\n")
    # Downloads that a peer does not read end after 10 s.
    end = time.monotonic() + 30
    while (answer := cache.take(SHA256))[0] == 503:
        assert time.monotonic() < end
        time.sleep(0.5)
    assert answer == (200, CODE)
    assert cache.memory("VmHWM") - before < MOST_GROWTH
    cache.close()
    assert cache.take(SHA256) == (200, CODE)
    assert cache.bring(b"fresh") == 201
    assert cache.take(digest(b"fresh")) == (200, b"fresh")
    assert len(cache.files) == 2


def test_300_uploads_of_one_peer_are_refused_before_they_are_read(cache: Attacked) -> None:
    answers = until_answered(announce(cache, 300, 1), 296)
    assert answers[-1] == 4
    assert answers[429] + answers[0] == 296
    incoming = [name for name in cache.files if name.startswith(".incoming")]
    assert len(incoming) == 4
    assert cache.take(SHA256) == (200, CODE)
    assert cache.bring(b"fresh") == 201


def test_uploads_of_many_peers_are_at_most_16(cache: Attacked) -> None:
    answers = until_answered(announce(cache, 100, 100), 84)
    assert answers[-1] == 16
    assert answers[503] + answers[0] == 84
    assert cache.take(SHA256) == (200, CODE)


def test_who_is_refused_is_told_when_to_come_back_and_sends_nothing(cache: Attacked) -> None:
    announce(cache, 4, 1)
    time.sleep(0.2)
    expected = f"Content-Length: {1 << 30}\r\nExpect: 100-continue"
    with cache.connect(0, blocking=True) as connection:
        connection.sendall(head("PUT", SHA256[::-1], expected).encode())
        answer = connection.recv(1000).decode()
    assert answer.startswith("HTTP/1.1 429 ")
    assert "Retry-After: 2" in answer
    assert "100 Continue" not in answer


def test_downloads_of_one_peer_leave_room_for_others(cache: Attacked) -> None:
    # More than the buffers of a connection take.
    large = os.urandom(16 << 20)
    assert cache.bring(large) == 201
    downloads = [cache.connect(1) for _ in range(40)]
    for connection in downloads:
        push(connection, head("GET", digest(large)).encode())
    answers = until_answered(downloads, 40)
    assert answers[200] == 12
    assert answers[429] + answers[0] == 28
    assert cache.take(digest(large), peer=2) == (200, large)


def test_claims_of_one_peer_are_few(cache: Attacked) -> None:
    claims = [cache.connect(1) for _ in range(40)]
    for n, connection in enumerate(claims):
        request = f"POST /sha256/{n:064x}/claim HTTP/1.1\r\nHost: cache\r\n\r\n"
        push(connection, request.encode())
    answers = until_answered(claims, 40)
    assert answers[200] == 16
    assert answers[429] + answers[0] == 24


def test_a_peer_has_so_many_connections_and_its_oldest_idle_one_ends(cache: Attacked) -> None:
    idle = [cache.connect(1) for _ in range(70)]
    assert until_answered(idle, 6)[0] == 6
    assert [status(each) for each in idle[:6]] == [0] * 6
    assert cache.take(SHA256, peer=1) == (200, CODE)


@pytest.mark.parametrize(
    ("request_head", "answer"),
    [
        ("GET /sha256/..%2f..%2fetc%2fpasswd HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET /sha256/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (f"GET /sha256/{SHA256.upper()} HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (f"GET /sha256/{SHA256}%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (f"GET /sha256/{'0' * 5000} HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (f"GET /sha256/{SHA256}?{'q' * 5000} HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (head("GET", SHA256, f"X: {'h' * 20_000}"), 400),
        (head("GET", SHA256, *[f"X-{n}: y" for n in range(200)]), 400),
        (head("PUT", "0" * 64), 411),
        (head("PUT", "0" * 64, "Transfer-Encoding: chunked"), 411),
        (head("PUT", "0" * 64, "Content-Length: -1"), 400),
        (head("PUT", "0" * 64, f"Content-Length: {10**30}"), 400),
        (head("PUT", "0" * 64, f"Content-Length: {1 << 40}"), 507),
        (head("PUT", "0" * 64, "Content-Length: 5", "Transfer-Encoding: chunked"), 400),
        (head("PATCH", SHA256), 405),
        ("\x00\x01\x02\r\n\r\n", 400),
    ],
    # The digest is another one in each worker.
    ids=range(16),
)
def test_a_request_that_is_none_is_refused(
    standing: Attacked, request_head: str, answer: int
) -> None:
    assert standing.ask(request_head)[0] == answer
    assert standing.take(SHA256) == (200, CODE)
    assert standing.files == [SHA256]


@pytest.mark.parametrize(
    ("ranges", "answer"),
    [
        ("bytes=0-9", (206, CODE[:10])),
        ("bytes=4194300-", (206, CODE[-4:])),
        ("bytes=0-99999999", (206, CODE)),
        ("bytes=4194304-", (416, b"")),
        ("bytes=9-2", (416, b"")),
        ("bytes=0-0" + ",0-0" * 500, (200, CODE)),
        ("bytes=-5", (200, CODE)),
        ("bytes=" + "9" * 2000 + "-", (200, CODE)),
    ],
)
def test_one_range_at_most_is_answered(
    standing: Attacked, ranges: str, answer: tuple[int, bytes]
) -> None:
    assert standing.ask(head("GET", SHA256, f"Range: {ranges}")) == answer


def test_requests_that_follow_on_one_connection_are_not_read(standing: Attacked) -> None:
    request = head("HEAD", SHA256).encode()
    with standing.connect(1, blocking=True) as connection:
        connection.sendall(request * 200)
        answer = b""
        try:
            while chunk := connection.recv(1 << 16):
                answer += chunk
        except ConnectionError:
            pass
    assert answer.count(b"HTTP/1.1 ") <= 1


def test_a_client_that_goes_gives_its_space_back(cache: Attacked) -> None:
    for connection in announce(cache, 4, 1):
        connection.close()
    end = time.monotonic() + 20
    while cache.files != [SHA256]:
        assert time.monotonic() < end, cache.files
        time.sleep(0.02)
    assert cache.bring(os.urandom(60 << 20)) == 201


def test_a_body_that_is_packed_is_not_unpacked(cache: Attacked) -> None:
    import gzip

    packed = gzip.compress(bytes(256 << 20), 9)
    before = cache.memory("VmRSS")
    headers = ("Content-Encoding: gzip", f"Content-Length: {len(packed)}")
    assert cache.ask(head("PUT", digest(packed), *headers), packed)[0] == 201
    assert cache.take(digest(packed)) == (200, packed)
    assert cache.memory("VmHWM") - before < 16


def test_junk_of_one_peer_does_not_take_the_place_of_what_others_use(cache: Attacked) -> None:
    used = os.urandom(4 << 20)
    assert cache.bring(used, peer=2) == 201
    for _ in range(12):
        assert cache.bring(os.urandom(15 << 20), peer=1) == 201
    assert cache.take(digest(used)) == (200, used)


def test_what_a_killed_cache_left_is_gone_after_its_restart(tmp_path: Path) -> None:
    folder = tmp_path / "artifacts"
    folder.mkdir()
    (folder / ".incoming-0123456789abcdef").write_bytes(JUNK)
    (folder / SHA256).write_bytes(CODE)
    with started(folder) as cache:
        assert cache.take(SHA256) == (200, CODE)
        assert cache.files == [SHA256]
