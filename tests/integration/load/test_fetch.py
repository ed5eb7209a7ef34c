"""Fetching over https from a real server that fails in the ways that servers do."""

import hashlib
from collections.abc import Callable

import pytest

from inference_operator.api.reasons import Reason

from .conftest import FaultyStore, Pod, code_of
from .faults import (
    answers,
    chunked,
    cuts_after,
    hangs_up,
    ignores_if_range,
    ignores_ranges,
    stalls_after,
    without_etag,
    without_length,
)

CODE = code_of(300_000)
SHA256 = hashlib.sha256(CODE).hexdigest()


@pytest.fixture
def ready(store: FaultyStore, pod: Pod) -> FaultyStore:
    """A store with the artifact, and a plan that asks for it without a digest."""
    (store.folder / "ranker.py").write_bytes(CODE)
    pod.plan(f"{store.url}/ranker.py")
    return store


def test_a_file_arrives_with_its_digest_and_size(ready: FaultyStore, pod: Pod) -> None:
    report = pod.load()
    assert pod.served == CODE
    assert [(m.name, m.sha256, m.bytes) for m in report.models] == [("ranker", SHA256, 300_000)]
    assert [path.name for path in pod.output.iterdir()] == ["ranker"]


def test_a_complete_model_is_not_fetched_again(ready: FaultyStore, pod: Pod) -> None:
    assert pod.load() == pod.load()
    assert len(ready.requests) == 1


@pytest.mark.parametrize(
    "fault",
    [
        answers(503),
        answers(500),
        answers(502),
        answers(429),
        answers(408),
        hangs_up,
        chunked(complete=False),
        ignores_ranges,
        without_length(),
        chunked(complete=True),
    ],
    ids=lambda fault: fault.__qualname__,
)
def test_what_may_pass_is_tried_again(
    ready: FaultyStore, pod: Pod, fault: Callable[[object], None]
) -> None:
    ready.faults = [fault]
    pod.load()
    assert pod.served == CODE


def test_retry_after_is_waited_for(ready: FaultyStore, pod: Pod) -> None:
    ready.faults = [answers(503, Retry_After="17"), answers(429, Retry_After="3600")]
    pod.load()
    assert pod.slept == [17, 120]


def test_gives_up_on_a_server_that_stays_down(ready: FaultyStore, pod: Pod) -> None:
    ready.faults = [answers(503)] * 4
    reason, message = pod.refused()
    assert reason is Reason.FETCH_FAILED
    assert "answered 503 Service Unavailable; gave up after 4 attempts" in message
    assert pod.slept == [1, 2, 4]


def test_gives_up_on_a_server_that_is_not_there(ready: FaultyStore, pod: Pod) -> None:
    ready.shutdown()
    ready.server_close()
    reason, message = pod.refused(attempts=2)
    assert reason is Reason.FETCH_FAILED
    assert "Connection refused" in message


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, Reason.ARTIFACT_FORBIDDEN),
        (403, Reason.ARTIFACT_FORBIDDEN),
        (404, Reason.ARTIFACT_NOT_FOUND),
        (410, Reason.ARTIFACT_NOT_FOUND),
        (400, Reason.FETCH_FAILED),
    ],
)
def test_a_refusal_is_final(ready: FaultyStore, pod: Pod, status: int, expected: Reason) -> None:
    ready.faults = [answers(status)]
    reason, message = pod.refused()
    assert reason is expected
    assert f"/ranker.py answered {status}" in message
    assert len(ready.requests) == 1


def test_a_cut_download_goes_on_where_it_stopped(ready: FaultyStore, pod: Pod) -> None:
    ready.faults = [cuts_after(100_000), cuts_after(100_000)]
    pod.load()
    assert pod.served == CODE
    first, second, third = ready.requests
    assert "Range" not in first
    assert second["Range"] == "bytes=100000-"
    assert third["Range"] == "bytes=200000-"
    assert second["If-Range"].startswith('"')


def test_many_cuts_with_progress_are_no_reason_to_give_up(ready: FaultyStore, pod: Pod) -> None:
    ready.faults = [cuts_after(30_000)] * 9
    pod.load(attempts=2)
    assert pod.served == CODE


