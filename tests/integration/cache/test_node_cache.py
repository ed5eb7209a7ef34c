"""Pods of one node with its cache: one fetches, all serve, and none needs the cache."""

import hashlib
import json
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from inference_operator.api.reasons import Reason
from inference_operator.artifact_cache import server
from inference_operator.load.transfer import node_cache
from inference_operator.load.transfer import ranged_download as pieces
from inference_operator.load.transfer.node_cache import NodeCache
from tests.integration.load.conftest import FaultyStore, Pod, code_of
from tests.integration.load.faults import answers
from tests.integration.load.test_process import environment

from .conftest import Cache

CODE = code_of(300_000)
SHA256 = hashlib.sha256(CODE).hexdigest()


@pytest.fixture
def ready(store: FaultyStore, pod: Pod, second: Pod) -> FaultyStore:
    """A store with the artifact, and two pods whose plans pin it."""
    (store.folder / "ranker.py").write_bytes(CODE)
    for each in (pod, second):
        each.plan(f"{store.url}/ranker.py", SHA256)
    return store


def waiting(cache: Cache) -> bool:
    with urllib.request.urlopen(f"{cache.url}/metrics", timeout=5) as answer:
        return b"inference_operator_artifact_cache_waiting 1.0" in answer.read()


def await_that(holds: object) -> None:
    end = time.monotonic() + 20
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


def really(handler: object) -> None:
    type(handler).__bases__[0].do_GET(handler)  # type: ignore[attr-defined]


def held_up(go_on: threading.Event) -> object:
    def fault(handler: object) -> None:
        go_on.wait(20)
        really(handler)

    return fault


def test_the_second_pod_takes_what_the_first_fetched(
    ready: FaultyStore, cache: Cache, pod: Pod, second: Pod
) -> None:
    pod.load(cache=NodeCache(cache.url))
    second.load(cache=NodeCache(cache.url))
    assert pod.served == second.served == CODE
    assert len(ready.requests) == 1
    assert cache.held.has(SHA256)


def test_pods_that_start_at_once_fetch_once(
    ready: FaultyStore, cache: Cache, pod: Pod, second: Pod
) -> None:
    go_on = threading.Event()
    ready.faults = [held_up(go_on)]  # type: ignore[list-item]
    commands = [each.command("--cache", cache.url) for each in (pod, second)]
    begun = [
        subprocess.Popen(command, text=True, env=environment(), stderr=subprocess.PIPE)
        for command in commands
    ]
    await_that(lambda: waiting(cache))
    go_on.set()
    logs = "".join(process.communicate(timeout=30)[1] for process in begun)
    assert [process.returncode for process in begun] == [0, 0], logs
    assert pod.served == second.served == CODE
    assert len(ready.requests) == 1
    messages = [json.loads(line)["message"] for line in logs.splitlines()]
    assert messages.count("uploaded to the node's cache") == 1
    assert messages.count("taken from the node's cache") == 1


def test_whoever_waits_goes_on_when_the_fetching_pod_is_killed(
    ready: FaultyStore, cache: Cache, pod: Pod, second: Pod
) -> None:
    go_on = threading.Event()
    ready.faults = [held_up(go_on)]  # type: ignore[list-item]
    first = subprocess.Popen(pod.command("--cache", cache.url), env=environment())
    await_that(lambda: len(ready.requests) == 1)
    with ThreadPoolExecutor() as threads:
        loading = threads.submit(second.load, cache=NodeCache(cache.url))
        await_that(lambda: waiting(cache))
        first.kill()
        first.wait()
        loading.result(20)
    go_on.set()
    assert second.served == CODE
    assert len(ready.requests) == 2


def test_a_failed_fetch_lets_the_next_pod_try(
    ready: FaultyStore, cache: Cache, pod: Pod, second: Pod
) -> None:
    ready.faults = [answers(403)]
    with pytest.raises(Exception, match="403"):
        pod.load(cache=NodeCache(cache.url))
    second.load(cache=NodeCache(cache.url))
    assert second.served == CODE


def test_waiting_has_an_end(
    ready: FaultyStore, cache: Cache, pod: Pod, second: Pod, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_cache, "LONGEST_WAIT_SECONDS", 0.5)
    go_on = threading.Event()
    ready.faults = [held_up(go_on)]  # type: ignore[list-item]
    with ThreadPoolExecutor() as threads:
        slow = threads.submit(pod.load, 30, 4, NodeCache(cache.url))
        await_that(lambda: len(ready.requests) == 1)
        second.load(cache=NodeCache(cache.url))
        assert second.served == CODE
        go_on.set()
        slow.result(20)
    assert len(ready.requests) == 2


def test_without_a_digest_each_pod_fetches(
    ready: FaultyStore, cache: Cache, pod: Pod, second: Pod
) -> None:
    for each in (pod, second):
        each.plan(f"{ready.url}/ranker.py")
        each.load(cache=NodeCache(cache.url))
    assert len(ready.requests) == 2
    assert cache.held.count == 0


