"""A reader of untrusted zip archives with bounds; only stored or deflated members are read.

`zipfile` reads an archive's whole directory at once. It inflates a bzip2 or LZMA member as a whole,
even if it is larger than declared.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MAX_DIRECTORY = 4 << 20
"""About 40,000 members with names of 60 characters; each takes about 0.6 KB of memory."""

BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    NotImplementedError,
    OverflowError,
)
"""Errors of reading a damaged archive."""

_METHODS = {9: "deflate64", 12: "bzip2", 14: "LZMA", 93: "zstd", 95: "xz"}
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_PATCHED = 0x20


class ZipTooLargeError(Exception):
    """The archive's directory takes too much memory to be read."""


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open for reading. ZipTooLargeError: too many members. `BROKEN`: not a whole zip archive."""
    with _BoundedFile(io.FileIO(path)) as file, zipfile.ZipFile(file) as packed:
        yield packed


def why_unreadable(member: zipfile.ZipInfo) -> str | None:
    """Return `encrypted` or `compressed with bzip2`; None for members that are read."""
    if member.flag_bits & _ENCRYPTED:
        return "encrypted"
    if member.flag_bits & _PATCHED:
        return "a patch of another file"
    if member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return None
    method = _METHODS.get(member.compress_type, f"method {member.compress_type}")
    return f"compressed with {method}"


class _BoundedFile(io.BufferedReader):
    """A file whose single reads are bounded: `zipfile` reads the directory with one."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and 0 <= size <= MAX_DIRECTORY:
            return super().read(size)
        data = super().read(MAX_DIRECTORY + 1)
        if len(data) > MAX_DIRECTORY:
            raise ZipTooLargeError(f"its directory takes more than {MAX_DIRECTORY >> 20} MiB")
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        try:
            return super().seek(offset, whence)
        except (OSError, OverflowError):
            raise zipfile.BadZipFile("an offset outside of the file") from None
