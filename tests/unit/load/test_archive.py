"""Archives are unpacked into their folder and nowhere else."""

import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference_operator.api.reasons import Reason
from inference_operator.load.failure import LoadError
from inference_operator.load.layout import unpacking
from inference_operator.load.layout.archive import is_archive, unpack
from inference_operator.load.transfer import space
from tests.examples import examples
from tests.unit.load.archives import FILE, FOLDER, HARD, SOFT, Member, tar_of, unpack_body, zip_of


@pytest.fixture
def unpacked(tmp_path: Path) -> Callable[..., Path]:
    def do(body: bytes, kind: str = "lstm.tar.gz") -> Path:
        return unpack_body(body, kind, tmp_path)

    return do


@pytest.mark.parametrize("kind", ["a.tar.gz", "a.TGZ", "b/a.tar", "a.zip"])
def test_the_name_says_what_is_an_archive(kind: str) -> None:
    assert is_archive(kind)


@pytest.mark.parametrize("kind", ["model.pt", "model.onnx", "tar.gz.onnx", "zip"])
def test_a_model_file_is_no_archive(kind: str) -> None:
    assert not is_archive(kind)


def test_files_and_folders_come_out_as_they_went_in(unpacked: Callable[..., Path]) -> None:
    folder = unpacked(
        tar_of(
            ("./model.py", b"import json", FILE),
            ("weights", "", FOLDER),
            ("weights/a.bin", b"\x00\x01", FILE),
            ("run.sh", b"#!/bin/sh", FILE),
        )
    )
    assert (folder / "model.py").read_bytes() == b"import json"
    assert (folder / "weights/a.bin").read_bytes() == b"\x00\x01"
    assert os.access(folder / "run.sh", os.X_OK)
    assert not (folder / "model.py").stat().st_mode & 0o111


def test_links_within_the_archive_are_kept(unpacked: Callable[..., Path]) -> None:
    folder = unpacked(
        tar_of(
            ("current", "v2", SOFT),
            ("v2/model.onnx", b"onnx", FILE),
            ("copy.onnx", "v2/model.onnx", HARD),
            ("v2/up.onnx", "../copy.onnx", SOFT),
        )
    )
    assert (folder / "current/model.onnx").read_bytes() == b"onnx"
    assert (folder / "copy.onnx").read_bytes() == b"onnx"
    assert (folder / "v2/up.onnx").read_bytes() == b"onnx"


def test_a_zip_is_unpacked_with_its_links(unpacked: Callable[..., Path]) -> None:
    folder = unpacked(
        zip_of(("a/model.pt", b"torch", FILE), ("model.pt", "a/model.pt", SOFT)), "m.zip"
    )
    assert (folder / "model.pt").read_bytes() == b"torch"


UNSAFE = {
    "an absolute name": [("/etc/cron.d/x", b"", FILE)],
    "a name that climbs out": [("a/../../x", b"", FILE)],
    "a Windows name that climbs out": [("a\\..\\..\\x", b"", FILE)],
    "a link to an absolute path": [("x", "/etc/passwd", SOFT)],
    "a link that climbs out": [("a/x", "../../x", SOFT)],
    "a link with a Windows name that climbs out": [("a\\x", "../..", SOFT)],
    "a write below a link": [("a", "..", SOFT), ("a/x", b"owned", FILE)],
    "a link below a link": [("a", "sub", SOFT), ("a/x", "y", SOFT)],
    "a chain of links that climbs out": [("b", "a/..", SOFT), ("a", ".", SOFT)],
    "a link to itself as a folder": [("a", "a", SOFT), ("a/b", "x", SOFT)],
    "a file over a folder": [("a/x", b"", FILE), ("a", b"", FILE)],
}
UNSAFE_TAR = UNSAFE | {
    "a hard link that climbs out": [("x", "../../secret", HARD)],
    "a hard link to nothing": [("x", "y", HARD)],
    "a hard link through a link": [("a", "..", SOFT), ("x", "a/secret", HARD)],
    "a device": [("null", "", tarfile.CHRTYPE)],
    "a pipe": [("pipe", "", tarfile.FIFOTYPE)],
}


def _assert_refused(tmp_path: Path, unpacked: Callable[..., Path], body: bytes, kind: str) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    with pytest.raises(LoadError) as caught:
        unpacked(body, kind)
    assert caught.value.reason is Reason.ARTIFACT_INVALID
    assert "the archive is refused" in str(caught.value)
    outside = {path.name for path in tmp_path.iterdir()}
    assert outside == {"secret", "download", "models"}
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["1"]