def test_what_is_not_pinned_to_its_digest_is_not_given(
    ready: FaultyStore, cache: Cache, pod: Pod
) -> None:
    pod.plan(f"{ready.url}/ranker.py", "0" * 64)
    with pytest.raises(Exception, match="found an artifact with sha256"):
        pod.load(cache=NodeCache(cache.url))
    assert cache.held.count == 0


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://no-such-host.invalid:80"])
def test_a_cache_that_is_not_there_is_not_needed(
    ready: FaultyStore, pod: Pod, url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    begun = time.monotonic()
    pod.load(cache=NodeCache(url))
    assert pod.served == CODE
    assert time.monotonic() - begun < 5
    assert "fetching without the node's cache" in capfd.readouterr().err


def test_a_server_that_is_no_cache_is_not_needed(ready: FaultyStore, pod: Pod, second: Pod) -> None:
    pod.load(cache=NodeCache("http" + ready.url.removeprefix("https")))
    assert pod.served == CODE


def test_a_corrupt_copy_is_fetched_from_the_origin(
    ready: FaultyStore, cache: Cache, pod: Pod, second: Pod
) -> None:
    pod.load(cache=NodeCache(cache.url))
    (cache.held.folder / SHA256).write_bytes(CODE.replace(b"a", b"b"))
    second.load(cache=NodeCache(cache.url))
    assert second.served == CODE


def test_a_pod_that_found_a_corrupt_copy_replaces_it_for_the_next_pod(
    ready: FaultyStore, cache: Cache, pod: Pod, second: Pod, third: Pod
) -> None:
    pod.load(cache=NodeCache(cache.url))
    (cache.held.folder / SHA256).write_bytes(CODE.replace(b"a", b"b"))
    second.load(cache=NodeCache(cache.url))
    assert len(ready.requests) == 2
    third.plan(f"{ready.url}/ranker.py", SHA256)
    third.load(cache=NodeCache(cache.url))
    assert third.served == CODE
    assert len(ready.requests) == 2


def test_a_whole_copy_is_not_dropped_on_anybodys_word(
    ready: FaultyStore, cache: Cache, pod: Pod
) -> None:
    pod.load(cache=NodeCache(cache.url))
    request = urllib.request.Request(f"{cache.url}/sha256/{SHA256}", method="DELETE")
    with pytest.raises(urllib.error.HTTPError, match="409"):
        urllib.request.urlopen(request, timeout=5)
    assert cache.held.has(SHA256)


def test_an_upload_that_only_announces_ends_and_evicts_nothing(
    ready: FaultyStore, cache: Cache, pod: Pod, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "LONGEST_SILENCE_SECONDS", 0.3)
    pod.load(cache=NodeCache(cache.url))
    port = int(cache.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        head = f"PUT /sha256/{'0' * 64} HTTP/1.1\r\nHost: cache\r\n"
        connection.sendall(f"{head}Content-Length: {cache.held.limit}\r\n\r\n".encode())
        answer = connection.recv(1000).decode()
    assert answer.startswith("HTTP/1.1 408 ")
    assert cache.held.has(SHA256)
    assert [path.name for path in cache.held.folder.iterdir()] == [SHA256]


def test_what_is_too_large_for_the_cache_is_served_all_the_same(
    ready: FaultyStore, cache: Cache, pod: Pod, capfd: pytest.CaptureFixture[str]
) -> None:
    cache.held.limit = 1000
    pod.load(cache=NodeCache(cache.url))
    assert pod.served == CODE
    assert cache.held.count == 0
    assert "the node's cache refused the artifact" in capfd.readouterr().err


def test_a_large_file_is_taken_from_the_cache_too(
    ready: FaultyStore, cache: Cache, pod: Pod, second: Pod, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "PIECE", 64 << 10)
    monkeypatch.setattr(pieces, "PARALLEL_FROM", 64 << 10)
    pod.load(cache=NodeCache(cache.url))
    fetched = len(ready.requests)
    second.load(cache=NodeCache(cache.url))
    assert second.served == CODE
    assert len(ready.requests) == fetched


def test_the_command_serves_until_sigterm(ready: FaultyStore, pod: Pod, second: Pod) -> None:
    program = (
        "import sys; from inference_operator.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    words = ["cache", f"--folder={pod.root / 'kept'}", "--limit=1Mi", "--port=0"]
    words += ["--address=127.0.0.1"]
    running = subprocess.Popen(
        [sys.executable, "-c", program, *words],
        env=environment(),
        text=True,
        stderr=subprocess.PIPE,
    )
    assert running.stderr is not None
    line = json.loads(running.stderr.readline())
    port = int(line["message"].partition("', ")[2].partition(")")[0])
    for each in (pod, second):
        each.load(cache=NodeCache(f"http://127.0.0.1:{port}"))
    assert len(ready.requests) == 1
    assert "0 artifacts, 0 of 1,048,576 bytes" in line["message"]
    running.terminate()
    assert running.wait(10) == 0


def test_a_limit_that_is_no_size_is_refused() -> None:
    program = (
        "import sys; from inference_operator.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", program, "cache", "--folder=x", "--limit=many"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    assert "--limit" in done.stderr


def test_it_says_why_it_refuses(cache: Cache) -> None:
    for path, status, words in (("/sha256/x", 400, "hexadecimal"), (f"/sha256/{SHA256}", 404, "")):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{cache.url}{path}", timeout=5)
        with caught.value as answer:
            assert answer.code == status
            assert words in answer.read().decode()


def test_a_forged_artifact_is_refused(cache: Cache) -> None:
    request = urllib.request.Request(f"{cache.url}/sha256/{SHA256}", b"forged", method="PUT")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=5)
    with caught.value as answer:
        assert answer.code == 422
        assert "expected" in answer.read().decode()
    assert cache.held.count == 0


def test_reasons_of_the_origin_come_through(ready: FaultyStore, cache: Cache, pod: Pod) -> None:
    pod.plan(f"{ready.url}/nothing.py", SHA256)
    from inference_operator.load.failure import LoadError

    with pytest.raises(LoadError) as caught:
        pod.load(cache=NodeCache(cache.url))
    assert caught.value.reason is Reason.ARTIFACT_NOT_FOUND
