"""How long the tests of a real operator wait, and for what."""

import time
from collections.abc import Callable
from typing import TypeVar

# A registry that was away for long is asked again late.
PATIENCE = 180.0
# What Kopf waits for tasks that do not end: an end that took as long waited for one. On a quiet
# machine the end takes 0.3 s (docs/benchmarks.md).
KOPF_PATIENCE = 5.0

T = TypeVar("T")


def eventually(ask: Callable[[], T], why: Callable[[], object] = lambda: "") -> T:
    """The first true answer; AssertionError with `why()` when none comes."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if answer := ask():
            return answer
        time.sleep(0.1)
    raise AssertionError(f"that never came: {why()}")
