"""Small archives that would fill memory or disk are refused, with a sentence and at little cost."""

import gzip
import io
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from inference_operator.api.reasons import Reason
from inference_operator.load.failure import LoadError
from inference_operator.load.layout import links, tar_reader, unpacking
from tests.memory import measure
from tests.unit.load.archives import FILE, FOLDER, HARD, SOFT, tar_of, unpack_body, zip_of

MIB = 1 << 20
REFUSED = "spec.model.source.uri: the archive is refused: "


def refusal(tmp_path: Path, body: bytes, kind: str) -> str:
    """Return the sentence with which the archive is refused; nothing is left of it."""
    with pytest.raises(LoadError) as caught:
        unpack_body(body, kind, tmp_path)
    assert caught.value.reason is Reason.ARTIFACT_INVALID
    return str(caught.value).removeprefix(REFUSED)


def header(name: str, kind: bytes, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


def old_sparse() -> bytes:
    """Return a GNU tar of one file of 1 TiB, of which nothing is stored."""
    block = bytearray(header("model.pt", tarfile.GNUTYPE_SPARSE, 0))
    block[483:495] = b"%011o\0" % (1 << 32)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + bytes(1024)


def pax_sparse(**attributes: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:") as tar:
        info = tarfile.TarInfo("model.pt")
        info.pax_headers = {f"GNU.sparse.{name}": value for name, value in attributes.items()}
        tar.addfile(info)
    return buffer.getvalue()


SPARSE = {
    "old GNU": old_sparse(),
    "0.0": pax_sparse(size="1099511627776", numblocks="1", offset="0", numbytes="0"),
    "0.1": pax_sparse(map="0,0", size="1099511627776", name="model.pt"),
    "1.0": pax_sparse(major="1", minor="0", name="model.pt", realsize="1099511627776"),
}


@pytest.mark.parametrize("body", SPARSE.values(), ids=SPARSE.keys())
def test_a_sparse_file_is_refused(tmp_path: Path, body: bytes) -> None:
    assert "sparse file" in refusal(tmp_path, gzip.compress(body), "m.tar.gz")
    assert list((tmp_path / "models/1").iterdir()) == []


@pytest.mark.parametrize(("mode", "name"), [("w:bz2", "bzip2"), ("w:xz", "xz")])
def test_only_plain_and_gzip_tars_are_read(tmp_path: Path, mode: str, name: str) -> None:
    body = tar_of(("model.pt", b"torch", FILE), mode=mode)
    assert refusal(tmp_path, body, "m.tar.gz") == (
        f"it is compressed with {name}: pack it as a plain tar or with gzip"
    )


@pytest.mark.parametrize(
    ("method", "name"), [(zipfile.ZIP_BZIP2, "bzip2"), (zipfile.ZIP_LZMA, "LZMA")]
)
def test_only_stored_and_deflated_zips_are_read(tmp_path: Path, method: int, name: str) -> None:
    body = zip_of(("model.pt", bytes(64 * MIB), FILE), compression=method)
    (tmp_path / "bomb.zip").write_bytes(body)
    (tmp_path / "target").mkdir()
    outcome = measure("unpack", tmp_path / "bomb.zip", "m.zip", tmp_path / "target")
    assert outcome.answer == (
        f"ArtifactInvalid: {REFUSED}its member 'model.pt' is compressed with {name}: pack it again"
        " with stored or deflated"
    )
    assert outcome.growth < 16


def link_bomb() -> bytes:
    """Return a zip with a link of 100 MiB that declares 4 bytes."""
    body = bytearray(zip_of(("model.pt", bytes(100 * MIB), SOFT)))
    place = body.rindex(b"PK\x01\x02")
    body[place + 24 : place + 28] = struct.pack("<I", 4)
    return bytes(body)


def directory_bomb(count: int) -> bytes:
    """Return a zip whose directory lists a member again and again."""
    single = zip_of(("a", b"", FILE), compression=zipfile.ZIP_STORED)
    start, end = single.index(b"PK\x01\x02"), single.index(b"PK\x05\x06")
    directory = single[start:end] * count
    sizes = struct.pack("<HHII", 0xFFFE, 0xFFFE, len(directory), start)
    return single[:start] + directory + single[end : end + 8] + sizes + b"\0\0"


def long_name() -> bytes:
    size = 100 * MIB
    return gzip.compress(header("a", tarfile.GNUTYPE_LONGNAME, size) + bytes(size), 1)


def pax_header() -> bytes:
    size = 100 * MIB
    record = b"%d path=" % size
    head = header("a", tarfile.XHDTYPE, size)
    return gzip.compress(head + record + b"a" * (size - len(record)), 1)


MEMORY: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "a link in a zip": (link_bomb, "m.zip", "it is broken"),
    "a zip's directory": (lambda: directory_bomb(200_000), "m.zip", "its directory takes more"),
    "a long name": (long_name, "m.tgz", "its long names and extended attributes take more"),
    "a pax header": (pax_header, "m.tgz", "its long names and extended attributes take more"),
    "links": (
        lambda: gzip.compress(
            tar_of(("a", "b" * 90, SOFT), mode="w", format=tarfile.GNU_FORMAT)[:512] * 100_000, 1
        ),
        "m.tgz",
        "it holds more than 10,000 links",
    ),
}


@pytest.mark.parametrize(("make", "kind", "sentence"), MEMORY.values(), ids=MEMORY.keys())
def test_a_bomb_takes_little_memory(
    tmp_path: Path, make: Callable[[], bytes], kind: str, sentence: str
) -> None:
    (tmp_path / "bomb").write_bytes(make())
    (tmp_path / "target").mkdir()
    outcome = measure("unpack", tmp_path / "bomb", kind, tmp_path / "target")
    assert outcome.answer.startswith(f"ArtifactInvalid: {REFUSED}{sentence}")
    assert outcome.growth < 32


@pytest.mark.parametrize("pack", [tar_of, zip_of])
def test_names_are_bounded(tmp_path: Path, pack: Callable[..., bytes]) -> None:
    kind = "m.zip" if pack is zip_of else "m.tgz"
    deep = refusal(tmp_path / _made(tmp_path, "a"), pack(("a/" * 101 + "b", b"", FILE)), kind)
    assert "more than 100 folders deep" in deep
    wide = refusal(tmp_path / _made(tmp_path, "b"), pack(("a/b" * 1000, b"", FILE)), kind)
    assert "has 3,000 characters, and may have 2,048" in wide
    to = refusal(tmp_path / _made(tmp_path, "c"), pack(("a", "b" * 3000, SOFT)), kind)
    assert "characters, and may have 2,048" in to
    assert max(map(len, (deep, wide, to))) < 250


def _made(folder: Path, name: str) -> str:
    (folder / name).mkdir()
    return name


def test_links_and_folders_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MAX_LINKS", 3)
    body = tar_of(("a", b"", FILE), *[(f"l{n}", "a", (SOFT, HARD)[n % 2]) for n in range(4)])
    assert "more than 3 links" in refusal(tmp_path / _made(tmp_path, "a"), body, "m.tgz")
    monkeypatch.setattr(unpacking, "MAX_MEMBERS", 20)
    body = tar_of(("a/" * 30, "", FOLDER))
    assert "more than 20 files, folders" in refusal(tmp_path / _made(tmp_path, "b"), body, "m.tgz")


def test_extended_attributes_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tar_reader, "MAX_RECORDS", 10)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:") as tar:
        info = tarfile.TarInfo("model.pt")
        info.pax_headers = {f"user.{n}": "x" for n in range(11)}
        tar.addfile(info)
    assert "more than 10 extended attributes" in refusal(tmp_path, buffer.getvalue(), "m.tar")


