"""A wait for changes that a cluster makes in its own time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(
    seen: Callable[[], T], *, within: float = 90.0, that: str | Callable[[], str] = ""
) -> T:
    """Return the first truthy value of `seen`.

    Raises:
        AssertionError: with `that` as it is then and the last value, when the time is over.
    """
    deadline = time.monotonic() + within
    while True:
        value = seen()
        if value:
            return value
        if time.monotonic() > deadline:
            text = that() if callable(that) else that
            raise AssertionError(f"not within {within:.0f} s: {text or seen}; last seen: {value!r}")
        time.sleep(0.3)
