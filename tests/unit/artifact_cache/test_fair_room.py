"""Peers that share a cache: what they may take from each other, in any order of their requests."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference_operator.artifact_cache import store as store_module
from inference_operator.artifact_cache.eviction import IDLE_NS
from inference_operator.artifact_cache.store import ArtifactStore, TooLargeError, Upload
from tests.examples import examples

from .test_shares import NOW, put
from .test_store import digest

LIMIT = 1000
MOST_FILES = 20
BLOCK = 7


class ClosedStore(ArtifactStore):
    """A store that closes the files of all its uploads in the end, also of those under way."""

    files: ExitStack

    def begin(self, *about: Any) -> Upload:
        upload = super().begin(*about)
        self.files.enter_context(upload.file)
        return upload


@contextmanager
def small_store() -> Iterator[ArtifactStore]:
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.multiple(store_module, MOST_FILES=MOST_FILES, BLOCK=BLOCK),
        mock.patch("os.fsync"),
        ExitStack() as files,
    ):
        store = ClosedStore(Path(folder), LIMIT, clock=lambda: NOW)
        store.files = files
        yield store


@pytest.fixture
def store() -> Iterator[ArtifactStore]:
    with small_store() as made:
        yield made


def test_many_tiny_files_replace_each_other_only(store: ArtifactStore) -> None:
    good = [put(store, bytes([n]) * 60, "good") for n in range(5)]
    for n in range(5 * MOST_FILES):
        put(store, b"%d" % n, "bad")
    assert all(map(store.has, good))
    assert len(list(store.folder.iterdir())) <= MOST_FILES
    assert store.has(put(store, b"o" * 200, "other"))
    assert all(map(store.has, good))


def test_empty_files_count_as_well(store: ArtifactStore) -> None:
    with mock.patch.object(Upload, "verify"):
        for n in range(2 * MOST_FILES):
            upload = store.begin(digest(b"%d" % n), 0, "bad")
            upload.commit(NOW)
    assert store.count == MOST_FILES


def test_an_upload_ends_that_has_the_room_of_others(store: ArtifactStore) -> None:
    large = store.begin("0" * 64, LIMIT, "bad")
    large.reserve(LIMIT)
    large.write(b"b" * LIMIT)
    large.file.flush()
    assert store.has(put(store, b"g" * 300, "good"))
    assert sum(path.stat().st_size for path in store.folder.iterdir()) == 300
    with pytest.raises(TooLargeError, match="other peers needed the room"):
        large.commit(NOW)
    large.close()
    assert store.count == len(list(store.folder.iterdir())) == 1


def test_an_upload_within_its_share_goes_on(store: ArtifactStore) -> None:
    slow = store.begin(digest(b"s" * 400), 400, "slow")
    slow.reserve(200)
    slow.write(b"s" * 200)
    for n in range(10):
        with suppress(TooLargeError):
            put(store, bytes([n]) * 700, "bad")
    slow.reserve(200)
    slow.write(b"s" * 200)
    slow.verify()
    slow.commit(NOW)
    slow.close()
    assert store.has(digest(b"s" * 400))


def test_one_alone_may_have_it_all(store: ArtifactStore) -> None:
    assert store.has(put(store, b"a" * LIMIT, "one"))


def test_what_gets_no_room_removes_nothing(store: ArtifactStore) -> None:
    idle = put(store, b"i" * 300, "idle", NOW - IDLE_NS - 1)
    good = put(store, b"g" * 400, "good")
    with pytest.raises(TooLargeError):
        store.begin("0" * 64, 900, "bad").reserve(900)
    assert (store.has(idle), store.has(good)) == (True, True)


def test_who_was_faster_answers_for_an_artifact(store: ArtifactStore) -> None:
    """Else a peer could make another's artifact its own, and then have it replaced."""
    late = store.begin(digest(b"g" * 300), 300, "bad")
    late.reserve(300)
    late.write(b"g" * 300)
    good = put(store, b"g" * 300, "good")
    late.verify()
    late.commit(NOW)
    late.close()
    for n in range(10):
        put(store, bytes([n]) * 600, "bad")
    assert store.has(good)


