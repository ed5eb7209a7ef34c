"""Locks of files that a process in the background holds for as long as it lives."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from hack.console import StepError


def is_held(path: Path) -> bool:
    """Return whether a process holds the lock; without the file none does."""
    try:
        with path.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


@contextmanager
def taken(path: Path, busy: StepError) -> Iterator[TextIO]:
    """Take the lock. A child that inherits the file's descriptor holds it from then on.

    Raises:
        StepError: `busy`, if another process holds it.
    """
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise busy from None
        yield lock
