"""Public keys that sign tokens: a JWKS of a file, or of an address that is read in the background.

Only the settings name the place. No request ever waits for it.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Protocol

import aiohttp
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from serving.gateway.watched_file import WatchedFile

REFRESH_SECONDS = 300.0
RETRY_SECONDS = 10.0
TRUSTED_SECONDS = 86_400.0
_ANSWER_SECONDS = 5.0
_MOST_BYTES = 1 << 20
_MOST_KEYS = 100
_PRIVATE = "oct"
_LOG = logging.getLogger(__name__)

Keys = Mapping[str, PyJWK]
Fetch = Callable[[], Awaitable[str]]


class KeySet(Protocol):
    """The keys by their id."""

    @property
    def keys(self) -> Keys | None:
        """Return the keys; None if they were never read, or too long ago."""
        ...

    def ask(self) -> None:
        """Want the keys to be read again soon, since one is missing."""
        ...

    async def start(self) -> None: ...

    async def close(self) -> None: ...


class KeyFile:
    """Keys of a file, which is read again when it changes."""

    def __init__(self, path: Path) -> None:
        self._file = WatchedFile(path, parsed)

    @property
    def keys(self) -> Keys | None:
        return self._file.content

    def ask(self) -> None:
        """Do nothing: the file is looked at once a second."""

    async def start(self) -> None:
        """Do nothing."""

    async def close(self) -> None:
        """Do nothing."""


class KeyAddress:
    """Keys of an address: read every 5 min, 10 s after a failure or a wish, and trusted for a day.

    `start` waits for the first answer, for 5 s at most; the program starts without one too.
    """

    def __init__(self, fetch: Fetch, clock: Callable[[], float] = monotonic) -> None:
        self._fetch, self._clock = fetch, clock
        self._keys: Keys = {}
        self._read: float | None = None
        self._asked = asyncio.Event()
        self._work: asyncio.Task[None] | None = None

    @property
    def keys(self) -> Keys | None:
        if self._read is None or self._clock() - self._read > TRUSTED_SECONDS:
            return None
        return self._keys

    def ask(self) -> None:
        self._asked.set()

    async def start(self) -> None:
        await self.refresh()
        self._work = asyncio.ensure_future(self._go_on())

    async def close(self) -> None:
        if self._work is not None:
            self._work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._work

    async def refresh(self) -> None:
        """Read the keys once; a failure is logged, and the last good ones stay in force."""
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                self._keys = parsed(await self._fetch())
            self._read = self._clock()
        except (TimeoutError, OSError, ValueError, aiohttp.ClientError) as error:
            words = str(error)[:200] or type(error).__name__
            _LOG.error("auth.jwks_url: %s; the last good keys stay in force for a day", words)

    async def _go_on(self) -> None:
        while True:
            began = self._clock()
            failed = self._read is None or began - self._read > RETRY_SECONDS
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RETRY_SECONDS if failed else REFRESH_SECONDS):
                    await self._asked.wait()
            # Unknown ids of keys come from anybody: they cause one reading in 10 s at most.
            await asyncio.sleep(max(0.0, RETRY_SECONDS - (self._clock() - began)))
            self._asked.clear()
            await self.refresh()


def fetching(url: str) -> Fetch:
    """Return the reading of an address: no redirect is followed, 1 MiB at most."""

    async def fetch() -> str:
        timeout = aiohttp.ClientTimeout(total=_ANSWER_SECONDS)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            if answer.status != 200:
                raise ValueError(f"found status {answer.status}, expected 200 and a JWKS")
            content = await answer.content.read(_MOST_BYTES + 1)
            while len(content) <= _MOST_BYTES and (more := await answer.content.readany()):
                content += more
            if len(content) > _MOST_BYTES:
                raise ValueError(f"found more than {_MOST_BYTES} bytes, expected a JWKS")
            return content.decode()

    return fetch


def parsed(text: str) -> dict[str, PyJWK]:
    """Return the public keys of a JWKS by their id; ValueError if there is none.

    Keys of kinds that are not known, of other uses, and shared secrets are left out.
    """
    content = json.loads(text[: _MOST_BYTES + 1])
    listed = content.get("keys") if isinstance(content, dict) else None
    if not isinstance(listed, list):
        raise ValueError("found no JWKS, expected an object with a list `keys`")
    keys: dict[str, PyJWK] = {}
    for each in listed[:_MOST_KEYS]:
        if not isinstance(each, dict) or each.get("kty") == _PRIVATE:
            continue
        if each.get("use", "sig") != "sig":
            continue
        with contextlib.suppress(PyJWTError, ValueError, TypeError, KeyError):
            keys[str(each.get("kid", ""))] = PyJWK.from_dict(each)
    if not keys:
        raise ValueError(f"found {len(listed)} keys, expected a public one that signs")
    return keys