def room(size: int) -> int:
    return max(size, LIMIT // MOST_FILES)


class Peers:
    """Peers at work on a store, and what each of them holds, counted apart from it."""

    def __init__(self, store: ArtifactStore, data: st.DataObject, reads: ExitStack) -> None:
        self.store, self.draw, self.reads, self.now = store, data.draw, reads, NOW
        self.brought: dict[str, tuple[str, int, int]] = {}
        self.arriving: list[tuple[str, bytes, Upload]] = []
        store.clock = lambda: self.now

    def step(self, number: int) -> None:
        peer = self.draw(st.sampled_from("abcd"), "peer")
        step = self.draw(st.sampled_from(["put", "put", "begin", "send", "read", "wait"]))
        if step in ("put", "begin"):
            size = self.draw(st.sampled_from([4, 40, 150, 300, 500, LIMIT]), "size")
            content = b"%04d" % number + b"x" * (size - 4)
            upload = self.store.begin(digest(content), size, peer)
            self.arriving.append((peer, content, upload))
        if step == "put" or (step == "send" and self.arriving):
            peer, content, upload = self.arriving[-1]
            rest = len(content) - upload.file.tell()
            self.send(rest if step == "put" else self.draw(st.integers(1, rest), "bytes"))
        if step == "read" and self.brought:
            self.read(self.draw(st.sampled_from(sorted(self.brought)), "digest"))
        if step == "wait":
            self.now += self.draw(st.sampled_from([IDLE_NS // 2, IDLE_NS + 1]), "ns")

    def send(self, count: int) -> None:
        """Bytes of the last upload; what they take from others must be theirs to give."""
        peer, content, upload = self.arriving.pop()
        held, fair = self.held(peer)
        is_whole = count == len(content) - upload.file.tell()
        try:
            upload.reserve(count)
            at = upload.file.tell()
            upload.write(content[at : at + count])
            upload.file.flush()
            if is_whole:
                upload.verify()
                upload.commit(self.now)
                self.brought[digest(content)] = (peer, len(content), self.now)
        except TooLargeError:
            is_whole = True
        if is_whole:
            upload.close()
        else:
            self.arriving.append((peer, content, upload))
        self.check_losses(peer, held, fair)

    def held(self, peer: str) -> tuple[Counter[str], int]:
        """The room of each peer, and the share of each while this one asks for more."""
        sizes, active = Counter[str](), {peer}
        for who, size, used in self.brought.values():
            sizes[who] += room(size)
            active |= {who} if self.now - used <= IDLE_NS else set()
        for who, content, upload in self.arriving:
            if at := upload.file.tell():
                sizes[who] += room(min(at + BLOCK, len(content)))
                active.add(who)
        return sizes, LIMIT // len(active)

    def check_losses(self, peer: str, held: Counter[str], fair: int) -> None:
        for sha256, (who, _, used) in list(self.brought.items()):
            if not self.store.has(sha256):
                del self.brought[sha256]
                assert who == peer or self.now - used > IDLE_NS or held[who] > fair
        for entry in list(self.arriving):
            who, _, upload = entry
            if not upload.path.stat().st_size and upload.file.tell():
                self.arriving.remove(entry)
                upload.close()
                assert held[who] > fair

    def read(self, sha256: str) -> None:
        """Read it, for a moment or from now on."""
        reading = self.store.read(sha256, self.now)
        if self.draw(st.booleans(), "is slow"):
            self.reads.enter_context(reading)
        else:
            with reading:
                pass
        who, size, _ = self.brought[sha256]
        self.brought[sha256] = (who, size, self.now)

    def check_limits(self) -> None:
        sizes = [path.stat().st_size for path in self.store.folder.iterdir()]
        assert sum(sizes) <= LIMIT
        assert max(sum(size > 0 for size in sizes), self.store.count) <= MOST_FILES


@settings(max_examples=examples(60), deadline=None)
@given(st.data())
def test_files_in_use_within_a_share_are_not_evicted(data: st.DataObject) -> None:
    with small_store() as store, ExitStack() as reads:
        peers = Peers(store, data, reads)
        for number in range(data.draw(st.integers(1, 25), "steps")):
            peers.step(number)
            peers.check_limits()
