"""Servers that send without end: more bytes than the limit, pages after pages, large bodies."""

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from inference_operator.api.reasons import Reason
from inference_operator.load.sources import remote
from inference_operator.load.transfer import bounded_body, source

from .conftest import SECRET, FaultyStore, Pod, code_of
from .oci_registry import Layer, OciStore
from .pushed_ranker import PLACE, data, reader, registry

__all__ = ["data", "reader", "registry"]

KIB, MIB = 1 << 10, 1 << 20
Answer = Callable[[BaseHTTPRequestHandler], None]


class Hostile(ThreadingHTTPServer):
    """Gives each request to `answer`."""

    daemon_threads = True
    answer: Answer

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []
        self.sent = 0

    def handle_error(self, request: object, client_address: object) -> None:
        """Broken connections are what these tests are about."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Hostile

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.answer(self)

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving(server: Hostile) -> Iterator[Hostile]:
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    with serving(Hostile()) as server:
        yield server


def send(handler: Any, body: bytes, **headers: str) -> None:
    handler.send_response(200)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def without_end(handler: Any, **headers: str) -> None:
    """Send zeros until the reader goes, or 256 MiB."""
    handler.send_response(200)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.close_connection = True
    with suppress(OSError):
        for _ in range(256):
            handler.wfile.write(bytes(MIB))
            handler.server.sent = getattr(handler.server, "sent", 0) + MIB


def test_a_body_without_end_stops_at_the_limit(store: FaultyStore, pod: Pod) -> None:
    store.faults = [without_end]
    pod.plan(f"{store.url}/ranker.py", size_limit=3 * MIB)
    reason, message = pod.refused()
    assert reason is Reason.ARTIFACT_INVALID
    assert message.startswith("spec.model.sizeLimit: found at least 3.")
    assert len(store.requests) == 1
    assert not pod.partial.exists()


def test_a_declared_size_is_refused_before_the_first_byte(store: FaultyStore, pod: Pod) -> None:
    (store.folder / "ranker.py").write_bytes(code_of(2 * MIB))
    pod.plan(f"{store.url}/ranker.py", size_limit=MIB)
    assert pod.refused() == (
        Reason.ARTIFACT_INVALID,
        "spec.model.sizeLimit: found 2.0 MiB (2,097,152 bytes) to download, expected at"
        " most 1.0 MiB (1,048,576 bytes); raise it, if the model is meant to be that large",
    )


def test_a_smaller_size_than_is_sent_is_all_that_is_taken(store: FaultyStore, pod: Pod) -> None:
    store.faults = [lambda handler: without_end(handler, Content_Length="70000")]
    pod.plan(f"{store.url}/ranker.py", size_limit=MIB)
    _, message = pod.refused()
    assert "sizeLimit" not in message


def test_a_compressed_answer_is_not_inflated(store: FaultyStore, pod: Pod) -> None:
    packed = gzip.compress(bytes(64 * MIB))
    store.faults = [lambda handler: send(handler, packed, Content_Encoding="gzip")]
    pod.plan(f"{store.url}/ranker.py", size_limit=MIB)
    _, message = pod.refused()
    # The bytes are taken as they are: they are not Python.
    assert "sizeLimit" not in message


@pytest.fixture
def s3_pod(pod: Pod, hostile: Hostile) -> Pod:
    (pod.root / "credentials" / SECRET / "ca.crt").unlink()
    pod.secret(endpoint=hostile.url, accessKeyId="a", secretAccessKey="b")
    pod.plan("s3://models/ranker/", size_limit=MIB)
    return pod


def s3_page(token: str, *keys: str) -> bytes:
    contents = "".join(f"<Contents><Key>{key}</Key><Size>1</Size></Contents>" for key in keys)
    more = f"<NextContinuationToken>{token}</NextContinuationToken>"
    return (
        '<?xml version="1.0"?><ListBucketResult><IsTruncated>true</IsTruncated>'
        f"{more}{contents}</ListBucketResult>"
    ).encode()


def test_a_page_that_leads_to_itself_ends(s3_pod: Pod, hostile: Hostile) -> None:
    hostile.answer = lambda handler: send(handler, s3_page("again"))
    reason, message = s3_pod.refused()
    assert reason is Reason.FETCH_FAILED
    assert "repeats pages of its list" in message
    assert len(hostile.asked) == 2


def test_empty_pages_end(s3_pod: Pod, hostile: Hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_body, "_MOST_PAGES", 5)
    hostile.answer = lambda handler: send(handler, s3_page(f"t{len(hostile.asked)}"))
    reason, message = s3_pod.refused()
    assert reason is Reason.ARTIFACT_INVALID
    assert "is listed in more than 5 pages" in message
    assert len(hostile.asked) == 6


def test_a_list_without_end_is_not_read_to_it(s3_pod: Pod, hostile: Hostile) -> None:
    hostile.answer = without_end
    reason, message = s3_pod.refused()
    assert reason is Reason.FETCH_FAILED
    assert "answered with more than 4 MiB" in message
    assert hostile.sent < 32 * MIB


def test_an_error_without_end_is_not_read_to_it(s3_pod: Pod, hostile: Hostile) -> None:
    def refuses(handler: Any) -> None:
        handler.send_response = lambda _: type(handler).send_response(handler, 404)
        without_end(handler)

    hostile.answer = refuses
    s3_pod.plan("s3://models/ranker.py")
    reason, message = s3_pod.refused()
    assert reason is Reason.ARTIFACT_NOT_FOUND
    assert "s3://models/ranker.py: S3 answered 404" in message
    assert hostile.sent < 16 * MIB


@pytest.fixture
def gcs_pod(pod: Pod, hostile: Hostile) -> Pod:
    (pod.root / "credentials" / SECRET / "ca.crt").unlink()
    pod.secret(endpoint=hostile.url)
    pod.plan("gs://models/ranker/", size_limit=MIB)
    return pod


def gcs_page(token: str) -> bytes:
    return json.dumps({"items": [], "nextPageToken": token}).encode()


JSON = {"Content_Type": "application/json"}


def test_a_page_of_google_that_leads_to_itself_ends(gcs_pod: Pod, hostile: Hostile) -> None:
    hostile.answer = lambda handler: send(handler, gcs_page("again"), **JSON)
    reason, message = gcs_pod.refused()
    assert reason is Reason.FETCH_FAILED
    assert "repeats pages of its list" in message
    # Google's client asks for one page ahead.
    assert len(hostile.asked) <= 3


def test_empty_pages_of_google_end(
    gcs_pod: Pod, hostile: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_body, "_MOST_PAGES", 5)
    hostile.answer = lambda handler: send(handler, gcs_page(f"t{len(hostile.asked)}"), **JSON)
    reason, _ = gcs_pod.refused()
    assert reason is Reason.ARTIFACT_INVALID
    assert len(hostile.asked) <= 7


def test_a_list_of_google_is_not_inflated_without_end(gcs_pod: Pod, hostile: Hostile) -> None:
    packed = gzip.compress(b'{"items": [], "x": "' + b"a" * (64 * MIB) + b'"}')
    hostile.answer = lambda handler: send(handler, packed, Content_Encoding="gzip", **JSON)
    _, message = gcs_pod.refused()
    assert f"answered with more than {bounded_body.MOST_BYTES >> 20} MiB" in message


def test_an_object_of_google_ends_with_the_part_that_was_asked_for(
    gcs_pod: Pod, hostile: Hostile
) -> None:
    described = {"name": "ranker.py", "bucket": "models", "generation": "1", "size": "70000"}

    def answer(handler: Any) -> None:
        if "alt=media" in handler.path:
            without_end(handler)
        else:
            send(handler, json.dumps(described).encode(), **JSON)

    hostile.answer = answer
    gcs_pod.plan("gs://models/ranker.py", size_limit=MIB)
    reason, message = gcs_pod.refused(attempts=2)
    assert reason is Reason.FETCH_FAILED
    assert "sent more bytes than it was asked for" in message
    assert hostile.sent < 64 * MIB


def test_a_manifest_of_too_many_layers_is_refused(
    registry: OciStore, reader: Pod, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "MOST_FILES", 3)
    assert source.MOST_FILES == 10_000
    registry.push(PLACE, "many", [Layer(b"%d" % n, f"f{n}") for n in range(4)])
    reader.plan(f"oci://{registry.host}/{PLACE}:many")
    reason, message = reader.refused()
    assert reason is Reason.ARTIFACT_INVALID
    assert "found a folder of 4 files, expected at most 3" in message


@pytest.mark.parametrize("name", ["/".join("d" * 101), "n" * 2100])
def test_a_layer_with_a_long_name_is_refused(registry: OciStore, reader: Pod, name: str) -> None:
    registry.push(PLACE, "long", [Layer(b"a", name), Layer(b"b", "model.py")])
    reader.plan(f"oci://{registry.host}/{PLACE}:long")
    reason, message = reader.refused()
    assert reason is Reason.ARTIFACT_INVALID
    assert "levels, expected at most 2,048 and 100; rename it" in message
    assert len(message) < 400


def test_files_that_are_no_longer_listed_leave_the_disk(registry: OciStore, reader: Pod) -> None:
    left = reader.output / ".load-ranker" / "files" / ("0" * 32)
    left.mkdir(parents=True)
    (left / "download").write_bytes(bytes(KIB))
    registry.push(PLACE, "two", [Layer(code_of(300), "model.py"), Layer(b"x" * MIB, "w")])
    reader.plan(f"oci://{registry.host}/{PLACE}:two", size_limit=KIB)
    reader.refused()
    assert not left.exists()


def test_layers_are_added_up(registry: OciStore, reader: Pod, tmp_path: Path) -> None:
    layers = [Layer(code_of(300), "model.py"), *(Layer(b"%d" % n * KIB, f"w{n}") for n in range(9))]
    registry.push(PLACE, "sum", layers)
    reader.plan(f"oci://{registry.host}/{PLACE}:sum", size_limit=4 * KIB)
    reason, message = reader.refused()
    assert reason is Reason.ARTIFACT_INVALID
    assert "sizeLimit: found" in message