def test_a_chain_of_links_is_followed_so_far(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = [(f"l{n}", f"l{n + 1}", SOFT) for n in range(3000)]
    body = tar_of(*chain, ("l3000", b"", FILE))
    assert "through more than 40 links" in refusal(tmp_path / _made(tmp_path, "a"), body, "m.tgz")
    monkeypatch.setattr(links, "_MAX_STEPS", 1000)
    body = tar_of(*[(f"l{n}", "a/../" * 90 + "b", SOFT) for n in range(10)], ("a", "", FOLDER))
    assert "more than 1,000 steps" in refusal(tmp_path / _made(tmp_path, "b"), body, "m.tgz")


def test_a_global_header_cannot_name_members(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:", pax_headers={"path": "b"}) as tar:
        tar.addfile(tarfile.TarInfo("a"))
    assert "its global header sets path" in refusal(tmp_path, buffer.getvalue(), "m.tar")


def test_a_tar_of_git_archive_is_read(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:", pax_headers={"comment": "a" * 40}) as tar:
        tar.addfile(tarfile.TarInfo("model.py"))
    assert (unpack_body(buffer.getvalue(), "m.tar", tmp_path) / "model.py").exists()


@pytest.mark.parametrize("format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_long_names_and_other_suffixes_are_read(tmp_path: Path, format: int, mode: str) -> None:
    name, link = f"{'f' * 200}/{'ä' * 100}.onnx", f"{'f' * 200}/{'l' * 150}"
    body = tar_of(
        ("f" * 200, "", FOLDER),
        (name, b"onnx" * 300, FILE),
        (link, f"{'ä' * 100}.onnx", SOFT),
        ("a", name, HARD),
        mode=mode,
        format=format,
    )
    folder = unpack_body(body, "m.tar" if mode == "w:gz" else "m.tgz", tmp_path)
    assert {(folder / path).read_bytes() for path in (name, link, "a")} == {b"onnx" * 300}


def test_a_stored_zip_is_read(tmp_path: Path) -> None:
    body = zip_of(("a/model.pt", bytes(9 * MIB), FILE), compression=zipfile.ZIP_STORED)
    assert (unpack_body(body, "m.zip", tmp_path) / "a/model.pt").stat().st_size == 9 * MIB
