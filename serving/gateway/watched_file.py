"""Content of a mounted file, read again after it changed."""

import logging
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Generic, TypeVar

Content = TypeVar("Content")
_LOOK_SECONDS = 1.0
_LOG = logging.getLogger(__name__)


class WatchedFile(Generic[Content]):
    """A file that is looked at once a second at most, when its content is asked for.

    The first read raises OSError or ValueError. Later, a file that cannot be read is logged, and
    its last good content stays in force.
    """

    def __init__(
        self,
        path: Path,
        parse: Callable[[str], Content],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._path, self._parse, self._clock = path, parse, clock
        self._looked = clock()
        self._mark = self._state()
        self._content = parse(path.read_text("utf-8"))

    @property
    def content(self) -> Content:
        now = self._clock()
        if now - self._looked >= _LOOK_SECONDS:
            self._looked = now
            self._look()
        return self._content

    def _look(self) -> None:
        try:
            mark = self._state()
            if mark != self._mark:
                self._content = self._parse(self._path.read_text("utf-8"))
                self._mark = mark
        except (OSError, ValueError) as error:
            _LOG.error("%s: %s; its last good content stays in force", self._path, error)

    def _state(self) -> tuple[int, int, int]:
        stat = self._path.stat()
        return stat.st_mtime_ns, stat.st_size, stat.st_ino
