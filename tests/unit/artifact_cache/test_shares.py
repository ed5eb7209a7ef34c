"""Eviction of artifacts by the shares of their peers."""

from pathlib import Path

import pytest

from inference_operator.artifact_cache import store as store_module
from inference_operator.artifact_cache.eviction import IDLE_NS
from inference_operator.artifact_cache.store import ArtifactStore, TooLargeError

from .test_store import digest

NOW = 10 * IDLE_NS


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "artifacts", 100, clock=lambda: NOW)


def put(store: ArtifactStore, content: bytes, peer: str, used: int = NOW) -> str:
    upload = store.begin(digest(content), len(content), peer)
    try:
        upload.reserve(len(content))
        upload.write(content)
        upload.verify()
        upload.commit(used)
    finally:
        upload.close()
    return digest(content)


def test_a_peer_that_fills_the_cache_replaces_its_own(store: ArtifactStore) -> None:
    good = put(store, b"g" * 30, "good")
    for n in range(50):
        put(store, bytes([n]) * 35, "bad")
    assert store.has(good)
    assert store.size == 100


def test_a_single_upload_cannot_take_it_all(store: ArtifactStore) -> None:
    good = put(store, b"g" * 30, "good")
    with pytest.raises(TooLargeError, match="try again later"):
        put(store, b"b" * 100, "bad")
    assert store.has(good)
    assert [path.name for path in store.folder.iterdir()] == [good]


def test_what_nobody_used_for_a_while_goes_for_all(store: ArtifactStore) -> None:
    old = put(store, b"g" * 30, "good", NOW - IDLE_NS - 1)
    put(store, b"b" * 100, "bad")
    assert not store.has(old)


def test_the_peer_with_more_gives_way_to_the_one_with_less(store: ArtifactStore) -> None:
    large = put(store, b"l" * 80, "large")
    small = put(store, b"s" * 40, "small")
    assert (store.has(large), store.has(small)) == (False, True)


def test_after_a_restart_all_are_alike(store: ArtifactStore) -> None:
    put(store, b"g" * 30, "good")
    again = ArtifactStore(store.folder, 100, clock=lambda: NOW)
    put(again, b"b" * 100, "bad")
    assert again.count == 1


def test_what_is_being_read_makes_no_room(store: ArtifactStore) -> None:
    read = put(store, b"r" * 60, "one", 1)
    with store.read(read, NOW - IDLE_NS - 1) as file:
        assert file.read() == b"r" * 60
        with pytest.raises(TooLargeError):
            put(store, b"o" * 60, "two")
        assert store.has(read)
    put(store, b"o" * 60, "two")
    assert not store.has(read)


def test_tiny_files_are_limited_in_number(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "MOST_FILES", 10)
    for n in range(30):
        put(store, bytes([n]), "bad", NOW + n)
    assert len(list(store.folder.iterdir())) == store.count == 10
    assert store.evicted == 20


def test_an_artifact_that_comes_twice_counts_once(store: ArtifactStore) -> None:
    first = store.begin(digest(b"a" * 40), 40, "one")
    put(store, b"a" * 40, "two")
    first.reserve(40)
    first.write(b"a" * 40)
    first.verify()
    first.commit(NOW)
    first.close()
    assert store.size == 40


def test_links_and_folders_in_its_place_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("/etc/hostname")
    store = ArtifactStore(tmp_path, 100)
    put(store, b"a" * 100, "one")
    assert (tmp_path / "folder").is_dir()
    assert (tmp_path / "link").is_symlink()
