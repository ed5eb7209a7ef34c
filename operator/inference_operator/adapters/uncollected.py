"""Work that makes many objects, during which the collector of garbage does not look at them."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager


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


@asynccontextmanager
async def uncollected_at_most(seconds: float) -> AsyncIterator[None]:
    """Collect no garbage meanwhile, as `uncollected`, but for so many seconds at most: what never
    ends, as a file system that does not answer, must not keep all cycles for ever."""
    was_enabled = gc.isenabled()
    with uncollected():
        end = asyncio.get_running_loop().call_later(seconds, gc.enable) if was_enabled else None
        try:
            yield
        finally:
            if end is not None:
                end.cancel()
