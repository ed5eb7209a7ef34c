"""Work that makes many objects, during which the collector of garbage does not look at them."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Collect no garbage meanwhile: each full pass would hold the interpreter for all objects that
    there are. What is not part of a cycle is freed all the same, and cycles are found afterwards.

    >>> with uncollected():
    ...     gc.isenabled()
    False
    >>> gc.isenabled()
    True
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        # Within another one, that one ends it.
        if was_enabled:
            gc.enable()
