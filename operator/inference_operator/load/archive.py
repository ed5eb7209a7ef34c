"""Unpacks .tar, .tar.gz, .tgz and .zip into a folder, and nothing outside it.

Files are written first and links made last, so that no write ever goes through a link of the
archive. Nothing of the archive's owners, times or modes is kept but the executable bit.
"""

import errno
import gzip
import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from inference_operator.api.reasons import Reason
from inference_operator.load.digest import CHUNK
from inference_operator.load.failure import LoadError
from inference_operator.load.space import Budget

SUFFIXES = (".tar.gz", ".tgz", ".tar", ".zip")
MAX_MEMBERS = 100_000
_BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    lzma.LZMAError,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    NotImplementedError,
)


_UNWRITABLE = {
    errno.EEXIST,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ENOENT,
    errno.ELOOP,
    errno.ENAMETOOLONG,
}


def is_archive(path: str) -> bool:
    """Whether the name says that a folder is packed in it (a TorchScript .pt is a zip inside)."""
    return path.lower().endswith(SUFFIXES)


def unpack(archive: Path, kind: str, target: Path) -> None:
    """Unpack into the folder `target`; `kind` is the source's name, which ends in a suffix above.

    LoadError: ArtifactInvalid for unsafe or broken archives, InsufficientDisk beyond free space.
    """
    unpacking = _Unpacking(target, Budget(target, f"unpacking {PurePosixPath(kind).name}"))
    try:
        if kind.lower().endswith(".zip"):
            _unpack_zip(archive, unpacking)
        else:
            _unpack_tar(archive, unpacking)
        unpacking.make_links()
    except _BROKEN as error:
        raise _refused(f"it is broken ({error}): upload it again") from None


@dataclass(slots=True)
class _Unpacking:
    """The target, the space left, and the links that wait for the end."""

    target: Path
    budget: Budget
    members: int = 0
    hard: list[tuple[str, str]] = field(default_factory=list)
    soft: list[tuple[str, str]] = field(default_factory=list)

    def place(self, name: str) -> Path | None:
        """Where a member goes; None for the root itself. Refuses names that leave the folder."""
        self.members += 1
        if self.members > MAX_MEMBERS:
            raise _refused(f"it holds more than {MAX_MEMBERS:,} members")
        return self._inside(name)

    def make_folder(self, name: str) -> None:
        if (path := self.place(name)) is not None:
            with _clashes(name):
                path.mkdir(parents=True, exist_ok=True)

    def write(self, name: str, content: IO[bytes], executable: bool) -> None:
        path = self.place(name)
        if path is None:
            raise _refused(f"it holds a file with the name {name!r}")
        with _clashes(name):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                while chunk := content.read(CHUNK):
                    self.budget.spend(len(chunk))
                    file.write(chunk)
            if executable:
                path.chmod(0o755)

    def make_links(self) -> None:
        for name, to in self.hard:
            path, origin = self._link_place(name), self._inside(to)
            if origin is None or not origin.is_file():
                raise _refused(f"its link {name!r} leads to {to!r}, which is no file in it")
            with _clashes(name):
                path.parent.mkdir(parents=True, exist_ok=True)
                os.link(origin, path)
        links: list[tuple[Path, str, str]] = []
        for name, to in self.soft:
            path = self._link_place(name)
            with _clashes(name):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.symlink_to(to)
            links.append((path, name, to))
        # Only now is it certain where each link leads: a later one may be a part of its way.
        root = Path(os.path.realpath(self.target))
        for path, name, to in links:
            real = Path(os.path.realpath(path))
            if PurePosixPath(to).is_absolute() or not real.is_relative_to(root):
                raise _refused(f"its link {name!r} leads to {to!r}, outside of it")

    def _link_place(self, name: str) -> Path:
        path = self.place(name)
        root = Path(os.path.realpath(self.target))
        if path is None or Path(os.path.realpath(path.parent)) != root / path.parent.relative_to(
            self.target
        ):
            raise _refused(f"its link {name!r} is in a folder that is a link itself")
        return path

    def _inside(self, name: str) -> Path | None:
        pure = PurePosixPath(name.replace("\\", "/"))
        if pure.is_absolute() or ".." in pure.parts or "\0" in name:
            raise _refused(f"its member {name!r} would be written outside of it")
        return self.target / pure if pure.parts else None


@contextmanager
def _clashes(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        raise _refused(f"its member {name!r} cannot be written ({error.strerror})") from None
    except UnicodeError:
        raise _refused(f"the name of its member {name!r} cannot be written") from None


def _unpack_tar(archive: Path, unpacking: _Unpacking) -> None:
    with tarfile.open(archive, "r:*") as tar:
        for member in tar:
            name = member.name
            if member.isdir():
                unpacking.make_folder(name)
            elif member.issym():
                unpacking.soft.append((name, member.linkname))
            elif member.islnk():
                unpacking.hard.append((name, member.linkname))
            elif member.isreg() and (content := tar.extractfile(member)) is not None:
                unpacking.write(name, content, bool(member.mode & 0o111))
            else:
                raise _refused(f"its member {name!r} is a device, pipe or socket")
            # tarfile keeps every member that it has read; a bomb of headers must not fill memory.
            tar.members = []  # type: ignore[attr-defined]


def _unpack_zip(archive: Path, unpacking: _Unpacking) -> None:
    with zipfile.ZipFile(archive) as packed:
        for member in packed.infolist():
            mode = member.external_attr >> 16
            if member.flag_bits & 1:
                raise _refused("it is encrypted")
            if not member.filename:
                # zipfile cuts a name at its first NUL, and fails at what is left of this one.
                raise _refused("it is broken (a member has no name): upload it again")
            if member.is_dir():
                unpacking.make_folder(member.filename)
            elif stat.S_ISLNK(mode):
                to = packed.read(member) if member.file_size < 4096 else b"/"
                unpacking.soft.append((member.filename, os.fsdecode(to)))
            elif stat.S_IFMT(mode) in (0, stat.S_IFREG):
                with packed.open(member) as content:
                    unpacking.write(member.filename, content, bool(mode & 0o111))
            else:
                raise _refused(f"its member {member.filename!r} is a device, pipe or socket")


def _refused(why: str) -> LoadError:
    return LoadError(Reason.ARTIFACT_INVALID, f"the archive is refused: {why}")
