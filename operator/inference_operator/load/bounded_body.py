"""Answers of object stores that are read whole: lists, metadata and errors, up to a size.

The stores' libraries read all that a server sends.
"""

from collections.abc import Iterable

from inference_operator.api.reasons import Reason
from inference_operator.api.shown_uri import shown_uri
from inference_operator.load.failure import LoadError

MOST_BYTES = 16 << 20
"""A page of a thousand objects takes less than 2 MiB."""

CHUNK = 64 << 10


def whole(chunks: Iterable[bytes], url: str) -> bytes:
    """Return the body; LoadError beyond the limit."""
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > MOST_BYTES:
            raise LoadError(
                Reason.FETCH_FAILED,
                f"{shown_uri(url)} answered with more than {MOST_BYTES >> 20} MiB, where a"
                " list or a description of objects was expected: check the `endpoint` in the Secret"
                " of spec.model.source.secretRef",
            )
    return bytes(body)
