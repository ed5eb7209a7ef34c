"""Decoder of the API server's answers: one object beyond a limit does not hide the others.

`json.loads` raises RecursionError at some thousand levels, and code that walks over fewer levels
may raise it later. Other limits bound how long one object holds the event loop (ADR 0019).
An object beyond a limit becomes a stub: its identity, and the reason why the rest was not read.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

from inference_operator.adapters.kubernetes.json_text import (
    BrokenJsonError,
    end_of,
    enter,
    go_on,
    key_at,
    members,
    value_at,
)
from inference_operator.adapters.kubernetes.loop_yielder import LoopYielder
from inference_operator.adapters.uncollected import uncollected
from inference_operator.domain.body import MutableBody
from inference_operator.domain.bounded_json import JsonRefusedError, check_size
from inference_operator.domain.names import UNREADABLE
from inference_operator.domain.unreadable import IDENTITY

# Kubernetes' own types have less than 20 levels; the API server itself reads up to 10,000.
LEVELS = 64
# Copying this many containers and values into the store takes 100 ms.
CONTAINERS = 10_000
VALUES = 50_000
# An object of 1.5 MiB, etcd's limit, is 9 MiB of JSON where it consists of `<` only.
OBJECT_BYTES = 32 << 20
# Bytes of several objects: the values built from them take a multiple.
PAGE_BYTES = 8 << 20
# Above this many characters, other tasks run between two steps.
_TURN = 64 << 10
_IDENTITY_LENGTH = 64 << 10

# A character beyond the BMP is two halves; a single half cannot be encoded again.
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class TooLongError(Exception):
    """An answer or a line of one has more bytes than `limit`, where reading it ended."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"found more than {limit:,} bytes, expected at most {limit:,}")


def most_bytes(query: Mapping[str, str]) -> int:
    """Return the largest size of an answer to a request, in bytes."""
    return PAGE_BYTES if query.get("limit", "1") != "1" else OBJECT_BYTES


async def read_bytes(chunks: AsyncIterator[bytes], limit: int = OBJECT_BYTES) -> bytes:
    """Return all chunks; TooLongError where they go on after `limit` bytes."""
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > limit:
            raise TooLongError(limit)
    return bytes(body)


async def lines(chunks: AsyncIterator[bytes], limit: int = OBJECT_BYTES) -> AsyncIterator[bytes]:
    """Yield the lines of a stream: an event holds a whole object. TooLongError beyond `limit`."""
    begun: list[bytes] = []
    size = 0
    async for chunk in chunks:
        first, *rest = chunk.split(b"\n")
        begun.append(first)
        size += len(first)
        for part in rest:
            if size > limit:
                break
            if line := b"".join(begun):
                yield line
            begun, size = [part], len(part)
        if size > limit:
            raise TooLongError(limit)


async def decode_page(raw: bytes) -> MutableBody:
    """Return a list, or one object; items beyond a limit are stubs.

    ValueError where it is not JSON, or not an object.
    """
    text = raw.decode("utf-8", "replace")
    page: MutableBody = {}
    is_more, at = enter(text, 0, "{")
    while is_more:
        key, begin = key_at(text, at)
        if key == "items" and text[begin : begin + 1] == "[":
            page[key], end = await _items(text, begin)
        else:
            page[key], end = value_at(text, begin)
        is_more, at = go_on(text, end)
    return page


async def decode_object(raw: bytes) -> MutableBody:
    """Return one object, a stub where it is beyond a limit.

    ValueError where it is not JSON, or not an object.
    """
    text = raw.decode("utf-8", "replace")
    body, _ = await _alone(text, 0)
    return body


async def decode_event(line: bytes) -> tuple[str, MutableBody]:
    """Return type and object of a watch's event; a stub where the object is beyond a limit.

    ValueError where it is not an event.
    """
    text = line.decode("utf-8", "replace")
    kind = ""
    body: MutableBody | None = None
    is_more, at = enter(text, 0, "{")
    while is_more:
        key, begin = key_at(text, at)
        if key == "object":
            body, end = await _alone(text, begin)
        else:
            value, end = value_at(text, begin)
            kind = value if key == "type" and isinstance(value, str) else kind
        is_more, at = go_on(text, end)
    if not kind or body is None:
        raise BrokenJsonError(text, 0)
    return kind, body


