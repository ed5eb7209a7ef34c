"""The interface of a store of cached answers."""

from typing import Protocol

LARGEST_VALUE = 1 << 20
"""Bytes; a larger answer is not cached."""


class CacheAwayError(Exception):
    """The store did not answer in time, refused, or is full; the caller goes on without it."""


class Cache(Protocol):
    """A bounded store of bytes by key, each for a number of seconds.

    Each call returns within the store's time budget or raises CacheAwayError, and nothing else.
    """

    @property
    def name(self) -> str: ...

    async def get(self, key: str) -> bytes | None:
        """Return what was put under `key`, or None if it is absent or its time is over."""

    async def put(self, key: str, value: bytes, seconds: float) -> None:
        """Keep `value` for `seconds`; a value of more than LARGEST_VALUE bytes is left out."""

    async def close(self) -> None: ...
