"""Stop: waits and downloads end as soon as their result is no longer needed."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from inference_operator.api.reasons import Reason
from inference_operator.domain.repository_plan import ArtifactFormat, PlannedModel
from inference_operator.load.failure import LoadError
from inference_operator.load.fetch import Fetcher
from inference_operator.load.loader import Folders, Loader
from inference_operator.load.plan import ModelOrder
from inference_operator.load.transfer.retry import TransientError
from inference_operator.load.transfer.source import Answer, Listing, RemoteFile
from inference_operator.load.transfer.stop import Stop, StoppedError

# The test ends long before; a wait that nobody ends fails it.
LONG = 60.0


def test_an_error_ends_the_waits_of_the_others() -> None:
    stop, waits = Stop(), threading.Event()

    def wait() -> None:
        waits.set()
        stop.child().pause(LONG)

    def fail() -> None:
        waits.wait(LONG)
        raise ValueError("not found")

    began = time.monotonic()
    with ThreadPoolExecutor(2) as workers:
        futures = [workers.submit(wait), workers.submit(fail)]
        with pytest.raises(ValueError, match="not found"):
            stop.at_first_error(futures)
    assert isinstance(futures[0].exception(), StoppedError)
    assert time.monotonic() - began < LONG / 2


def test_what_has_not_begun_is_cancelled() -> None:
    stop, hold = Stop(), threading.Event()

    def fail() -> None:
        raise ValueError("not found")

    with ThreadPoolExecutor(1) as workers:
        workers.submit(hold.wait, LONG)
        futures = [workers.submit(fail), *(workers.submit(stop.pause, LONG) for _ in range(3))]
        hold.set()
        with pytest.raises(ValueError, match="not found"):
            stop.at_first_error(futures)
    # The worker may have begun the second one before it was told.
    assert sum(future.cancelled() for future in futures) >= 2


def test_results_keep_their_order() -> None:
    with ThreadPoolExecutor(2) as workers:
        futures = [workers.submit(pow, n, 2) for n in range(5)]
        assert Stop().at_first_error(futures) == [0, 1, 4, 9, 16]


def test_a_body_ends_at_the_next_chunk() -> None:
    stop = Stop()

    def body() -> Iterator[bytes]:
        yield b"one"
        stop.set()
        yield b"two"

    chunks = stop.over(body())
    assert next(chunks) == b"one"
    with pytest.raises(StoppedError):
        next(chunks)


def test_a_child_of_a_stopped_one_is_stopped() -> None:
    stop = Stop()
    early = stop.child()
    stop.set()
    for child in (early, early.child(), stop.child()):
        with pytest.raises(StoppedError):
            child.check()


def test_a_stopped_child_leaves_the_others() -> None:
    stop = Stop()
    stop.child().set()
    stop.check()


class Source:
    """A source whose `busy` files ask to wait for a minute, and whose other files are missing."""

    def __init__(self) -> None:
        self.asked = threading.Event()

    def files(self, uri: str) -> Listing:
        if not uri.endswith("/"):
            return Listing((RemoteFile("", uri),))
        names = ("busy", "missing")
        return Listing(tuple(RemoteFile(n, uri + n) for n in names), is_folder=True)

    @contextmanager
    def get(self, uri: str, span: object = None, etag: str | None = None) -> Iterator[Answer]:
        if uri.endswith("busy"):
            self.asked.set()
            raise TransientError("503 Service Unavailable", LONG)
        self.asked.wait(LONG)
        raise LoadError(Reason.ARTIFACT_NOT_FOUND, f"{uri} is not there")
        yield


@pytest.mark.parametrize(
    "uris",
    [("https://models.test/both/",), ("https://models.test/busy", "https://models.test/missing")],
    ids=["files of a folder", "models of a pipeline"],
)
def test_a_final_failure_does_not_wait_for_retries(tmp_path: Path, uris: tuple[str, ...]) -> None:
    source = Source()
    folders = Folders(tmp_path / "models", tmp_path, tmp_path)
    orders = [
        ModelOrder(PlannedModel(f"m{number}", 1, ArtifactFormat.PYTHON, uri), "")
        for number, uri in enumerate(uris)
    ]
    began = time.monotonic()
    with pytest.raises(LoadError, match="missing is not there") as caught:
        Loader(folders, lambda *_: Fetcher(source)).load(tuple(orders))
    assert caught.value.reason is Reason.ARTIFACT_NOT_FOUND
    assert time.monotonic() - began < LONG / 2
