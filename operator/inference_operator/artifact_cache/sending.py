"""Downloads by pods: a file is sent to the socket, a block at a time."""

import asyncio
import os
import re
from typing import IO

from aiohttp import web

from inference_operator.artifact_cache.pace import TooSlowError, TransferPace

# The part of a download that a pod must take within this time.
_BLOCK = 1 << 20
LONGEST_BLOCK_SECONDS = 10.0
_RANGE = re.compile(r"bytes=([0-9]{1,18})-([0-9]{1,18})?")


async def send(request: web.Request, file: IO[bytes], sha256: str) -> web.StreamResponse:
    """Answer with the file, or with the requested range of it.

    A request for several ranges gets the whole file, as HTTP permits.
    """
    size = os.fstat(file.fileno()).st_size
    etag = f'"{sha256}"'
    answer = web.StreamResponse(headers={"ETag": etag, "Accept-Ranges": "bytes"})
    answer.content_type = "application/octet-stream"
    first, end = 0, size
    if part := _range(request, etag, size):
        first, end = part
        if first >= end:
            return web.Response(status=416, headers={"Content-Range": f"bytes */{size}"})
        answer.set_status(206)
        answer.headers["Content-Range"] = f"bytes {first}-{end - 1}/{size}"
    answer.content_length = end - first
    try:
        await answer.prepare(request)
    except ConnectionError:
        # The client is gone: there is nothing to answer or to log.
        return answer
    if request.method != "HEAD":
        await _send(request, file, first, end)
    return answer


async def _send(request: web.Request, file: IO[bytes], at: int, end: int) -> None:
    """Let the kernel copy the bytes; abort the connection of a client that is gone or too slow."""
    loop, pace = asyncio.get_running_loop(), TransferPace()
    while at < end:
        transport = request.transport
        if transport is None or transport.is_closing():
            return
        count = min(_BLOCK, end - at)
        try:
            async with pace.waiting(LONGEST_BLOCK_SECONDS):
                sent = await loop.sendfile(transport, file, at, count)
        except (TooSlowError, ConnectionError):
            # The headers are sent: only a broken connection can report that the rest will not come.
            transport.abort()
            return
        if sent < count:
            # The disk has lost the rest of the file.
            transport.abort()
            return
        pace.moved(count)
        at += count


def _range(request: web.Request, etag: str, size: int) -> tuple[int, int] | None:
    """Return the first byte and the end of the requested range; None for the whole file."""
    match = _RANGE.fullmatch(request.headers.get("Range", ""))
    if match is None or request.headers.get("If-Range", etag) != etag:
        return None
    last = int(match.group(2)) if match.group(2) else size - 1
    return int(match.group(1)), min(last + 1, size)
