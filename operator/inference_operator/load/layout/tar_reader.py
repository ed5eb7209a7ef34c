"""Reader of plain and gzip tars as a stream, within bounds.

`tarfile` only parses single headers here. Its own reader accepts every compression that Python has,
expands sparse files, reads long names of any size into memory, and keeps each member that it read.
"""

import gzip
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from inference_operator.load.layout.links import refused, shown
from inference_operator.load.layout.unpacking import Unpacking

MAX_EXTENSION = 1 << 20
MAX_EXTENSIONS = 256 << 20
MAX_RECORDS = 1_000_000
_BLOCK = tarfile.BLOCKSIZE
_PAX = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.XGLTYPE)
_LONG = {tarfile.GNUTYPE_LONGNAME: "path", tarfile.GNUTYPE_LONGLINK: "linkpath"}
_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
_COMPRESSED = {
    b"BZh": "bzip2",
    b"PK\x03\x04": "zip",
    b"\xfd7zXZ\x00": "xz",
    b"\x5d\x00\x00": "lzma",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"\x1f\x9d": "compress",
}

Changes = dict[str, bytes]


def read_tar(archive: Path, unpacking: Unpacking) -> None:
    """Unpack every member; the content decides whether it is a gzip, not the name."""
    with archive.open("rb") as file, _inflated(file) as stream:
        reader = _Reader(stream)
        try:
            member = reader.next_member()
        except tarfile.HeaderError:
            _refuse_compressed(archive)
            raise
        while member is not None:
            _take(member, stream, unpacking)
            member = reader.next_member()


@contextmanager
def _inflated(file: IO[bytes]) -> Iterator[IO[bytes]]:
    is_gzip = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    if not is_gzip:
        yield file
        return
    with gzip.GzipFile(fileobj=file) as stream:
        yield stream  # type: ignore[misc]


def _refuse_compressed(archive: Path) -> None:
    with archive.open("rb") as file:
        head = file.read(8)
    for magic, compression in _COMPRESSED.items():
        if head.startswith(magic):
            raise refused(
                f"it is compressed with {compression}: pack it as a plain tar or with gzip"
            )


def _take(member: tarfile.TarInfo, stream: IO[bytes], unpacking: Unpacking) -> None:
    name = member.name
    if member.isdir():
        unpacking.make_folder(name)
    elif member.issym():
        unpacking.soft_link(name, member.linkname)
    elif member.islnk():
        unpacking.hard_link(name, member.linkname)
    elif member.type in _FILES:
        content = _Content(stream, member.size)
        unpacking.write(name, content, bool(member.mode & 0o111))  # type: ignore[arg-type]
        _read(stream, -member.size % _BLOCK)
    else:
        raise refused(f"its member {shown(name)} is a device, pipe or socket: pack it without")


class _Content:
    """The bytes of one member; raises where the archive ends before them."""

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self._stream, self._left = stream, size

    def read(self, size: int) -> bytes:
        data = _read(self._stream, min(size, self._left))
        self._left -= len(data)
        return data


class _Reader:
    """A reader of member headers, with the extension headers before them applied."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._started = False
        self._extensions = 0
        self._records = 0

    def next_member(self) -> tarfile.TarInfo | None:
        """Return the next header, None at the end; the stream is at the member's content."""
        changes: Changes = {}
        while True:
            block = self._stream.read(_BLOCK)
            if block == bytes(_BLOCK) or (not block and self._started):
                break
            self._started = True
            header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
            if header.type in _LONG:
                changes[_LONG[header.type]] = self._payload(header).partition(b"\0")[0]
            elif header.type in _PAX:
                self._add_records(header, changes)
            else:
                return _changed(header, changes)
        if changes:
            raise tarfile.ReadError("unexpected end of data")
        return None

    def _add_records(self, header: tarfile.TarInfo, changes: Changes) -> None:
        for key, value in _records(self._payload(header)):
            self._records += 1
            if self._records > MAX_RECORDS:
                raise refused(
                    f"it holds more than {MAX_RECORDS:,} extended attributes: pack it without them"
                )
            if key.startswith(b"GNU.sparse."):
                raise _sparse(value.decode("utf-8", "replace"))
            if key not in (b"path", b"linkpath", b"size"):
                continue
            if header.type == tarfile.XGLTYPE:
                raise refused(
                    f"its global header sets {key.decode()} for all its members: pack it again"
                    " with another program"
                )
            changes[key.decode()] = value

    def _payload(self, header: tarfile.TarInfo) -> bytes:
        if header.size < 0:
            raise tarfile.ReadError("negative size")
        self._extensions += _BLOCK + header.size
        if header.size > MAX_EXTENSION or self._extensions > MAX_EXTENSIONS:
            raise refused(
                f"its long names and extended attributes take more than {MAX_EXTENSION >> 20} MiB"
                f" for a member, or {MAX_EXTENSIONS >> 20} MiB in all: pack it without extended"
                " attributes (tar --no-xattrs)"
            )
        payload = _read(self._stream, header.size)
        _read(self._stream, -header.size % _BLOCK)
        return payload


def _changed(member: tarfile.TarInfo, changes: Changes) -> tarfile.TarInfo:
    if "path" in changes:
        member.name = changes["path"].decode("utf-8", "surrogateescape")
    if "linkpath" in changes:
        member.linkname = changes["linkpath"].decode("utf-8", "surrogateescape")
    if "size" in changes:
        member.size = int(changes["size"])
    if member.type == tarfile.GNUTYPE_SPARSE:
        raise _sparse(member.name)
    if member.size < 0:
        raise tarfile.ReadError("negative size")
    return member


def _sparse(name: str) -> Exception:
    return refused(
        f"its member {shown(name)} is a sparse file, which takes more room than the archive shows:"
        " pack it without --sparse"
    )


def _records(payload: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and values of a pax header: `LENGTH KEY=VALUE` and a line feed for each."""
    place = 0
    while place < len(payload) and payload[place]:
        space = payload.find(b" ", place, place + 10)
        length = payload[place:space] if space > 0 else b""
        end = place + int(length) if length.isdigit() else 0
        if not space < end <= len(payload) or payload[end - 1 : end] != b"\n":
            raise tarfile.ReadError("an extended header that cannot be read")
        key, _, value = payload[space + 1 : end - 1].partition(b"=")
        yield key, value
        place = end


def _read(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise tarfile.ReadError("unexpected end of data")
    return data
