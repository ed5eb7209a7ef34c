"""Responses of the API server for Kopf: objects beyond a limit become stubs.

Kopf reads lists with `json()`, and the lines of a watch's `content` with `json.loads`; an error in
either ends the operator. So does a 404, which a deleted CRD causes.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import aiohttp

from inference_operator.adapters.kubernetes.decoding import (
    TooLongError,
    decode_event,
    decode_page,
    lines,
    most_bytes,
    read_bytes,
)
from inference_operator.domain.unreadable import why_unreadable

log = logging.getLogger(__name__)

# Seconds until a list replaces a watch that failed in a way that Kopf does not expect.
LIST_AGAIN_SECONDS = 1.0
# Seconds until a kind is asked for again that the API server does not serve.
ABSENT_SECONDS = 15.0
# The version is too old: Kopf lists again after this event.
_LIST_AGAIN = b'{"type":"ERROR","object":{"kind":"Status","code":410}}'


def response_class(shrink: Callable[[], None]) -> type[aiohttp.ClientResponse]:
    """Return the response class of a session; `shrink` is called for a page of too many bytes, and
    makes the next list smaller."""

    class Response(_Response):
        too_long = staticmethod(shrink)

    return Response


class _Response(aiohttp.ClientResponse):
    too_long: Callable[[], None] = staticmethod(lambda: None)

    async def start(self, connection: Any) -> aiohttp.ClientResponse:
        await super().start(connection)
        if self.status == 404:
            log.warning(
                "the API server does not serve %s; is its CRD deleted? Trying again", self.url.path
            )
            await asyncio.sleep(ABSENT_SECONDS)
            # Kopf tries again after an error of the connection.
            raise aiohttp.ClientPayloadError(f"404 for {self.url.path}")
        if "watch" in self.url.query and self.status < 400:
            self.content = cast(aiohttp.StreamReader, _Events(self.content))
        return self

    async def json(self, **_: Any) -> Any:
        """Return an object; JSONDecodeError, which Kopf expects, where the answer is not one."""
        try:
            raw = await read_bytes(self.content.iter_any(), most_bytes(self.url.query))
        except TooLongError as error:
            self.too_long()
            raise aiohttp.ClientPayloadError(f"a list: {error}") from error
        try:
            return await decode_page(raw)
        except ValueError as error:
            self._body = raw
            if self.status < 400:
                # It may be a proxy's page: Kopf tries again.
                raise aiohttp.ClientPayloadError(f"the API server's answer: {error}") from error
            raise json.JSONDecodeError(str(error), "", 0) from error


class _Events:
    """The stream of a watch, in whole lines."""

    def __init__(self, content: aiohttp.StreamReader) -> None:
        self._content = content

    def __getattr__(self, name: str) -> Any:
        return getattr(self._content, name)

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        """Yield line by line, of any size."""
        try:
            async for line in lines(self._content.iter_any()):
                yield await _readable(line) + b"\n"
        except (TooLongError, ValueError) as error:
            log.warning("listing custom resources again: %s in an event", error)
            await asyncio.sleep(LIST_AGAIN_SECONDS)
            yield _LIST_AGAIN + b"\n"


async def _readable(line: bytes) -> bytes:
    change, body = await decode_event(line)
    if change == "ERROR" and body.get("code") != 410:
        log.warning("listing custom resources again: the watch ended with %s", body.get("message"))
        await asyncio.sleep(LIST_AGAIN_SECONDS)
        return _LIST_AGAIN
    is_whole = b'"managedFields"' not in line or "managedFields" in (body.get("metadata") or {})
    if why_unreadable(body) or not is_whole:
        return json.dumps({"type": change, "object": body}).encode()
    return line
