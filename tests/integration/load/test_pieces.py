"""Large files come in pieces over several connections, and go on piece by piece."""

import hashlib
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from hack.services.model_store import etag_of
from inference_operator.api.reasons import Reason
from inference_operator.domain.repository_plan import PLAN_FILE, RepositoryPlan
from inference_operator.load.transfer import ranged_download as pieces

from .conftest import FaultyStore, Pod, code_of
from .faults import (
    answers,
    answers_really,
    cuts_after,
    ignores_if_range,
    ignores_ranges,
    stalls_after,
    waits_for,
    without_etag,
)
from .test_process import environment

PIECE = 64 << 10
CODE = code_of(300_000)
SHA256 = hashlib.sha256(CODE).hexdigest()
RANGES = ["bytes=0-65535", "bytes=65536-131071", "bytes=131072-196607"]
RANGES += ["bytes=196608-262143", "bytes=262144-299999"]


@pytest.fixture
def ready(store: FaultyStore, pod: Pod, monkeypatch: pytest.MonkeyPatch) -> FaultyStore:
    """A store with an artifact of five pieces, and a pod for which it is a large one."""
    monkeypatch.setattr(pieces, "PIECE", PIECE)
    monkeypatch.setattr(pieces, "PARALLEL_FROM", PIECE)
    (store.folder / "ranker.py").write_bytes(CODE)
    pod.plan(f"{store.url}/ranker.py")
    return store


def ranges(store: FaultyStore) -> list[str]:
    return sorted(r["Range"] for r in store.requests if "Range" in r)


def test_each_piece_is_asked_for_once(ready: FaultyStore, pod: Pod) -> None:
    report = pod.load()
    assert pod.served == CODE
    assert [(m.sha256, m.bytes) for m in report.models] == [(SHA256, 300_000)]
    assert ranges(ready) == sorted(RANGES)
    assert [path.name for path in pod.output.iterdir()] == ["ranker"]


def test_four_connections_are_open_at_once(ready: FaultyStore, pod: Pod) -> None:
    together = waits_for(threading.Barrier(4))
    ready.faults = [answers_really, together, together, together, together]
    pod.load()
    assert pod.served == CODE


def test_a_piece_ends_where_it_was_asked_to(
    ready: FaultyStore, pod: Pod, capfd: pytest.CaptureFixture[str]
) -> None:
    sent = []

    def goes_on(handler: Any) -> None:
        """The piece, and bytes of another kind until the reader goes, or 64 MiB."""
        start, end = map(int, handler.headers["Range"].removeprefix("bytes=").split("-"))
        handler.send_response(206)
        handler.send_header("ETag", etag_of(handler.locate(), 0))
        handler.send_header("Content-Range", f"bytes {start}-{end}/{len(CODE)}")
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.close_connection = True
        with suppress(OSError):
            handler.wfile.write(CODE[start : end + 1])
            for _ in range(1024):
                handler.wfile.write(b"Z" * PIECE)
                sent.append(PIECE)

    ready.faults = [answers_really, *[goes_on] * 5]
    pod.load()
    assert pod.served == CODE
    assert sum(sent) < 5 * (16 << 20)
    assert "the server sent more than up to byte" in capfd.readouterr().err


def test_a_cut_piece_goes_on_where_it_stopped(ready: FaultyStore, pod: Pod) -> None:
    ready.faults = [answers_really, *[cuts_after(10_000)] * 3, answers(503)]
    pod.load()
    assert pod.served == CODE
    # Several connections are open: which pieces are cut depends on their order.
    starts = [int(text.removeprefix("bytes=").partition("-")[0]) for text in ranges(ready)]
    assert any(start % PIECE == 10_000 for start in starts), ranges(ready)
    assert all(r["If-Range"].startswith('"') for r in ready.requests if "Range" in r)


@pytest.mark.parametrize("fault", [ignores_ranges, without_etag(answers_really)])
def test_without_parts_of_one_version_it_comes_whole(
    ready: FaultyStore, pod: Pod, fault: Callable[[object], None]
) -> None:
    ready.faults = [answers_really, *[fault] * 5]
    pod.load()
    assert pod.served == CODE


def test_without_an_etag_an_unpinned_file_is_not_split(ready: FaultyStore, pod: Pod) -> None:
    ready.faults = [without_etag(answers_really)]
    pod.load()
    assert pod.served == CODE
    assert ranges(ready) == []


def test_without_an_etag_a_pinned_file_is_split(ready: FaultyStore, pod: Pod) -> None:
    pod.plan(f"{ready.url}/ranker.py", SHA256)
    ready.faults = [without_etag(answers_really)] * 6
    pod.load()
    assert pod.served == CODE
    assert ranges(ready) == sorted(RANGES)