def test_always_stopping_at_the_same_byte_ends(ready: FaultyStore, pod: Pod) -> None:
    ready.faults = [without_etag(cuts_after(1000))] * 10
    reason, message = pod.refused(attempts=3)
    assert reason is Reason.FETCH_FAILED
    assert "the connection ended after 1,000 of 300,000 bytes" in message
    assert len(ready.requests) == 3


def test_without_ranges_a_cut_download_starts_over(ready: FaultyStore, pod: Pod) -> None:
    ready.faults = [cuts_after(100_000), ignores_ranges]
    pod.load()
    assert pod.served == CODE


def test_without_an_etag_an_unpinned_download_starts_over(ready: FaultyStore, pod: Pod) -> None:
    ready.faults = [without_etag(cuts_after(100_000))]
    pod.load()
    assert pod.served == CODE
    assert "Range" not in ready.requests[1]


def test_without_an_etag_a_pinned_download_goes_on(ready: FaultyStore, pod: Pod) -> None:
    pod.plan(f"{ready.url}/ranker.py", SHA256)
    ready.faults = [without_etag(cuts_after(100_000))]
    pod.load()
    assert pod.served == CODE
    assert ready.requests[1]["Range"] == "bytes=100000-"


@pytest.mark.parametrize("fault", [None, ignores_if_range])
@pytest.mark.parametrize("size", [300_000, 250_000, 90_000])
def test_an_artifact_that_changed_between_attempts_is_fetched_whole(
    ready: FaultyStore, pod: Pod, size: int, fault: Callable[[object], None] | None
) -> None:
    newer = code_of(size, "b")

    def replaced(handler: object) -> None:
        cuts_after(100_000)(handler)
        (ready.folder / "ranker.py").write_bytes(newer)

    ready.faults = [replaced] if fault is None else [replaced, fault]
    pod.load()
    assert pod.served == newer


def test_a_silent_server_is_left_and_asked_again(ready: FaultyStore, pod: Pod) -> None:
    ready.faults = [stalls_after(100_000)]
    pod.load(timeout=0.5)
    assert pod.served == CODE
    assert ready.requests[1]["Range"] == "bytes=100000-"


def test_another_container_goes_on_with_what_this_one_left(ready: FaultyStore, pod: Pod) -> None:
    ready.faults = [cuts_after(120_000), answers(503)]
    reason, _ = pod.refused(attempts=1)
    assert reason is Reason.FETCH_FAILED
    assert pod.partial.stat().st_size == 120_000
    ready.faults = []
    pod.load()
    assert pod.served == CODE
    assert ready.requests[1]["Range"] == "bytes=120000-"


def test_a_corrupt_leftover_of_a_pinned_artifact_is_fetched_again(
    ready: FaultyStore, pod: Pod
) -> None:
    pod.plan(f"{ready.url}/ranker.py", SHA256)
    ready.faults = [cuts_after(120_000)]
    pod.refused(attempts=1)
    pod.partial.write_bytes(b"x" * 120_000)
    pod.load()
    assert pod.served == CODE
    assert "Range" not in ready.requests[-1]


def test_leftovers_of_another_address_are_not_used(ready: FaultyStore, pod: Pod) -> None:
    ready.faults = [cuts_after(120_000)]
    pod.refused(attempts=1)
    (ready.folder / "other.py").write_bytes(code_of(300_000, "o"))
    pod.plan(f"{ready.url}/other.py")
    pod.load()
    assert pod.served == code_of(300_000, "o")
    assert "Range" not in ready.requests[-1]


def test_a_wrong_digest_is_said_and_nothing_is_kept(ready: FaultyStore, pod: Pod) -> None:
    pod.plan(f"{ready.url}/ranker.py", "0" * 64)
    reason, message = pod.refused()
    assert reason is Reason.DIGEST_MISMATCH
    assert f"found an artifact with sha256 {SHA256}, expected {'0' * 64}" in message
    assert list(pod.output.iterdir()) == []


def test_a_body_cut_without_a_length_is_caught_by_its_digest(ready: FaultyStore, pod: Pod) -> None:
    pod.plan(f"{ready.url}/ranker.py", SHA256)
    ready.faults = [without_length(1000)]
    assert pod.refused()[0] is Reason.DIGEST_MISMATCH
