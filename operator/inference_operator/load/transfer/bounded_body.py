"""Answers of object stores that are read whole: lists, metadata and errors, up to a size.

The stores' libraries read and parse everything that a server sends: a list of 16 MiB can take a
hundred times as much memory.
"""

import re
from collections.abc import Iterable
from xml.parsers import expat

from inference_operator.api.problem import SOURCE_SECRET
from inference_operator.api.quoting import short
from inference_operator.api.reasons import Reason
from inference_operator.api.shown_uri import shown_text, shown_uri
from inference_operator.domain.bounded_json import check_size
from inference_operator.load.failure import LoadError
from inference_operator.load.transfer.source import MOST_FILES

MOST_BYTES = 4 << 20
"""A page of S3 has a thousand objects. With keys of 1 KiB, each byte written as `%XX`, it has
3.4 MiB."""

MOST_OF_AN_ERROR = 64 << 10
CHUNK = 64 << 10
# A page of a thousand objects has some 25,000 marks.
_MOST_MARKS = 50_000
_MOST_BRACKETS = 400_000
_LEVELS = 32
# Amazon's have a thousand objects each, those of other servers fewer.
_MOST_PAGES = 1000
_MOST_TEXT = 300
_CHECK_ENDPOINT = "check `endpoint` in the Secret"
_UTF8_ONLY = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"'](?!utf-8[\"']|us-ascii[\"'])", re.I)
_DECLARATIONS = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.I)


def whole(chunks: Iterable[bytes], url: str) -> bytes:
    """Return the body; LoadError beyond the limit."""
    body = _beginning(chunks, MOST_BYTES)
    if len(body) > MOST_BYTES:
        raise LoadError(
            Reason.FETCH_FAILED,
            f"{shown_uri(url)} answered with more than {MOST_BYTES >> 20} MiB, where a list or a"
            " description of objects was expected",
            _CHECK_ENDPOINT,
            SOURCE_SECRET,
        )
    return body


def of_error(chunks: Iterable[bytes]) -> bytes:
    """Return the body of an error; empty if it is too long, since the status is enough."""
    body = _beginning(chunks, MOST_OF_AN_ERROR)
    return body if len(body) <= MOST_OF_AN_ERROR else b""


def check_xml(body: bytes) -> None:
    """Raise ValueError for XML that takes many times its size, or that is not in UTF-8."""
    if b"\0" in body or _UTF8_ONLY.match(body.lstrip()):
        raise ValueError("XML in another encoding than UTF-8")
    if _DECLARATIONS.search(body):
        raise ValueError("XML with declarations")
    if max(body.count(b"<"), body.count(b"="), body.count(b"&")) > _MOST_MARKS:
        raise ValueError(f"XML of more than {_MOST_MARKS:,} marks")
    try:
        if body:
            # It builds nothing. botocore reports text that is not XML as a failure that may pass.
            expat.ParserCreate().Parse(body, True)
    except expat.ExpatError:
        raise ValueError("XML that cannot be read") from None


def check_json(body: bytes) -> None:
    """Raise ValueError for JSON that takes many times its size, or that is not in UTF-8."""
    # Also those in strings, so that the check itself takes little.
    if sum(map(body.count, (b"{", b"[", b","))) > _MOST_BRACKETS:
        raise ValueError(f"JSON of more than {_MOST_BRACKETS:,} brackets and commas")
    check_size(body.decode("utf-8"), _LEVELS, _MOST_MARKS, _MOST_MARKS)


def strange(store: str, uri: str, error: Exception) -> LoadError:
    """Return the error for an answer that the store's library cannot read."""
    return LoadError(
        Reason.FETCH_FAILED,
        f"{shown_uri(uri)}: the endpoint does not answer as {store} does ({type(error).__name__})",
        _CHECK_ENDPOINT,
        SOURCE_SECRET,
    )


def _beginning(chunks: Iterable[bytes], most: int) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > most:
            break
    return bytes(body)


def check_listing(uri: str, objects: int, page: int) -> None:
    """Raise LoadError when a list has more objects, or goes on for more pages, than is read."""
    if objects > MOST_FILES or page >= _MOST_PAGES:
        raise LoadError(
            Reason.ARTIFACT_INVALID,
            f"{shown_uri(uri)} holds more than {MOST_FILES:,} objects, or is listed in more than"
            f" {_MOST_PAGES:,} pages",
            "pack them into an archive",
        )


def text_of(error: Exception) -> str:
    """Return the message of a library's error, without the secret parts of addresses."""
    return short(shown_text(str(error)), _MOST_TEXT)
