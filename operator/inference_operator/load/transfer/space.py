"""Disk space of the model volume: checked before writing, and bounded while unpacking."""

import os
from collections.abc import Callable
from pathlib import Path

from inference_operator.api.reasons import Reason
from inference_operator.load.failure import LoadError

REMEDY = (
    "free disk on the node, or request ephemeral-storage in spec.resources so that the pod lands"
    " on a node that has it"
)


def free_bytes(folder: Path) -> int:
    """Return the bytes that a process without privileges can still write below `folder`."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def require_space(folder: Path, needed: int, purpose: str) -> None:
    """Raise InsufficientDisk unless `needed` bytes are free."""
    free = free_bytes(folder)
    if needed > free:
        raise insufficient(purpose, f"{sized(needed)}", folder, free)


def insufficient(purpose: str, needed: str, folder: Path, free: int) -> LoadError:
    missing = f"{purpose} needs {needed}, and {folder} has {sized(free)} free"
    return LoadError(Reason.INSUFFICIENT_DISK, missing, REMEDY, path="")


class Budget:
    """The bytes that may still be written; spending more raises InsufficientDisk.

    `check` gets the sum of the spent bytes, and may raise earlier.
    """

    def __init__(
        self, folder: Path, purpose: str, check: Callable[[int], None] = lambda spent: None
    ) -> None:
        self._folder = folder
        self._purpose = purpose
        self._check = check
        self._free = free_bytes(folder)
        self._spent = 0

    def spend(self, count: int) -> None:
        self._spent += count
        self._check(self._spent)
        if self._spent > self._free:
            needed = f"at least {sized(self._spent)}"
            raise insufficient(self._purpose, needed, self._folder, self._free)


def sized(count: int) -> str:
    """`3.2 GiB (3,435,973,837 bytes)`, or `512 bytes`."""
    if count < 1024:
        return f"{count} bytes"
    value, unit = float(count), "bytes"
    for unit in ("KiB", "MiB", "GiB", "TiB"):  # noqa: B007
        value /= 1024
        if value < 1024:
            break
    return f"{value:.1f} {unit} ({count:,} bytes)"
