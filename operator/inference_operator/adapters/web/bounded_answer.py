"""Reader of answers of the registry and of Prometheus, with limits of bytes and of JSON depth."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from inference_operator.api.quoting import beginning
from inference_operator.domain.bounded_json import JsonLimits, parse_json

# Bytes of an answer in JSON: a run comes with all its parameters, metrics and tags.
ANSWER_BYTES = 1 << 20
JSON = JsonLimits(size=ANSWER_BYTES, depth=32)
SHOWN = 300
"""Characters of an answer that messages show."""

# Bytes of an error that are read, for its message.
_ERROR_BYTES = 64 << 10
_CHUNK = 16 << 10
# Run ids have 32 characters; a status holds up to 256.
_ID_LENGTH = 256
_NUMBER_LENGTH = 18


class AnswerTooLongError(Exception):
    """The registry's answer goes on after `limit` bytes, where reading it ended."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit:,} bytes")
        self.limit = limit


async def read_answer(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    """Return the body; for an error only its beginning.

    AnswerTooLongError where it goes on after `limit` bytes; ClientPayloadError where it is
    compressed: a few KB of gzip expand to many MB.
    """
    if answer.status >= 400:
        body, _ = await _beginning(answer, _ERROR_BYTES)
        return body
    _check_encoding(answer)
    body, is_whole = await _beginning(answer, limit)
    if not is_whole:
        raise AnswerTooLongError(limit)
    return body


async def answer_parts(
    answer: aiohttp.ClientResponse, limit: int, length: int
) -> AsyncIterator[bytes]:
    """Yield the body in parts of `length` bytes or a little more; only the last is shorter.

    Raises as read_answer does, before the part that goes beyond `limit` bytes.
    """
    _check_encoding(answer)
    count, part = 0, bytearray()
    async for chunk in answer.content.iter_chunked(_CHUNK):
        count += len(chunk)
        if count > limit:
            answer.close()
            raise AnswerTooLongError(limit)
        part += chunk
        if len(part) >= length:
            yield bytes(part)
            part.clear()
    if part:
        yield bytes(part)


def _check_encoding(answer: aiohttp.ClientResponse) -> None:
    """Raise ClientPayloadError where the body is compressed."""
    encoding = answer.headers.get("Content-Encoding", "identity").lower()
    if encoding != "identity":
        raise aiohttp.ClientPayloadError(
            f"its answer is compressed ({beginning(encoding)}), which was not asked for: let it, or"
            " the proxy before it, answer uncompressed"
        )


async def _beginning(answer: aiohttp.ClientResponse, limit: int) -> tuple[bytes, bool]:
    """Return at most `limit` bytes, and whether that is all; close a longer one's connection."""
    body = bytearray()
    async for chunk in answer.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > limit:
            answer.close()
            return bytes(body[:limit]), False
    return bytes(body), True


def is_mlflow_error(raw: bytes) -> bool:
    """Return whether MLflow sent the error; a proxy's 404 does not mean that a model is gone."""
    try:
        return "error_code" in parse_json(raw, JSON)
    except (ValueError, TypeError):
        return False


def error_message(raw: bytes) -> str:
    """Return the message of an error, or the beginning of a page."""
    text = raw.decode("utf-8", "replace")
    with contextlib.suppress(ValueError, TypeError, KeyError):
        text = str(parse_json(text, JSON)["message"])
    return beginning(text, SHOWN) or "no message"


def identifier(value: Any) -> str:
    """Return an id of the registry, "" if absent; ValueError where it is not valid."""
    text = str(value or "")
    if len(text) > _ID_LENGTH or not text.isprintable():
        raise ValueError(
            f"found the id {text[:60]!r}, expected at most {_ID_LENGTH} printable characters"
        )
    return text


def whole_number(value: Any) -> int:
    """Return a number, which the registry may write as text; ValueError where it is not one."""
    text = str(value)
    if len(text) > _NUMBER_LENGTH or not (text.isascii() and text.isdecimal()):
        raise ValueError(
            f"found {text[:60]!r}, expected a whole number of at most {_NUMBER_LENGTH} digits"
        )
    return int(text)