@pytest.mark.parametrize("fault", [answers_really, ignores_if_range])
def test_a_file_that_changes_between_pieces_is_fetched_whole(
    ready: FaultyStore, pod: Pod, fault: Callable[[object], None]
) -> None:
    newer = code_of(300_000, "b")

    def replaced(handler: object) -> None:
        (ready.folder / "ranker.py").write_bytes(newer)
        fault(handler)

    ready.faults = [answers_really, answers_really, replaced, *[fault] * 2]
    pod.load()
    assert pod.served == newer


def test_a_piece_that_is_refused_ends_the_others(ready: FaultyStore, pod: Pod) -> None:
    ready.faults = [answers_really, answers(403)]
    reason, message = pod.refused()
    assert reason is Reason.ARTIFACT_FORBIDDEN
    assert "ranker.py answered 403" in message
    assert list(pod.output.iterdir()) == []


def test_a_refused_piece_ends_the_waits_of_the_others(ready: FaultyStore, pod: Pod) -> None:
    pod.really_sleeps, is_busy = True, threading.Event()

    def asks_to_wait(handler: object) -> None:
        answers(503, Retry_After="120")(handler)
        is_busy.set()

    def refuses(handler: object) -> None:
        assert is_busy.wait(10)
        # The client reads its answer, and begins to wait.
        time.sleep(0.5)
        answers(403)(handler)

    ready.faults = [answers_really, asks_to_wait, *[refuses] * 3]
    began = time.monotonic()
    reason, _ = pod.refused()

    assert reason is Reason.ARTIFACT_FORBIDDEN
    assert time.monotonic() - began < 60


def once_a_piece_is_there(pod: Pod, fault: Callable[[object], None]) -> Callable[[object], None]:
    """The fault, but not before a piece was written down."""

    def waits(handler: object) -> None:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if (pod.output / ".load-ranker" / "pieces.json").exists():
                break
            time.sleep(0.01)
        fault(handler)

    return waits


def test_another_container_asks_for_missing_pieces_only(ready: FaultyStore, pod: Pod) -> None:
    ready.faults = [*[answers_really] * 3, once_a_piece_is_there(pod, answers(503))]
    reason, _ = pod.refused(attempts=1)
    assert reason is Reason.FETCH_FAILED
    there = [r for r in RANGES if r in ranges(ready)]
    before = len(ready.requests)
    pod.load()
    assert pod.served == CODE
    again = [r["Range"] for r in ready.requests[before:] if "Range" in r]
    assert 0 < len(again) < len(RANGES)
    assert set(RANGES) == {*there, *again}


def test_a_corrupt_piece_of_a_pinned_file_is_fetched_again(ready: FaultyStore, pod: Pod) -> None:
    pod.plan(f"{ready.url}/ranker.py", SHA256)
    ready.faults = [*[answers_really] * 3, answers(503)]
    pod.refused(attempts=1)
    (pod.output / ".load-ranker" / "pieces").write_bytes(bytes(len(CODE)))
    pod.load()
    assert pod.served == CODE


def test_killed_in_the_middle_of_its_pieces_it_goes_on(ready: FaultyStore, pod: Pod) -> None:
    ready.faults = [*[answers_really] * 3, *[stalls_after(1000)] * 3]
    smaller = "from inference_operator.load.transfer import ranged_download as pieces;"
    smaller += f"pieces.PIECE = {PIECE};"
    smaller += f"pieces.PARALLEL_FROM = {PIECE};"
    python, option, code, *words = pod.command()
    command = [python, option, smaller + code, *words]
    process = subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE)
    record = pod.output / ".load-ranker" / "pieces.json"
    end = time.monotonic() + 30
    while not (record.exists() and len(ready.requests) >= 6):
        assert time.monotonic() < end, "the pieces did not get that far"
        time.sleep(0.02)
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    assert process.returncode == 128 + signal.SIGTERM
    assert time.monotonic() - begun < 3
    before = len(ready.requests)
    pod.load()
    assert pod.served == CODE
    assert len(ready.requests) - before < 1 + len(RANGES)


def test_several_models_are_fetched_at_once(store: FaultyStore, pod: Pod) -> None:
    (store.folder / "ranker.py").write_bytes(CODE)
    pod.plan(f"{store.url}/ranker.py")
    plan = pod.root / "plan" / PLAN_FILE
    (first,) = RepositoryPlan.from_json(plan.read_text()).models
    others = [replace(first, name=name) for name in ("scorer", "filter")]
    plan.write_text(RepositoryPlan((first, *others)).to_json())
    for other in others:
        config = (pod.root / "plan" / first.config_file).read_text()
        (pod.root / "plan" / other.config_file).write_text(config.replace("ranker", other.name))
    together = waits_for(threading.Barrier(3))
    store.faults = [together, together, together]
    report = pod.load()
    assert [model.name for model in report.models] == ["ranker", "scorer", "filter"]
    names = sorted(path.name for path in pod.output.iterdir())
    assert names == ["filter", "ranker", "scorer"]
