"""The end of downloads whose result is no longer needed, because another one failed for good."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, as_completed
from typing import TypeVar

T = TypeVar("T")


class StoppedError(Exception):
    """A download ended before it was complete. What it has is kept, and resumed later."""


class Stop:
    """A request to end; it also ends everything that was begun with its children."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._children: list[Stop] = []

    def child(self) -> "Stop":
        """Return a request of its own: it ends with this one, or earlier."""
        child = Stop()
        self._children.append(child)
        # `set` may have gone through the list already.
        if self._event.is_set():
            child.set()
        return child

    def set(self) -> None:
        """End all waits, and the downloads at their next chunk."""
        self._event.set()
        for child in self._children:
            child.set()

    def check(self) -> None:
        """Raise StoppedError after `set`."""
        if self._event.is_set():
            raise StoppedError

    def pause(self, seconds: float) -> None:
        """Sleep, or raise StoppedError as soon as `set` is called."""
        self._event.wait(seconds)
        self.check()

    def over(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the chunks of a download; raise StoppedError after `set`."""
        for chunk in chunks:
            self.check()
            yield chunk

    def at_first_error(self, futures: "Sequence[Future[T]]") -> list[T]:
        """Return the results in order; the first error in time ends the others, and is raised."""
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:
            self.set()
            for future in futures:
                future.cancel()
            raise
        return [future.result() for future in futures]
