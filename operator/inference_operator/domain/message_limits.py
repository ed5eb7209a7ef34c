"""Truncation of sentences: the API server refuses a status with longer ones."""

from inference_operator.api.quoting import cut, cut_bytes, one_line


def truncate(text: str, limit: int) -> str:
    """Return the text on one line, with escapes for terminal commands, in at most `limit`
    characters. An ellipsis marks a cut text."""
    return cut(one_line(text), limit)


def truncate_bytes(text: str, limit: int) -> str:
    """Return the same, cut to `limit` bytes: the API server counts bytes in an Event."""
    return cut_bytes(one_line(text), limit)