async def _items(text: str, at: int) -> tuple[list[MutableBody], int]:
    items: list[MutableBody] = []
    yielder = LoopYielder()
    is_dense = _is_dense(text)
    is_more, at = enter(text, at, "[")
    while is_more:
        item, end = await (asyncio.to_thread(_checked, text, at) if is_dense else _object(text, at))
        items.append(item)
        await yielder.yield_if_due()
        is_more, at = go_on(text, end)
    return items, at


def _is_dense(text: str) -> bool:
    """Return whether an object of the text may have so many values that building takes long."""
    return any(
        _brackets(text, at, at + _TURN) > _TURN // 10
        or text.count(",", at, at + _TURN) > _TURN // 4
        for at in range(0, len(text), _TURN)
    )


def _brackets(text: str, start: int, end: int) -> int:
    # Brackets in strings count too: it is quick, and decides only how the object is read.
    return text.count("{", start, end) + text.count("[", start, end)


async def _alone(text: str, at: int) -> tuple[MutableBody, int]:
    """Decode an object that is most of the text; check it first if it may be beyond a limit."""
    size = len(text)
    is_light = _brackets(text, at, size) <= CONTAINERS and text.count(",", at) <= VALUES
    if is_light or size - at <= _TURN:
        return await _object(text, at)
    return await asyncio.to_thread(_checked, text, at)


def _checked(text: str, at: int) -> tuple[MutableBody, int]:
    """Decode an object in a thread; check the limits before building it."""
    try:
        end = end_of(text, at)
        whole = text[at:end]
        check_size(whole, LEVELS, CONTAINERS, VALUES)
        body, _ = _value_at(whole, 0)
        _check(body, whole)
    except (BrokenJsonError, JsonRefusedError):
        return _partly(text, at)
    return body, end


async def _object(text: str, at: int) -> tuple[MutableBody, int]:
    """Return the object that begins there, or its stub, and its end."""
    try:
        body, end = _value_at(text, at)
        if end - at > _TURN:
            await asyncio.sleep(0)
        _check(body, text[at:end])
    except (BrokenJsonError, JsonRefusedError):
        # In a thread: it takes long, but releases the interpreter often.
        return await asyncio.to_thread(_partly, text, at)
    return body, end


def _value_at(text: str, at: int) -> tuple[Any, int]:
    """Read a value while garbage collection is off: it takes 7 times as long for many lists."""
    with uncollected():
        return value_at(text, at)


def _check(value: Any, text: str) -> None:
    if not isinstance(value, dict):
        raise BrokenJsonError(text, 0)
    check_size(text, LEVELS, CONTAINERS, VALUES)
    if _SURROGATE.search(text):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise JsonRefusedError("found half of a character, expected UTF-8") from None


def _partly(text: str, at: int) -> tuple[MutableBody, int]:
    """Return the object without `managedFields`, or a stub if the rest exceeds a limit too. Any
    client may fill `managedFields`; without it, a decision does not say who set a command."""
    end = end_of(text, at)
    parts = {key: text[begin:stop] for key, begin, stop in members(text, at)}
    fields = _members(parts.get("metadata", "{}"))
    fields.pop("managedFields", None)
    whole = _joined({**parts, "metadata": _joined(fields)})
    try:
        check_size(whole, LEVELS, CONTAINERS, VALUES)
        body: MutableBody = json.loads(whole)
        _check(body, whole)
        return body, end
    except (ValueError, RecursionError) as error:
        reason = str(error)
    names = {key: value for key, value in fields.items() if key in IDENTITY and _is_small(value)}
    # The items of a list do not have a `kind`.
    kept = {k: v for k, v in parts.items() if k in ("apiVersion", "kind") and _is_small(v)}
    body = json.loads(_joined({**kept, "metadata": _joined(names)}))
    return {**body, UNREADABLE: reason}, end


def _members(text: str) -> dict[str, str]:
    return {key: text[begin:end] for key, begin, end in members(text)}


def _joined(parts: Mapping[str, str]) -> str:
    return "{" + ",".join(f"{json.dumps(key)}:{value}" for key, value in parts.items()) + "}"


def _is_small(text: str) -> bool:
    if len(text) > _IDENTITY_LENGTH:
        return False
    try:
        check_size(text, 4, 1024, 4096)
    except JsonRefusedError:
        return False
    return True
