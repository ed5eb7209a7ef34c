"""A cache in a folder, which survives a restart and is shared by the workers of one machine."""

import asyncio
import os
import re
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import time
from typing import TypeVar

from serving.gateway.caches.port import LARGEST_VALUE, CacheAwayError

_UNTIL = struct.Struct("<d")
_KEY = re.compile(r"[0-9a-f]{16,128}")
_SWEEP_EVERY = 256
_PARTIAL = ".partial-"
_LONGEST_WRITE = 60.0
"""Seconds after which an unfinished file is one of a process that was killed."""

Made = TypeVar("Made")


class FileCache:
    """Files named by their keys; each begins with the time until which it may be used.

    A file takes its place by a rename, so that a reader sees all of it or nothing. Every
    256 writes, files whose time is over go, and then the oldest until `most_bytes` are left.
    """

    name = "files"

    def __init__(self, folder: Path, most_bytes: int, clock: Callable[[], float] = time) -> None:
        self._folder, self._most, self._clock = folder, most_bytes, clock
        self._writes = 0

    async def get(self, key: str) -> bytes | None:
        return await self._in_thread(self._read, key)

    async def put(self, key: str, value: bytes, seconds: float) -> None:
        if len(value) > LARGEST_VALUE or seconds <= 0:
            return
        await self._in_thread(self._write, key, value, self._clock() + seconds)

    async def close(self) -> None:
        return

    async def _in_thread(self, work: Callable[..., Made], *given: object) -> Made:
        try:
            return await asyncio.to_thread(work, *given)
        except (OSError, ValueError) as error:
            raise CacheAwayError(f"{self._folder}: {error}") from error

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ValueError(f"key {key[:40]!r}: expected a digest in hexadecimal")
        return self._folder / key[:2] / key

    def _read(self, key: str) -> bytes | None:
        path = self._path(key)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        if len(content) < _UNTIL.size or self._clock() >= _UNTIL.unpack_from(content)[0]:
            path.unlink(missing_ok=True)
            return None
        return content[_UNTIL.size :]

    def _write(self, key: str, value: bytes, until: float) -> None:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=_PARTIAL)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(_UNTIL.pack(until) + value)
            Path(partial).replace(path)
        except BaseException:
            Path(partial).unlink(missing_ok=True)
            raise
        self._writes += 1
        if self._writes % _SWEEP_EVERY == 1:
            self.sweep()

    def sweep(self) -> None:
        """Remove files whose time is over, and then the oldest ones until the rest fits."""
        kept = []
        for path in self._folder.glob("??/*"):
            try:
                stat = path.stat()
                with path.open("rb") as file:
                    head = file.read(_UNTIL.size)
            except FileNotFoundError:
                continue
            if path.name.startswith(_PARTIAL) and time() - stat.st_mtime < _LONGEST_WRITE:
                # Somebody is writing it now.
                continue
            if len(head) < _UNTIL.size or self._clock() >= _UNTIL.unpack(head)[0]:
                path.unlink(missing_ok=True)
            else:
                kept.append((stat.st_mtime, stat.st_size, path))
        total = sum(size for _, size, _ in kept)
        for _, size, path in sorted(kept):
            if total <= self._most:
                return
            path.unlink(missing_ok=True)
            total -= size
