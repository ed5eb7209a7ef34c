"""A pod whose node's cache has too much to do: it asks again, and then does without."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from inference_operator.load.transfer.node_cache import UPLOAD_ATTEMPTS, NodeCache
from tests.integration.load.conftest import FaultyStore, Pod, code_of

CODE = code_of(300_000)
SHA256 = hashlib.sha256(CODE).hexdigest()


class Busy(ThreadingHTTPServer):
    """A cache that gives claims, if at all, and refuses so many uploads."""

    def __init__(self) -> None:
        self.claims, self.refusals = True, 0
        self.requests: list[str] = []
        self.bodies: list[int] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Busy

    def handle_expect_100(self) -> bool:
        return self.server.refusals == 0 and super().handle_expect_100()

    def answer(self, status: int, state: str = "") -> None:
        self.server.requests.append(f"{self.command} {status}")
        self.send_response(status)
        self.send_header("State", state)
        self.send_header("Retry-After", "2")
        self.send_header("Connection", "close")
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"said")

    def do_POST(self) -> None:
        self.answer(200 if self.server.claims else 503, "yours" if self.server.claims else "")

    def do_PUT(self) -> None:
        self.server.bodies.append(len(self.rfile.read(int(self.headers["Content-Length"]))))
        self.answer(201)

    def parse_request(self) -> bool:
        going_on = super().parse_request()
        if not going_on and self.server.refusals and self.command == "PUT":
            self.server.refusals -= 1
            self.answer(429)
        return going_on

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def busy() -> Iterator[Busy]:
    server = Busy()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def pod_of(store: FaultyStore, pod: Pod) -> Pod:
    (store.folder / "ranker.py").write_bytes(CODE)
    pod.plan(f"{store.url}/ranker.py", SHA256)
    return pod


def test_an_upload_that_is_refused_is_tried_again_and_sends_no_body_before(
    busy: Busy, pod_of: Pod
) -> None:
    busy.refusals = UPLOAD_ATTEMPTS - 1
    slept: list[float] = []
    pod_of.load(cache=NodeCache(busy.url, sleep=slept.append))
    assert pod_of.served == CODE
    assert busy.requests == ["POST 200", "PUT 429", "PUT 429", "PUT 201"]
    assert busy.bodies == [len(CODE)]
    assert slept == [2.0, 2.0]


def test_a_cache_that_stays_busy_is_done_without(
    busy: Busy, pod_of: Pod, capfd: pytest.CaptureFixture[str]
) -> None:
    busy.refusals = 100
    pod_of.load(cache=NodeCache(busy.url, sleep=lambda _: None))
    assert pod_of.served == CODE
    assert busy.requests == ["POST 200", *["PUT 429"] * UPLOAD_ATTEMPTS]
    assert busy.bodies == []
    assert "the node's cache refused the artifact" in capfd.readouterr().err


def test_a_claim_that_is_refused_is_done_without(
    busy: Busy, pod_of: Pod, capfd: pytest.CaptureFixture[str]
) -> None:
    busy.claims = False
    pod_of.load(cache=NodeCache(busy.url))
    assert pod_of.served == CODE
    assert busy.requests == ["POST 503"]
    assert "it answered 503 Service Unavailable: said" in capfd.readouterr().err
