"""The log of loading: JSON lines, with bytes, total and rate every few seconds."""

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator

from inference_operator.logs import log_line

EVERY_SECONDS = 5.0
_LOGGER = "inference_operator.load"


def log(message: str, level: str = "INFO", **fields: object) -> None:
    """Write one line to standard error."""
    # One write, so that lines of several threads do not mix.
    sys.stderr.write(log_line(time.time(), level, _LOGGER, message, fields) + "\n")
    sys.stderr.flush()


class Progress:
    """A thread-safe count of one artifact's bytes, logged at most every `EVERY_SECONDS`."""

    def __init__(
        self,
        model: str,
        total: int | None,
        done: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._model, self._total, self._done, self._clock = model, total, done, clock
        self._start = self._reported = clock()
        self._first = done
        self._lock = threading.Lock()

    def add(self, count: int) -> None:
        with self._lock:
            self._done += count
            if (now := self._clock()) - self._reported >= EVERY_SECONDS:
                self._reported = now
                self._log("fetching", now)

    def over(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the chunks, and count them as they pass."""
        for chunk in chunks:
            self.add(len(chunk))
            yield chunk

    def end(self) -> None:
        self._log("fetched", self._clock())

    def _log(self, message: str, now: float) -> None:
        elapsed = now - self._start
        rate = round((self._done - self._first) / elapsed) if elapsed > 0 else None
        log(
            message,
            model=self._model,
            bytes=self._done,
            total=self._total,
            bytesPerSecond=rate,
            seconds=round(elapsed, 3),
        )
