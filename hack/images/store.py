"""Cached results that appear whole or not at all, however many processes ask or die."""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hack.cache import cache_root


def used(target: Path) -> bool:
    """Return whether it is in the cache; marks it as used, so that it is kept."""
    try:
        os.utime(target)
    except FileNotFoundError:
        return False
    return True


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the machine-wide lock `name`; the kernel releases it when the process dies."""
    file = cache_root() / "locks" / f"{name}.lock"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def published(target: Path, make: Callable[[Path], None]) -> Path:
    """Return `target`; if absent, make it with `make(partial)` first, and move it when complete."""
    if used(target):
        return target
    with locked(f"{target.parent.name}-{target.name}"):
        if not target.exists():
            partial = target.with_name(f".{target.name}.partial")
            remove(partial)
            partial.parent.mkdir(parents=True, exist_ok=True)
            make(partial)
            partial.rename(target)
    return target


def keep_newest(folder: Path, prefix: str, count: int = 2) -> list[Path]:
    """Remove all but the `count` last used entries whose names start with `prefix`; return them."""
    entries = sorted(folder.glob(f"{prefix}*"), key=lambda p: p.stat().st_mtime, reverse=True)
    for old in entries[count:]:
        remove(old)
    return entries[count:]


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
