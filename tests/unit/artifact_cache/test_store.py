"""Artifacts that the node's cache keeps or evicts."""

import hashlib
import os
from pathlib import Path

import pytest

from inference_operator.artifact_cache import store as store_module
from inference_operator.artifact_cache.store import ArtifactStore, TooLargeError, WrongDigestError


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def put(store: ArtifactStore, content: bytes, now: int, name: str | None = None) -> str:
    upload = store.begin(name or digest(content), len(content))
    try:
        upload.reserve(len(content))
        upload.write(content)
        upload.verify()
        upload.commit(now)
    finally:
        upload.close()
    return digest(content)


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "artifacts", 100)


def test_what_came_is_found_by_its_digest(store: ArtifactStore) -> None:
    sha256 = put(store, b"weights", 1)
    path = store.find(sha256, 2)
    assert path is not None
    assert path.read_bytes() == b"weights"
    assert (store.count, store.size) == (1, 7)


def test_what_never_came_is_not_found(store: ArtifactStore) -> None:
    assert store.find("0" * 64, 1) is None


def test_the_least_recently_used_makes_room(store: ArtifactStore) -> None:
    first, second, third = (put(store, bytes([n]) * 33, n) for n in (1, 2, 3))
    store.find(first, 4)
    put(store, b"x" * 30, 5)
    assert [store.has(each) for each in (first, second, third)] == [True, False, True]
    assert store.evicted == 1


def test_as_many_as_needed_make_room(store: ArtifactStore) -> None:
    for n in range(4):
        put(store, bytes([n]) * 25, n)
    kept = put(store, b"x" * 60, 9)
    assert store.has(kept)
    assert store.size == 85


def test_what_arrives_counts_before_it_is_there(store: ArtifactStore) -> None:
    first, second = store.begin("0" * 64, 60), store.begin("1" * 64, 60)
    first.reserve(10)
    with pytest.raises(TooLargeError, match="try again later"):
        second.reserve(60)
    first.close()
    third = store.begin("1" * 64, 60)
    third.reserve(60)
    assert third.size == 60


def test_what_was_only_announced_evicts_and_blocks_nothing(store: ArtifactStore) -> None:
    kept = put(store, b"a" * 60, 1)
    announced = store.begin("0" * 64, 100)
    other = put(store, b"b" * 40, 2)
    assert store.has(kept)
    assert store.has(other)
    announced.close()


def test_room_is_made_as_bytes_come(store: ArtifactStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "BLOCK", 10)
    first, second = put(store, b"a" * 40, 1), put(store, b"b" * 40, 2)
    upload = store.begin("0" * 64, 100)
    upload.reserve(10)
    assert (store.has(first), store.has(second)) == (True, True)
    upload.reserve(20)
    assert (store.has(first), store.has(second)) == (False, True)
    upload.reserve(70)
    assert store.count == 0


def test_a_corrupt_file_is_dropped(store: ArtifactStore) -> None:
    sha256 = put(store, b"weights", 1)
    (store.folder / sha256).write_bytes(b"weighty")
    assert store.drop_corrupt(sha256)
    assert not store.has(sha256)


def test_a_whole_file_is_never_dropped(store: ArtifactStore) -> None:
    sha256 = put(store, b"weights", 1)
    assert not store.drop_corrupt(sha256)
    assert store.has(sha256)


def test_bytes_are_on_the_disk_before_they_have_their_name(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bool] = []
    monkeypatch.setattr(os, "fsync", lambda _: synced.append(store.has(digest(b"weights"))))
    put(store, b"weights", 1)
    assert synced == [False]


def test_more_than_the_limit_is_refused_and_evicts_nothing(store: ArtifactStore) -> None:
    kept = put(store, b"weights", 1)
    with pytest.raises(TooLargeError, match="found an artifact of 101 bytes, expected at most 100"):
        store.begin("0" * 64, 101)
    assert store.has(kept)


@pytest.mark.parametrize("content", [b"weigh", b"spoiled"])
def test_what_is_not_what_it_is_called_is_not_kept(store: ArtifactStore, content: bytes) -> None:
    with pytest.raises(WrongDigestError, match=f"found sha256 {digest(content)}"):
        put(store, content, 1, digest(b"weights"))
    assert store.count == 0
    assert list(store.folder.iterdir()) == []


def test_more_than_was_announced_is_refused(store: ArtifactStore) -> None:
    upload = store.begin(digest(b"weights"), 3)
    with pytest.raises(WrongDigestError, match="received more than the announced 3 bytes"):
        upload.reserve(7)
    upload.close()
    assert list(store.folder.iterdir()) == []


def test_a_reader_reads_to_the_end_what_made_room(store: ArtifactStore) -> None:
    path = store.find(put(store, b"a" * 60, 1), 1)
    assert path is not None
    with path.open("rb") as file:
        put(store, b"b" * 60, 2)
        assert file.read() == b"a" * 60


def test_a_restart_keeps_what_is_whole_and_when_it_was_used(tmp_path: Path) -> None:
    before = ArtifactStore(tmp_path, 100)
    first, second = put(before, b"a" * 40, 1), put(before, b"b" * 40, 2)
    before.find(first, 3)
    before.begin("0" * 64, 10)
    after = ArtifactStore(tmp_path, 100)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([first, second])
    put(after, b"c" * 40, 4)
    assert (after.has(first), after.has(second)) == (True, False)


def test_a_smaller_limit_holds_from_the_start(tmp_path: Path) -> None:
    before = ArtifactStore(tmp_path, 100)
    first, second = put(before, b"a" * 40, 1), put(before, b"b" * 40, 2)
    after = ArtifactStore(tmp_path, 50)
    assert (after.has(first), after.has(second)) == (False, True)