@pytest.mark.parametrize("members", UNSAFE_TAR.values(), ids=UNSAFE_TAR.keys())
def test_an_unsafe_tar_is_refused(
    tmp_path: Path, unpacked: Callable[..., Path], members: list[Member]
) -> None:
    _assert_refused(tmp_path, unpacked, tar_of(*members), "m.tar.gz")


@pytest.mark.parametrize("members", UNSAFE.values(), ids=UNSAFE.keys())
def test_an_unsafe_zip_is_refused(
    tmp_path: Path, unpacked: Callable[..., Path], members: list[Member]
) -> None:
    _assert_refused(tmp_path, unpacked, zip_of(*members), "m.zip")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "m.tar.gz"),
        (b"<html>log in</html>", "m.tar.gz"),
        (b"<html>log in</html>", "m.zip"),
        (tar_of(("model.pt", os.urandom(4000), FILE))[:-900], "m.tar.gz"),
        (zip_of(("model.pt", os.urandom(4000), FILE))[:-900], "m.zip"),
        (zip_of(("model.pt", b"torch", FILE)).replace(b"model.pt", b"\0odel.pt"), "m.zip"),
    ],
)
def test_a_broken_archive_says_so(unpacked: Callable[..., Path], body: bytes, kind: str) -> None:
    with pytest.raises(LoadError, match="it is broken") as caught:
        unpacked(body, kind)
    assert caught.value.reason is Reason.ARTIFACT_INVALID


@pytest.mark.parametrize(("pack", "kind"), [(tar_of, "m.tgz"), (zip_of, "m.zip")])
def test_a_bomb_ends_at_the_free_disk(
    unpacked: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    pack: Callable[..., bytes],
    kind: str,
) -> None:
    monkeypatch.setattr(space, "free_bytes", lambda folder: 3 << 20)
    with pytest.raises(LoadError) as caught:
        unpacked(pack(("model.pt", bytes(8 << 20), FILE)), kind)
    assert caught.value.reason is Reason.INSUFFICIENT_DISK
    assert "has 3.0 MiB (3,145,728 bytes) free" in str(caught.value)


def test_an_archive_of_endless_members_is_refused(
    unpacked: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "MAX_MEMBERS", 10)
    with pytest.raises(LoadError, match="more than 10 files"):
        unpacked(tar_of(*[(f"{n}", b"", FILE) for n in range(11)]))


def refusal_of(source: Path, kind: str, target: Path) -> Reason | None:
    try:
        unpack(source, kind, target)
    except LoadError as failure:
        return failure.reason
    return None


_NAMES = st.lists(
    st.sampled_from(["a", "b", "..", ".", "model.pt", "", "/", "c\\d"]), min_size=1, max_size=4
).map("/".join)
_MEMBERS = st.lists(
    st.tuples(_NAMES, _NAMES, st.sampled_from([FILE, SOFT, HARD, FOLDER])), max_size=6
)


@settings(
    max_examples=examples(300),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(members=_MEMBERS)
def test_no_archive_reaches_outside(
    tmp_path_factory: pytest.TempPathFactory, members: list[tuple[str, str, bytes]]
) -> None:
    base = tmp_path_factory.mktemp("unpack")
    source, target = base / "download", base / "in" / "target"
    target.mkdir(parents=True)
    source.write_bytes(
        tar_of(*[(n, b"owned" if k == FILE else to, k) for n, to, k in members], mode="w")
    )
    refusal = refusal_of(source, "m.tar", target)
    if refusal is None:
        real = os.path.realpath(target)
        for path in target.rglob("*"):
            assert os.path.realpath(path).startswith(real)
    assert refusal in (None, Reason.ARTIFACT_INVALID)
    assert {path.name for path in base.iterdir()} == {"download", "in"}
    assert [path.name for path in (base / "in").iterdir()] == ["target"]


@settings(
    max_examples=examples(100),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.binary(max_size=64), st.integers(0, 400), st.sampled_from(["m.tar", "m.tgz", "m.zip"]))
def test_no_damage_escapes_as_another_error(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, place: int, kind: str
) -> None:
    base = tmp_path_factory.mktemp("damage")
    pack = zip_of if kind == "m.zip" else tar_of
    body = bytearray(pack(("model.pt", b"torch" * 50, FILE), ("a/b", "../model.pt", SOFT)))
    body[place : place + len(noise)] = noise
    (base / "download").write_bytes(bytes(body))
    (base / "target").mkdir()
    refusal = refusal_of(base / "download", kind, base / "target")
    assert refusal in (None, Reason.ARTIFACT_INVALID, Reason.INSUFFICIENT_DISK)
