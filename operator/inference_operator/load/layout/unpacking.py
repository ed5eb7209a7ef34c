"""The folder that an archive is unpacked into: the places of members, and their limits.

Files are written first and links made last, so that no write goes through a link of the archive.
Members are counted as they are read: the sizes that an archive declares may be wrong.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from inference_operator.load.layout.links import MAX_DEPTH, MAX_NAME, Way, refused, shown
from inference_operator.load.transfer.digest import CHUNK
from inference_operator.load.transfer.space import Budget

MAX_MEMBERS = 100_000
MAX_LINKS = 10_000
MAX_LINK_TEXT = 4 << 20
# File systems use whole blocks, also for a folder or a link.
_BLOCK = 4096

_UNWRITABLE = {
    errno.EEXIST,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ENOENT,
    errno.ELOOP,
    errno.ENAMETOOLONG,
    errno.EMLINK,
}


@dataclass(slots=True)
class Unpacking:
    """The target, the space left, and the links that wait for the end."""

    target: Path
    budget: Budget
    members: int = 0
    link_text: int = 0
    hard: list[tuple[str, str]] = field(default_factory=list)
    soft: list[tuple[str, str]] = field(default_factory=list)

    def place(self, name: str) -> Path | None:
        """Return the path of a member, None for the root itself; refuse names that leave it."""
        self._count()
        return self._inside(name)

    def make_folder(self, name: str) -> None:
        if (path := self.place(name)) is not None:
            with _clashes(name):
                self._make_folders(path)

    def write(self, name: str, content: IO[bytes], executable: bool) -> None:
        path = self.place(name)
        if path is None:
            raise refused(f"it holds a file with the name {shown(name)}")
        with _clashes(name):
            self._make_folders(path.parent)
            size = 0
            with path.open("wb") as file:
                while chunk := content.read(CHUNK):
                    self.budget.spend(len(chunk))
                    file.write(chunk)
                    size += len(chunk)
            self.budget.spend(-size % _BLOCK)
            if executable:
                path.chmod(0o755)

    def hard_link(self, name: str, to: str) -> None:
        self._count_link(name, to)
        self.hard.append((name, to))

    def soft_link(self, name: str, to: str) -> None:
        self._count_link(name, to)
        self.soft.append((name, to))

    def make_links(self) -> None:
        """Make the links that wait for the end, and check where they lead."""
        for name, to in self.hard:
            path, origin = self._link_place(name), self._inside(to)
            if origin is None or not origin.is_file():
                raise refused(
                    f"its link {shown(name)} leads to {shown(to)}, which is not a file in it"
                )
            with _clashes(name):
                self._make_folders(path.parent)
                os.link(origin, path)
        links: list[Path] = []
        for name, to in self.soft:
            path = self._link_place(name)
            with _clashes(name):
                self._make_folders(path.parent)
                path.symlink_to(to)
            links.append(path)
        # A link may lead through a later one, so all are checked at the end.
        way = Way(self.target)
        for path in links:
            way.check(path)

    def _count(self) -> None:
        self.members += 1
        if self.members > MAX_MEMBERS:
            raise refused(
                f"it holds more than {MAX_MEMBERS:,} files, folders and links: pack fewer of them"
            )

    def _count_link(self, name: str, to: str) -> None:
        self._check_length(name)
        self._check_length(to)
        self.link_text += len(name) + len(to)
        if len(self.hard) + len(self.soft) >= MAX_LINKS or self.link_text > MAX_LINK_TEXT:
            raise refused(
                f"it holds more than {MAX_LINKS:,} links, or {MAX_LINK_TEXT >> 20} MiB of their"
                " names: pack files instead of links"
            )

    def _link_place(self, name: str) -> Path:
        path = self.place(name)
        if path is None or self._is_below_link(path):
            raise refused(f"its link {shown(name)} is in a folder that is a link itself")
        return path

    def _is_below_link(self, path: Path) -> bool:
        steps = len(path.relative_to(self.target).parts) - 1
        return any(parent.is_symlink() for parent in list(path.parents)[:steps])

    def _make_folders(self, path: Path) -> None:
        missing = []
        while path != self.target and not path.is_dir():
            missing.append(path)
            path = path.parent
        for folder in reversed(missing):
            self._count()
            self.budget.spend(_BLOCK)
            folder.mkdir()

    def _inside(self, name: str) -> Path | None:
        self._check_length(name)
        pure = PurePosixPath(name.replace("\\", "/"))
        if pure.is_absolute() or ".." in pure.parts or "\0" in name:
            raise refused(f"its member {shown(name)} would be written outside of it")
        if len(pure.parts) > MAX_DEPTH:
            raise refused(
                f"its member {shown(name)} is more than {MAX_DEPTH} folders deep: pack it less deep"
            )
        return self.target / pure if pure.parts else None

    def _check_length(self, name: str) -> None:
        if len(name) > MAX_NAME:
            raise refused(
                f"the name {shown(name)} in it has {len(name):,} characters, and may have"
                f" {MAX_NAME:,}: shorten it"
            )


@contextmanager
def _clashes(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        raise refused(f"its member {shown(name)} cannot be written ({error.strerror})") from None
    except UnicodeError:
        raise refused(f"the name of its member {shown(name)} cannot be written") from None
